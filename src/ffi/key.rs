//! An open key.

use std::ptr::NonNull;

use redis_module::raw;

use super::api;
use super::context::Context;

const EMPTY: isize = raw::REDISMODULE_KEYTYPE_EMPTY;

/// An open key, closed when dropped. What it holds is borrowed from it.
pub struct OpenKey(*mut raw::RedisModuleKey);

/// What stands at a key.
pub enum Found<T> {
    /// Nothing.
    Nothing,
    /// A value of the type asked for.
    Value(T),
    /// A value of another type.
    OtherType,
}

impl OpenKey {
    /// Opens a key to read, `None` where there is none, or to write, whether there is one or not.
    ///
    /// # Safety
    /// `name` must be a valid string that outlives the key.
    pub unsafe fn open(
        ctx: Context,
        name: *mut raw::RedisModuleString,
        mode: u32,
    ) -> Option<OpenKey> {
        // SAFETY: the context is live, the caller vouches for the name.
        let key = unsafe { api!(RedisModule_OpenKey)(ctx.as_ptr(), name, mode as i32) };
        (!key.is_null()).then_some(OpenKey(key))
    }

    /// What the key holds: a value of the type `of`, which stays where it is while the key is neither deleted nor given
    /// another value.
    #[inline]
    pub fn find<T>(&self, of: *mut raw::RedisModuleType) -> Found<NonNull<T>> {
        // SAFETY: the key is open. Asked first for what it nearly always is; of a key that holds nothing, or no value of a
        // module, the server answers that it has no such type.
        unsafe {
            if api!(RedisModule_ModuleTypeGetType)(self.0) == of {
                let value = api!(RedisModule_ModuleTypeGetValue)(self.0);
                return NonNull::new(value.cast()).map_or(Found::Nothing, Found::Value);
            }
            match api!(RedisModule_KeyType)(self.0) as isize {
                EMPTY => Found::Nothing,
                _ => Found::OtherType,
            }
        }
    }

    /// Stores a value at the key, which must be open to write and hold nothing. Returns where the value is.
    ///
    /// # Safety
    /// Values of the type `of` must be made of `Box<T>`.
    pub unsafe fn store<T>(&self, of: *mut raw::RedisModuleType, value: Box<T>) -> NonNull<T> {
        let value = NonNull::from(Box::leak(value));
        // SAFETY: the key is open to write; the server takes the box over and frees it by the type's callback.
        unsafe { api!(RedisModule_ModuleTypeSetValue)(self.0, of, value.as_ptr().cast()) };
        value
    }

    /// Deletes what the key holds; freed later, off the main thread, where it is large. Notifies nobody and replicates
    /// nothing.
    pub fn unlink(&self) {
        // SAFETY: the key is open to write.
        unsafe { api!(RedisModule_UnlinkKey)(self.0) };
    }
}

impl Drop for OpenKey {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, closed once.
        unsafe { api!(RedisModule_CloseKey)(self.0) };
    }
}
