//! State that only the server's main thread touches.

use std::cell::{RefCell, RefMut};

/// A cell for module state. The server calls a module's commands, timers, events and data type callbacks on its main
/// thread or under its global lock. The one exception is freeing values (`DataType`), which must not use such state. No
/// type enforces that: a lock or a check of the thread would cost more than what it guards.
pub struct MainThread<T>(RefCell<T>);

// SAFETY: never touched by two threads at once, see the type.
unsafe impl<T> Sync for MainThread<T> {}

impl<T> MainThread<T> {
    pub const fn new(value: T) -> MainThread<T> {
        MainThread(RefCell::new(value))
    }

    /// Borrows the state. Panics if it is borrowed already, so callers never hold it across a call into the server that
    /// may call back.
    pub fn borrow(&self) -> RefMut<'_, T> {
        self.0.borrow_mut()
    }
}
