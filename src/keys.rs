//! Opening presence keys: the one place where a command gets at a key's set.

use redis_module::raw;

use crate::core::time::Millis;
use crate::core::{PresenceSet, Settings};
use crate::datatype;
use crate::datatype::value::Value;
use crate::error::{Error, Result};
use crate::ffi::api;
use crate::ffi::context::Context;
use crate::ffi::key::{Found, OpenKey};
use crate::ffi::text;
use crate::{eviction, replication};

/// The name of a key: an argument of the command that is running.
pub type Name = *mut raw::RedisModuleString;

/// What an open key holds.
///
/// # Safety
/// For as long as the reference returned lives, there must be no other, and the key not be deleted or given another
/// value.
#[inline]
unsafe fn find<'a>(key: &OpenKey) -> Found<&'a mut Value> {
    match key.find::<Value>(datatype::raw_type()) {
        Found::Nothing => Found::Nothing,
        Found::OtherType => Found::OtherType,
        // SAFETY: values of the type are boxed `Value`s; the caller vouches for the rest.
        Found::Value(value) => Found::Value(unsafe { &mut *value }),
    }
}

/// A presence key that exists, open to be read.
pub struct ReadKey {
    key: OpenKey,
}

impl ReadKey {
    /// Opens a key. `None`: there is none, or it is gone at `now` though not removed yet.
    #[inline]
    pub fn open(ctx: Context, name: Name, now: Millis) -> Result<Option<ReadKey>> {
        // SAFETY: the name is an argument of the running command, which outlives the key.
        let Some(key) = (unsafe { OpenKey::open(ctx, name, raw::REDISMODULE_READ) }) else {
            return Ok(None);
        };
        let mut key = ReadKey { key };
        match key.value() {
            Found::Nothing => Ok(None),
            Found::OtherType => Err(Error::WrongType),
            Found::Value(value) => match value.set() {
                None => Err(Error::Damaged),
                Some(set) if set.is_gone(now) => Ok(None),
                Some(_) => Ok(Some(key)),
            },
        }
    }

    /// Bytes allocated for what the key holds.
    pub fn bytes(&mut self) -> usize {
        match self.value() {
            Found::Value(value) => value.bytes(),
            _ => 0,
        }
    }

    fn value(&mut self) -> Found<&mut Value> {
        // SAFETY: the borrow of `self` keeps other references away, and a key that is open to be read is not changed.
        unsafe { find(&self.key) }
    }

    /// The set, to be read. It is lent as mutable because answering moves its notes about time along
    /// (`core::online`), which are no part of the key's state.
    #[inline]
    pub fn set(&mut self) -> &mut PresenceSet {
        match self.value() {
            Found::Value(value) => value.set().expect("it was sound when it was opened"),
            _ => unreachable!("it was there when it was opened"),
        }
    }
}

/// A key open to be written: a presence key, or one that holds nothing yet.
pub struct WriteKey {
    ctx: Context,
    name: Name,
    key: OpenKey,
}

impl WriteKey {
    /// Opens a key. What is gone at `now` is removed first, unless the command is replayed.
    #[inline]
    pub fn open(ctx: Context, name: Name, now: Option<Millis>) -> Result<WriteKey> {
        let mode = raw::REDISMODULE_READ | raw::REDISMODULE_WRITE;
        // SAFETY: the name is an argument of the running command, which outlives the key.
        let key = unsafe { OpenKey::open(ctx, name, mode) }.ok_or(Error::WrongType)?;
        let mut key = WriteKey { ctx, name, key };
        match key.find() {
            Found::Nothing => {}
            Found::OtherType => return Err(Error::WrongType),
            Found::Value(value) => {
                let set = value.set().ok_or(Error::Damaged)?;
                if now.is_some_and(|now| set.is_gone(now)) {
                    key.remove();
                }
            }
        }
        Ok(key)
    }

    fn find(&mut self) -> Found<&mut Value> {
        // SAFETY: the borrow of `self`, through which alone the key is changed, keeps other references away.
        unsafe { find(&self.key) }
    }

    /// What the key holds.
    #[inline]
    pub fn value(&mut self) -> Option<&mut Value> {
        match self.find() {
            Found::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The set, to be looked at.
    #[inline]
    pub fn set(&mut self) -> Option<&mut PresenceSet> {
        self.value().and_then(Value::set)
    }

    /// Makes an empty set of a key that holds nothing.
    pub fn create(&mut self, settings: Settings, now: Millis) {
        // SAFETY: the type's values are boxed `Value`s.
        unsafe {
            self.key.store(
                datatype::raw_type(),
                Value::new(PresenceSet::new(settings, now)),
            );
        }
    }

    /// Changes the set of a key that holds one.
    #[inline]
    pub fn change<R>(&mut self, change: impl FnOnce(&mut PresenceSet) -> R) -> R {
        self.value()
            .expect("a key that is changed holds a set")
            .change(change)
    }

    /// The key has changed: tells those who watch or track it, and the eviction that something is due at `due`.
    #[inline]
    pub fn changed(&mut self, due: Option<Millis>) {
        // SAFETY: the context and the name are live.
        unsafe { api!(RedisModule_SignalModifiedKey)(self.ctx.as_ptr(), self.name) };
        self.watch(due);
    }

    /// Has the eviction look at the key at `due`, where it would not look earlier anyway.
    #[inline]
    pub fn watch(&mut self, due: Option<Millis>) {
        let (ctx, name) = (self.ctx, self.name);
        if let Some(due) = due
            && let Some(value) = self.value()
            && eviction::looks_at(due) < value.queued
        {
            // SAFETY: the name is live.
            let name = unsafe { text::bytes(name) };
            value.queued = eviction::watch(ctx.db(), name, due);
        }
    }

    /// Removes the key where nothing is remembered at `now` and its linger is over.
    pub fn remove_if_gone(&mut self, now: Millis) {
        if self.set().is_some_and(|set| set.is_gone(now)) {
            self.remove();
        }
    }

    /// Removes the key: notifies, and replicates a DEL.
    fn remove(&mut self) {
        self.key.unlink();
        replication::delete(self.ctx, self.name);
        // SAFETY: the context and the name are live; the event is a C string.
        unsafe {
            api!(RedisModule_SignalModifiedKey)(self.ctx.as_ptr(), self.name);
            api!(RedisModule_NotifyKeyspaceEvent)(
                self.ctx.as_ptr(),
                raw::REDISMODULE_NOTIFY_GENERIC,
                c"del".as_ptr(),
                self.name,
            );
        }
    }
}
