//! A native data type.

mod aof;

use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use redis_module::raw;

pub use aof::AofWriter;

use super::api;
use super::context::Context;

/// What a key of a native data type holds.
pub trait DataType: Sized + Send + 'static {
    /// The type, as the server knows it.
    fn handle() -> &'static TypeHandle<Self>;
}

/// The server's handle of a data type. Whatever has that type is a boxed `T`.
pub struct TypeHandle<T> {
    handle: AtomicPtr<raw::RedisModuleType>,
    value: PhantomData<fn(T) -> T>,
}

impl<T> TypeHandle<T> {
    /// That of a type that is not registered yet, which no value has.
    pub const fn new() -> TypeHandle<T> {
        TypeHandle {
            handle: AtomicPtr::new(null_mut()),
            value: PhantomData,
        }
    }

    /// Registers the type; `version` is that of its dumps.
    ///
    /// # Safety
    /// The callbacks must take the type's values for what they are, boxed `T`s.
    pub unsafe fn register(
        &self,
        ctx: Context,
        name: &CStr,
        version: i32,
        methods: &mut raw::RedisModuleTypeMethods,
    ) -> Result<(), String> {
        // SAFETY: the context is live; the server copies the structure.
        let handle = unsafe {
            api!(RedisModule_CreateDataType)(ctx.as_ptr(), name.as_ptr(), version, methods)
        };
        if handle.is_null() {
            return Err(format!(
                "the data type {} was refused",
                name.to_string_lossy()
            ));
        }
        self.handle.store(handle, Ordering::Relaxed);
        Ok(())
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *mut raw::RedisModuleType {
        self.handle.load(Ordering::Relaxed)
    }
}
