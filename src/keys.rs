//! Open presence keys, to be read or to be written.

use crate::core::time::Millis;
use crate::core::{PresenceSet, Settings};
use crate::datatype::value::Value;
use crate::error::{Error, Result};
use crate::expiry::{orphans, watch_list};
use crate::ffi::context::Context;
use crate::ffi::key::{Mode, OpenKey, OtherType};
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::KeyName;
use crate::{defaults, wire};

impl From<OtherType> for Error {
    fn from(_: OtherType) -> Error {
        Error::WrongType
    }
}

/// A presence key that exists, open to be read.
pub struct ReadKey<'k>(OpenKey<'k, Value>);

impl<'k> ReadKey<'k> {
    /// Opens a key. `None`: it is missing, or its linger is over at `now` and it has yet to be removed.
    #[inline]
    pub fn open(
        keyspace: &'k mut Keyspace<'_>,
        name: KeyName<'k>,
        now: Millis,
    ) -> Result<Option<ReadKey<'k>>> {
        ReadKey::open_in_mode(keyspace, name, Mode::READ, now)
    }

    /// As [`open`](Self::open), in this mode.
    #[inline]
    pub fn open_in_mode(
        keyspace: &'k mut Keyspace<'_>,
        name: KeyName<'k>,
        mode: Mode,
        now: Millis,
    ) -> Result<Option<ReadKey<'k>>> {
        let Some(mut key) = OpenKey::<Value>::open(keyspace, name, mode)? else {
            return Ok(None);
        };
        let Some(value) = key.value() else {
            return Ok(None);
        };
        let set = value.set().ok_or(Error::Damaged)?;
        let gone = set.is_gone(now);
        Ok((!gone).then_some(ReadKey(key)))
    }

    #[inline]
    fn value(&mut self) -> &mut Value {
        self.0.value().expect("it was there when it was opened")
    }

    /// Bytes allocated for what the key holds.
    pub fn bytes(&mut self) -> usize {
        self.value().bytes()
    }

    /// The set, to be read. It is `&mut` because a query moves the set's frontier (`core::timeline::online`), a cache
    /// that is not part of the key's state.
    #[inline]
    pub fn set(&mut self) -> &mut PresenceSet {
        self.value().set().expect("it was sound when it was opened")
    }
}

/// A key open to be written: a presence key, or one that holds nothing yet.
pub struct WriteKey<'k>(OpenKey<'k, Value>);

impl<'k> WriteKey<'k> {
    /// Opens a key. Its linger may be over; [`begin`](Self::begin) removes such a key.
    #[inline(always)]
    pub fn open(keyspace: &'k mut Keyspace<'_>, name: KeyName<'k>) -> Result<WriteKey<'k>> {
        WriteKey::open_in_mode(keyspace, name, Mode::WRITE)
    }

    /// Opens a key for the eviction, as it is, without updating its LRU and LFU state.
    pub fn open_untouched(
        keyspace: &'k mut Keyspace<'_>,
        name: KeyName<'k>,
    ) -> Result<WriteKey<'k>> {
        WriteKey::open_in_mode(keyspace, name, Mode::WRITE.untouched())
    }

    #[inline(always)]
    fn open_in_mode(
        keyspace: &'k mut Keyspace<'_>,
        name: KeyName<'k>,
        mode: Mode,
    ) -> Result<WriteKey<'k>> {
        let mut key = OpenKey::<Value>::open(keyspace, name, mode)?.ok_or(Error::WrongType)?;
        if let Some(value) = key.value() {
            value.set().ok_or(Error::Damaged)?;
        }
        Ok(WriteKey(key))
    }

    /// The context of the callback that opened the key.
    #[inline]
    pub fn context(&self) -> Context<'k> {
        self.0.context()
    }

    #[inline]
    pub fn name(&self) -> KeyName<'k> {
        self.0.name()
    }

    /// Whether the key holds a set without members.
    #[inline]
    pub fn is_empty(&mut self) -> bool {
        self.set().is_some_and(|set| set.is_empty())
    }

    /// Removes the key if its linger is over at `now`.
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
        self.0.value()
    }

    /// The set, to be looked at.
    #[inline]
    pub fn set(&mut self) -> Option<&mut PresenceSet> {
        self.value().and_then(Value::set)
    }

    /// The settings of the set, or those that one would be made with.
    pub fn settings(&mut self) -> Settings {
        match self.set() {
            Some(set) => set.settings(),
            None => defaults::of_new_keys(),
        }
    }

    /// Stores an empty set at a key that holds nothing.
    pub fn create(&mut self, settings: Settings, now: Millis) {
        self.0.store(Value::new(PresenceSet::new(settings, now)));
    }

    /// Changes the set of a key that holds one. `None`: the change panicked, and the set is damaged.
    #[inline]
    pub fn change<R>(&mut self, change: impl FnOnce(&mut PresenceSet) -> R) -> Option<R> {
        self.value()
            .expect("a key that is changed holds a set")
            .change(change)
    }

    /// Puts an empty set of the same settings and peak in the place of a damaged one, as of `now`.
    /// Returns when the key expires, as before.
    pub fn replace_damaged(&mut self, now: Millis) -> Option<i64> {
        let expire_at = self.0.expire_at();
        let emptied = self.value()?.emptied(now);
        // The damaged one is freed later and elsewhere: it may be large.
        self.0.unlink();
        self.0.store(Value::new(emptied));
        if let Some(at) = expire_at {
            self.0.set_expire_at(at);
        }
        expire_at
    }

    /// Signals those who watch or track the key that it has changed.
    #[inline]
    pub fn signal_modified(&mut self) {
        self.0.signal_modified();
    }

    /// Has the eviction look at the key when it next has something to do there.
    pub fn watch(&mut self) {
        let due = self.set().and_then(|set| set.next_look());
        self.watch_at(due);
    }

    /// Has the eviction look at the key at `due`, unless it does so earlier anyway.
    #[inline]
    pub fn watch_at(&mut self, due: Option<Millis>) {
        let (ctx, name) = (self.context(), self.0.name());
        if let Some(due) = due
            && let Some(value) = self.value()
            && watch_list::looks_at(due) < value.queued()
        {
            let name = name.bytes();
            if value.queued() != Millis::MAX {
                watch_list::outlive(name);
            }
            value.set_queued(watch_list::watch(ctx.db(), name, due));
        }
    }

    /// Removes the key if it has no members and its linger is over at `now`. Members whose time is up keep it: their
    /// time-outs have to be reported first.
    pub fn remove_if_gone(&mut self, now: Millis) {
        if self
            .set()
            .is_some_and(|set| set.is_empty() && set.is_gone(now))
        {
            self.remove();
        }
    }

    /// Takes the members out of a key whose linger is over: a primary has yet to report their time-outs.
    fn part(&mut self) {
        let parted = self.change(|set| {
            let empty = PresenceSet::new(set.settings(), 0);
            std::mem::replace(set, empty)
        });
        let Some(set) = parted else { return };
        if !self.context().is_primary() {
            orphans::free_in_batches(set);
        } else if !set.is_empty() {
            orphans::add(self.context().db(), self.0.name().bytes(), set);
        }
    }

    /// Removes the key: notifies, and replicates a DEL.
    fn remove(&mut self) {
        self.0.unlink();
        wire::delete(&self.context(), self.0.name());
        self.0.signal_modified();
        self.0.notify_generic(c"del");
    }
}
