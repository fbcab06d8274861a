//! State that only the server's main thread touches.

use std::cell::{RefCell, RefMut};

/// A cell for module state. The server calls a module's commands, timers, events and data type callbacks from its main
/// thread or under its global lock. The one exception is freeing values (`DataType`), which must use no such state: that is
/// the one promise here that no type keeps, since a lock or a look at the thread would cost more than what it guards.
pub struct MainThread<T>(RefCell<T>);

// SAFETY: never touched by two threads at once, see the type.
unsafe impl<T> Sync for MainThread<T> {}

impl<T> MainThread<T> {
    pub const fn new(value: T) -> MainThread<T> {
        MainThread(RefCell::new(value))
    }

    /// The state. Panics where it is borrowed already, so callers hold it for one step only and never across a call
    /// into the server that may call back.
    pub fn borrow(&self) -> RefMut<'_, T> {
        self.0.borrow_mut()
    }
}
