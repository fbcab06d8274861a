//! Opening presence keys: the one place where a command gets at a key's set.

use std::ptr::NonNull;

use redis_module::raw;

use crate::core::time::Millis;
use crate::core::{PresenceSet, Settings};
use crate::datatype;
use crate::datatype::value::Value;
use crate::error::{Error, Result};
use crate::expiry::{orphans, watch_list};
use crate::ffi::api;
use crate::ffi::context::Context;
use crate::ffi::key::{Found, OpenKey};
use crate::ffi::text::{self, Name};
use crate::replication;

/// A presence key that exists, open to be read.
pub struct ReadKey {
    /// Closed only when the value is not used any more.
    _key: OpenKey,
    value: NonNull<Value>,
}

impl ReadKey {
    /// Opens a key. `None`: there is none, or it is gone at `now` though not removed yet.
    #[inline]
    pub fn open(ctx: Context, name: Name, now: Millis) -> Result<Option<ReadKey>> {
        // SAFETY: the name is an argument of the running command, which outlives the key.
        let Some(key) = (unsafe { OpenKey::open(ctx, name, raw::REDISMODULE_READ) }) else {
            return Ok(None);
        };
        let value = match key.find::<Value>(datatype::raw_type()) {
            Found::Nothing => return Ok(None),
            Found::OtherType => return Err(Error::WrongType),
            Found::Value(value) => value,
        };
        let mut key = ReadKey { _key: key, value };
        let set = key.value().set().ok_or(Error::Damaged)?;
        let gone = set.is_gone(now);
        Ok((!gone).then_some(key))
    }

    #[inline]
    fn value(&mut self) -> &mut Value {
        // SAFETY: values of the type are boxed `Value`s. A key that is open to be read is not changed, and the borrow of
        // `self` keeps other references away.
        unsafe { self.value.as_mut() }
    }

    /// Bytes allocated for what the key holds.
    pub fn bytes(&mut self) -> usize {
        self.value().bytes()
    }

    /// The set, to be read. It is lent as mutable because answering moves its notes about time along
    /// (`core::online`), which are no part of the key's state.
    #[inline]
    pub fn set(&mut self) -> &mut PresenceSet {
        self.value().set().expect("it was sound when it was opened")
    }
}

/// A key open to be written: a presence key, or one that holds nothing yet.
pub struct WriteKey {
    ctx: Context,
    name: Name,
    key: OpenKey,
    value: Option<NonNull<Value>>,
}

impl WriteKey {
    /// Opens a key. What is gone at `now` is removed first, unless the command is replayed (`None`).
    #[inline]
    pub fn open(ctx: Context, name: Name, now: Option<Millis>) -> Result<WriteKey> {
        let mut key = WriteKey::open_as_it_is(ctx, name)?;
        if let Some(now) = now {
            key.begin(now);
        }
        Ok(key)
    }

    /// Opens a key, which may be gone though nobody has removed it.
    #[inline(always)]
    pub fn open_as_it_is(ctx: Context, name: Name) -> Result<WriteKey> {
        WriteKey::open_in_mode(ctx, name, raw::REDISMODULE_READ | raw::REDISMODULE_WRITE)
    }

    /// Opens a key for the eviction, as it is. To the server that is no access: neither how long the key has been idle nor
    /// how often it is used changes.
    pub fn open_untouched(ctx: Context, name: Name) -> Result<WriteKey> {
        let mode = raw::REDISMODULE_READ | raw::REDISMODULE_WRITE;
        WriteKey::open_in_mode(ctx, name, mode | raw::REDISMODULE_OPEN_KEY_NOTOUCH)
    }

