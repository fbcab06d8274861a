//! An open key.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr::NonNull;

use redis_module::raw;

use super::api;
use super::context::Context;
use super::data_type::DataType;
use super::keyspace::Keyspace;
use super::string::KeyName;

const EMPTY: isize = raw::REDISMODULE_KEYTYPE_EMPTY;

/// How a key is opened.
#[derive(Clone, Copy)]
pub struct Mode(u32);

impl Mode {
    /// For reading. A missing key is not opened.
    pub const READ: Mode = Mode(raw::REDISMODULE_READ);
    /// For reading and writing.
    pub const WRITE: Mode = Mode(raw::REDISMODULE_READ | raw::REDISMODULE_WRITE);

    /// Without updating the key's LRU and LFU state.
    pub const fn untouched(self) -> Mode {
        Mode(self.0 | raw::REDISMODULE_OPEN_KEY_NOTOUCH)
    }

    /// As a key that the same command has opened before: without updating statistics and the key's LRU and LFU state.
    pub const fn again(self) -> Mode {
        Mode(self.untouched().0 | raw::REDISMODULE_OPEN_KEY_NOSTATS)
    }

    /// For the server.
    #[inline]
    pub(super) fn raw(self) -> i32 {
        self.0 as i32
    }

    /// Without a trace: no LRU and LFU update, notification, statistics or expiry. Redis 7.0 has fewer of these flags,
    /// and counts a missing key that is opened for reading on a replica as a miss.
    pub const fn unseen(self) -> Mode {
        let unseen = raw::REDISMODULE_OPEN_KEY_NONOTIFY
            | raw::REDISMODULE_OPEN_KEY_NOSTATS
            | raw::REDISMODULE_OPEN_KEY_NOEXPIRE;
        Mode(self.untouched().0 | unseen)
    }
}

/// The key holds a value of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherType;

/// An open key that holds a value of the type, or nothing; closed when dropped. It borrows the [`Keyspace`]
/// exclusively, so its value is reached through it alone.
pub struct OpenKey<'k, T: DataType> {
    key: *mut raw::RedisModuleKey,
    value: Option<NonNull<T>>,
    ctx: Context<'k>,
    name: KeyName<'k>,
    keyspace: PhantomData<&'k mut ()>,
}

impl<'k, T: DataType> OpenKey<'k, T> {
    /// Opens a key. `None`: it is missing, and was opened for reading.
    #[inline(always)]
    pub fn open(
        keyspace: &'k mut Keyspace<'_>,
        name: KeyName<'k>,
        mode: Mode,
    ) -> Result<Option<OpenKey<'k, T>>, OtherType> {
        let ctx = keyspace.context();
        // SAFETY: the context and the name are live.
        let key = unsafe { api!(RedisModule_OpenKey)(ctx.as_ptr(), name.as_ptr(), mode.raw()) };
        if key.is_null() {
            return Ok(None);
        }
        let mut key = OpenKey {
            key,
            value: None,
            ctx,
            name,
            keyspace: PhantomData,
        };
        key.value = key.find()?;
        Ok(Some(key))
    }

    #[inline]
    fn find(&self) -> Result<Option<NonNull<T>>, OtherType> {
        // SAFETY: the key is open. Asked first for what it nearly always is; of a key that holds nothing, or no value
        // of a module, the server answers that it has no such type.
        unsafe {
            if api!(RedisModule_ModuleTypeGetType)(self.key) == T::handle().as_ptr() {
                let value = api!(RedisModule_ModuleTypeGetValue)(self.key);
                return Ok(NonNull::new(value.cast()));
            }
            match api!(RedisModule_KeyType)(self.key) as isize {
                EMPTY => Ok(None),
                _ => Err(OtherType),
            }
        }
    }

    /// The context of the callback that opened the key.
    #[inline]
    pub fn context(&self) -> Context<'k> {
        self.ctx
    }

    #[inline]
    pub fn name(&self) -> KeyName<'k> {
        self.name
    }

    /// What the key holds.
    #[inline]
    pub fn value(&mut self) -> Option<&mut T> {
        // SAFETY: a value of the type is a boxed `T`. It is neither moved nor freed meanwhile: `self` keeps `value` up
        // to date, and any other way to the key needs the `Keyspace` that `self` borrows.
        self.value.map(|mut value| unsafe { value.as_mut() })
    }

    /// Stores a value at the key, which must be open to be written and hold nothing.
    pub fn store(&mut self, value: Box<T>) {
        assert!(
            self.value.is_none(),
            "a key that holds a value is not given another"
        );
        let value = NonNull::from(Box::leak(value));
        // SAFETY: the key is open, and the type's values are boxed `T`s. Where it is open to be written the server
        // takes the box over and frees it by the type's callback; else it refuses, and the box is leaked.
        let stored = unsafe {
            api!(RedisModule_ModuleTypeSetValue)(
                self.key,
                T::handle().as_ptr(),
                value.as_ptr().cast(),
            )
        };
        assert_eq!(
            stored,
            raw::REDISMODULE_OK as i32,
            "the key is open to be written"
        );
        self.value = Some(value);
    }

    /// Unlinks the key: a large value is freed on the background thread. Neither notifies nor replicates.
    pub fn unlink(&mut self) {
        self.value = None;
        // SAFETY: the key is open; one that is not to be written is left alone.
        unsafe { api!(RedisModule_UnlinkKey)(self.key) };
    }

    /// When the key expires, in Unix ms.
    pub fn expire_at(&self) -> Option<i64> {
        // SAFETY: the key is open.
        let at = unsafe { api!(RedisModule_GetAbsExpire)(self.key) };
        (at != i64::from(raw::REDISMODULE_NO_EXPIRE)).then_some(at)
    }

    /// Has the key, which must hold something, expire at this time in Unix ms. Replicates nothing.
    pub fn set_expire_at(&mut self, at: i64) {
        // SAFETY: the key is open; one that is not to be written is left alone.
        unsafe { api!(RedisModule_SetAbsExpire)(self.key, at) };
    }

    /// Signals those who watch or track the key that it has changed.
    #[inline]
    pub fn signal_modified(&self) {
        // SAFETY: the context and the name are live. The server marks transactions and clients, and runs no module's
        // code.
        unsafe { api!(RedisModule_SignalModifiedKey)(self.ctx.as_ptr(), self.name.as_ptr()) };
    }

    /// Sends a keyspace notification of the generic class, as the server's own commands do. The key must hold nothing:
    /// whoever is notified may change it.
    pub fn notify_generic(&mut self, event: &CStr) {
        assert!(
            self.value.is_none(),
            "nobody is notified while a value is held"
        );
        // SAFETY: the context and the name are live; the event is a C string.
        unsafe {
            api!(RedisModule_NotifyKeyspaceEvent)(
                self.ctx.as_ptr(),
                raw::REDISMODULE_NOTIFY_GENERIC,
                event.as_ptr(),
                self.name.as_ptr(),
            );
        }
    }
}

impl<T: DataType> Drop for OpenKey<'_, T> {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, closed once.
        unsafe { api!(RedisModule_CloseKey)(self.key) };
    }
}
