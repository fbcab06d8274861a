//! A native data type: a value that keys hold, and the functions by which the server handles it.

mod aof;
mod callbacks;
mod defrag;
mod digest;
mod key_context;
mod rdb;

use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use redis_module::raw;

pub use aof::AofWriter;
pub use defrag::Defrag;
pub use digest::Digest;
pub use key_context::KeyContext;
pub use rdb::{IoError, RdbBytes, RdbReader, RdbWriter};

use super::api;
use super::context::Context;
use super::string::KeyName;

/// The value of a native data type. The functions are named for the server's callbacks; a panic in one is logged, and
/// has the result given there. Values are dropped on any thread, so their `drop` must not use state of the [main
/// thread](super::main_thread::MainThread).
pub trait DataType: Sized + Send + 'static {
    /// The reply of TYPE: nine characters, which identify the type in dumps.
    const NAME: &'static CStr;
    /// The version of its dumps.
    const VERSION: i32;

    /// The server's handle of the type.
    fn handle() -> &'static TypeHandle<Self>;

    /// Reads a value from a dump, which may come from anywhere. `None`, or a panic: it is refused.
    fn rdb_load(reader: &RdbReader, version: i32) -> Option<Box<Self>>;

    /// Writes a value into a dump.
    fn rdb_save(&self, writer: &mut RdbWriter);

    /// Writes the commands that make the key.
    fn aof_rewrite(&self, key: KeyName, log: &AofWriter);

    /// Adds all that is part of the key's state.
    fn digest(&self, digest: &mut Digest);

    /// Bytes that the key takes; `block` is the size of the value's own block. 0 after a panic.
    fn mem_usage(&self, block: usize, key: &KeyContext) -> usize;

    /// How many allocations the value has: with more than a few dozen it is freed on another thread. 1 after a panic.
    fn free_effort(&self) -> usize;

    /// The key is removed, by anything but a flush.
    fn unlink(&self, key: &KeyContext);

    /// A copy for another key. `None`, or a panic: COPY fails.
    fn copy(&self, keys: &KeyContext) -> Option<Box<Self>>;

    /// Moves the value's blocks, from a step on, until `defrag` says that the time is up. Returns the step to go on
    /// with.
    fn defrag(&mut self, from: usize, defrag: &mut Defrag) -> Option<usize>;
}

/// The server's handle of a data type. Every value of that type is a boxed `T`.
pub struct TypeHandle<T> {
    handle: AtomicPtr<raw::RedisModuleType>,
    value: PhantomData<fn(T) -> T>,
}

impl<T: DataType> TypeHandle<T> {
    /// The handle of a type that is not registered yet: no value has it.
    pub const fn new() -> TypeHandle<T> {
        TypeHandle {
            handle: AtomicPtr::new(null_mut()),
            value: PhantomData,
        }
    }

    /// Registers the type.
    pub fn register(&self, ctx: Context) -> Result<(), String> {
        let mut methods = callbacks::of::<T>();
        // SAFETY: the context is live, the name a C string; the server copies the structure, whose callbacks take the
        // type's values for boxed `T`s.
        let handle = unsafe {
            let create = api!(RedisModule_CreateDataType);
            create(ctx.as_ptr(), T::NAME.as_ptr(), T::VERSION, &raw mut methods)
        };
        if handle.is_null() {
            let name = T::NAME.to_string_lossy();
            return Err(format!("the data type {name} was refused"));
        }
        self.handle.store(handle, Ordering::Relaxed);
        Ok(())
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *mut raw::RedisModuleType {
        self.handle.load(Ordering::Relaxed)
    }
}