    #[inline(always)]
    fn open_in_mode(ctx: Context, name: Name, mode: u32) -> Result<WriteKey> {
        // SAFETY: the name is an argument of the running command, which outlives the key.
        let key = unsafe { OpenKey::open(ctx, name, mode) }.ok_or(Error::WrongType)?;
        let value = match key.find::<Value>(datatype::raw_type()) {
            Found::Nothing => None,
            Found::OtherType => return Err(Error::WrongType),
            Found::Value(value) => Some(value),
        };
        let mut key = WriteKey {
            ctx,
            name,
            key,
            value,
        };
        if let Some(value) = key.value() {
            value.set().ok_or(Error::Damaged)?;
        }
        Ok(key)
    }

    /// Removes the key where it is gone at `now`.
    #[inline]
    pub fn begin(&mut self, now: Millis) {
        if self.set().is_some_and(|set| set.is_gone(now)) {
            self.part();
            self.remove();
        }
    }

    /// What the key holds.
    #[inline]
    pub fn value(&mut self) -> Option<&mut Value> {
        // SAFETY: values of the type are boxed `Value`s. The key is changed through `self` alone, which keeps `value` up
        // to date and whose borrow keeps other references away.
        self.value.as_mut().map(|value| unsafe { value.as_mut() })
    }

    /// The set, to be looked at.
    #[inline]
    pub fn set(&mut self) -> Option<&mut PresenceSet> {
        self.value().and_then(Value::set)
    }

    /// Makes an empty set of a key that holds nothing.
    pub fn create(&mut self, settings: Settings, now: Millis) {
        let value = Value::new(PresenceSet::new(settings, now));
        // SAFETY: values of the type are boxed `Value`s.
        self.value = Some(unsafe { self.key.store(datatype::raw_type(), value) });
    }

    /// Changes the set of a key that holds one.
    #[inline]
    pub fn change<R>(&mut self, change: impl FnOnce(&mut PresenceSet) -> R) -> R {
        self.value()
            .expect("a key that is changed holds a set")
            .change(change)
    }

    /// The key has changed: tells those who watch or track it.
    #[inline]
    pub fn changed(&mut self) {
        // SAFETY: the context and the name are live.
        unsafe { api!(RedisModule_SignalModifiedKey)(self.ctx.as_ptr(), self.name) };
    }

    /// Has the eviction look at the key when it next has something to do there.
    pub fn watch(&mut self) {
        let due = self.set().and_then(watch_list::next_look);
        self.watch_at(due);
    }

    /// Has the eviction look at the key at `due`, where it would not look earlier anyway.
    #[inline]
    pub fn watch_at(&mut self, due: Option<Millis>) {
        let (ctx, name) = (self.ctx, self.name);
        if let Some(due) = due
            && let Some(value) = self.value()
            && watch_list::looks_at(due) < value.queued()
        {
            // SAFETY: the name is live.
            let name = unsafe { text::bytes(name) };
            if value.queued() != Millis::MAX {
                watch_list::outlive(name);
            }
            value.set_queued(watch_list::watch(ctx.db(), name, due));
        }
    }

    /// Removes the key where nobody is in it any more and its linger is over at `now`. Those whose time is up are the
    /// eviction's: they have to be told of first.
    pub fn remove_if_gone(&mut self, now: Millis) {
        if self
            .set()
            .is_some_and(|set| set.is_empty() && set.is_gone(now))
        {
            self.remove();
        }
    }

    /// Takes the members out of a key that is gone: their time-outs are still to be told, by a primary.
    fn part(&mut self) {
        let set = self.change(|set| {
            let empty = PresenceSet::new(set.settings(), 0);
            std::mem::replace(set, empty)
        });
        if self.ctx.flags() & raw::REDISMODULE_CTX_FLAGS_MASTER == 0 {
            orphans::free_in_batches(set);
        } else if !set.is_empty() {
            // SAFETY: the name is live.
            let name = unsafe { text::bytes(self.name) };
            orphans::add(self.ctx.db(), name, set);
        }
    }

    /// Removes the key: notifies, and replicates a DEL.
    fn remove(&mut self) {
        self.value = None;
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
