//! The write path: the one way in which a key's set is changed, by a client's command, a replayed one or the eviction.
//!
//! A change is applied first. Then its effects are replicated, watchers are signalled, the key is watched for the
//! eviction and closed, events are published, and a key that is empty and over is removed; without events it need not be
//! closed before. So nothing is replicated that was not done. A change that panics leaves an empty set behind, here and
//! on the replicas alike.

mod changed;
pub mod origin;
mod recorder;
mod replication;

use crate::core::time::Millis;
use crate::core::{self, Change, Effects, LookupKey, Members};
use crate::error::{Error, Result};
use crate::events::Outbox;
use crate::ffi::args::Args;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::KeyName;
use crate::keys::WriteKey;
use crate::{clock, metrics, wire};

pub use changed::Changed;
pub use origin::Origin;
use recorder::Recorder;

/// A key that is being changed.
pub struct Transaction<'k> {
    key: WriteKey<'k>,
    origin: Origin,
    now: Millis,
    outbox: Outbox,
    /// Whether the key did not exist before.
    is_made: bool,
    /// Whether the set has rare settings before the change: then a touch may be refused, or change nothing.
    has_rare_settings: bool,
    /// Whether its watchers were signalled.
    is_signalled: bool,
    /// Whether the data was marked as changed, and nothing consumes more than that.
    is_marked: bool,
    /// Whether it is a plain touch of one member at the moment of the newest touch, which replicas know: it is
    /// replicated as it came.
    is_terse: bool,
}

/// What a turn of the eviction has done, in this order.
#[derive(Clone, Copy, Default)]
pub struct Turn {
    /// Leases that were over.
    pub leases: usize,
    /// Sessions of dropped groups that ended.
    pub dropped: usize,
    /// Sessions and members that were removed.
    pub evicted: usize,
    /// Time-outs that were reported.
    pub reported: usize,
}

/// Runs a command's change of a key. `members` are those that it is about, none if it is about the whole set.
///
/// It is inlined into each command, where constant folding leaves only what that command's change needs.
#[inline(always)]
pub fn run<'a>(
    keyspace: &mut Keyspace,
    name: KeyName<'a>,
    origin: Origin,
    change: Change,
    members: Args<'a>,
) -> Result<Effects> {
    match origin {
        Origin::Here => make_change(keyspace, name, change, members, None),
        Origin::Replayed => replay(keyspace, name, change, members.iter()),
    }
}

/// As [`run`], for a change about sessions; those that there are not are added to `missing`.
#[inline(never)]
pub fn beat<'a>(
    keyspace: &mut Keyspace,
    name: KeyName<'a>,
    origin: Origin,
    change: Change,
    sessions: Args<'a>,
    missing: &mut Vec<&'a [u8]>,
) -> Result<Effects> {
    match origin {
        Origin::Here => make_change(keyspace, name, change, sessions, Some(missing)),
        Origin::Replayed => replay(keyspace, name, change, sessions.iter()),
    }
}

/// Runs a change that is made here, now.
#[inline(always)]
fn make_change<'a>(
    keyspace: &mut Keyspace,
    name: KeyName<'a>,
    change: Change,
    members: Args<'a>,
    missing: Option<&mut Vec<&'a [u8]>>,
) -> Result<Effects> {
    let ctx = keyspace.context();
    if change.is_expiry() {
        // Checked before the key is opened, which may remove one that has expired.
        change.check(clock::now(ctx))?;
    }
    let mut key = open(keyspace, name, &change)?;
    let ahead = prefetch(&mut key, &change, members.iter());
    let now = clock::now(ctx);
    change.check(now)?;
    let has_rare_settings = key.set().is_some_and(|set| set.has_rare_settings());
    if has_rare_settings
        && let (Some(member), Some(set)) = (&ahead, key.set())
        && set.is_too_soon(&change, member, now)
    {
        metrics::TOUCHES.add(1);
        return Ok(Effects::default());
    }
    // An eviction removes and reports the members of a key that is over instead.
    if !change.is_expiry() {
        key.begin(now);
    }
    if let Change::Configure { .. } = change {
        // Checked before a key is made.
        change.settings(key.settings()).check()?;
    }
    let mut transaction = Transaction::with(key, Origin::Here, now, outbox(&change, now));
    transaction.has_rare_settings = has_rare_settings;
    let mut effects = Effects::default();
    if transaction.make(&change) {
        transaction.is_terse = ahead.is_some() && transaction.needs_no_time(&change);
        if transaction.is_sure(&change) {
            // Done first, while the prefetch is under way.
            transaction.signal();
            transaction.mark();
        }
        let forgotten = transaction.forgotten_with_metadata(&change, members);
        let mut changed = Changed::default();
        effects = transaction.apply(change, members, ahead, &mut changed, missing)?;
        transaction.replicate(&change, &effects, members, &changed);
        if !forgotten.is_empty() {
            transaction.take_metadata(&forgotten);
        }
        transaction.settle(&change, &effects);
    } else if matches!(change, Change::Forget) {
        Recorder::new(&mut transaction.outbox, &transaction.key, members, None).report_orphans();
    }
    transaction.close().finish(keyspace, name);
    Ok(effects)
}

/// Runs a change that comes from a primary or a log: at its own time, as it stands, and passes it on verbatim.
#[inline(always)]
pub fn replay<'a>(
    keyspace: &mut Keyspace,
    name: KeyName<'a>,
    change: Change,
    members: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
) -> Result<Effects> {
    let ctx = keyspace.context();
    let mut key = open(keyspace, name, &change)?;
    let ahead = prefetch(&mut key, &change, members.clone());
    let now = change
        .time(key.set().as_deref())
        .unwrap_or_else(|| clock::now(ctx));
    let mut transaction = Transaction::with(key, Origin::Replayed, now, outbox(&change, now));
    let mut effects = Effects::default();
    if transaction.make(&change) {
        effects = transaction.apply_replayed(change, members, ahead)?;
        ctx.replicate_verbatim();
        transaction.settle(&change, &effects);
    } else {
        ctx.replicate_verbatim();
    }
    transaction.close().finish(keyspace, name);
    Ok(effects)
}

/// Opens the key of a change.
#[inline(always)]
fn open<'k>(
    keyspace: &'k mut Keyspace<'_>,
    name: KeyName<'k>,
    change: &Change,
) -> Result<WriteKey<'k>> {
    match change.is_expiry() {
        true => WriteKey::open_untouched(keyspace, name),
        false => WriteKey::open(keyspace, name),
    }
}

/// Prefetches a member who is alone, ahead of the work that does not need it.
#[inline(always)]
fn prefetch<'a>(
    key: &mut WriteKey,
    change: &Change,
    mut members: impl ExactSizeIterator<Item = &'a [u8]>,
) -> Option<LookupKey<'a>> {
    match (members.len(), key.set()) {
        (1, Some(set)) => members.next().map(|member| set.prefetch(change, member)),
        _ => None,
    }
}

#[inline(always)]
fn outbox(change: &Change, now: Millis) -> Outbox {
    match change.is_expiry() {
        true => Outbox::of_eviction(now),
        false => Outbox::new(),
    }
}

impl<'k> Transaction<'k> {
    /// The eviction's, on an open key.
    pub fn of_eviction(key: WriteKey<'k>, now: Millis) -> Transaction<'k> {
        Transaction::with(key, Origin::Here, now, Outbox::of_eviction(now))
    }

    #[inline(always)]
    fn with(key: WriteKey<'k>, origin: Origin, now: Millis, outbox: Outbox) -> Transaction<'k> {
        Transaction {
            key,
            origin,
            now,
            outbox,
            is_made: false,
            has_rare_settings: false,
            is_signalled: false,
            is_marked: false,
            is_terse: false,
        }
    }

    /// The key.
    pub fn key(&mut self) -> &mut WriteKey<'k> {
        &mut self.key
    }

    /// Whether there is something to be published.
    pub fn has_events(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Makes a set at a key that holds none, if the change needs one. Returns whether there is one.
    #[inline(always)]
    fn make(&mut self, change: &Change) -> bool {
        if self.key.set().is_some() {
            return true;
        }
        let settings = self.key.settings();
        self.is_made = change.makes_a_set(settings, self.now);
        if self.is_made {
            self.key.create(settings, self.now);
        }
        self.is_made
    }

    /// Those of a touch's members who have metadata though they are not remembered any more: the eviction has yet to remove
    /// them.
    #[inline(always)]
    fn forgotten_with_metadata<'a>(&mut self, change: &Change, members: Args<'a>) -> Vec<&'a [u8]> {
        let now = self.now;
        match self.key.set() {
            Some(set) if set.has_metadata() && change.brings_members() => {
                set.forgotten_with_metadata(members.iter(), now)
            }
            _ => Vec::new(),
        }
    }

    /// Whether a change is sure to change the set.
    #[inline(always)]
    fn is_sure(&self, change: &Change) -> bool {
        change.is_sure() && !self.has_rare_settings
    }

    /// Applies a change to the set. If only the members that were changed are to be replicated, they are added to
    /// `changed`. A change that is refused has changed nothing.
    #[inline(always)]
    pub fn apply<'a>(
        &mut self,
        change: Change,
        members: Args<'a>,
        ahead: Option<LookupKey<'a>>,
        changed: &mut Changed<'a>,
        missing: Option<&mut Vec<&'a [u8]>>,
    ) -> Result<Effects> {
        let now = self.now;
        let names_changed = match change {
            Change::Touch { .. } => !self.is_sure(&change),
            Change::Leave | Change::Beat { .. } | Change::Detach { .. } => true,
            _ => false,
        };
        let changed = names_changed.then_some(changed);
        let mut recorder = Recorder::new(&mut self.outbox, &self.key, members, changed);
        recorder.missing = missing;
        if matches!(change, Change::Forget) {
            recorder.report_orphans();
        }
        let about = about(ahead, members.iter());
        let applied = self
            .key
            .change(|set| set.apply(change, about, now, &mut recorder));
        let effects = self.unless_cut_short(&change, applied)?;
        // Only if members reached it is it an event.
        if let Some(peak) = effects.peak
            && matches!(change, Change::Touch { .. } | Change::Attach { .. })
        {
            self.outbox.new_peak(peak.count);
        }
        Ok(effects)
    }

    /// Applies a change that was made elsewhere.
    #[inline(always)]
    fn apply_replayed<'a>(
        &mut self,
        change: Change,
        members: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
        ahead: Option<LookupKey<'a>>,
    ) -> Result<Effects> {
        let (now, about) = (self.now, about(ahead, members.clone()));
        let applied = self.key.change(|set| {
            let effects = set.apply(change, about, now, &mut ());
            recorder::fail_replayed(members);
            effects
        });
        self.unless_cut_short(&change, applied)
    }

    /// What a change did, or why it was refused. `None`: it panicked.
    #[inline(always)]
    fn unless_cut_short(
        &mut self,
        change: &Change,
        applied: Option<std::result::Result<Effects, core::Error>>,
    ) -> Result<Effects> {
        match applied {
            Some(effects) => Ok(effects?),
            None => {
                self.repair(change);
                Err(Error::Internal)
            }
        }
    }

    /// What follows from a change while the key is open: watchers are signalled, and the key is watched for the eviction.
    #[inline(always)]
    fn settle(&mut self, change: &Change, effects: &Effects) {
        if effects.changed || self.is_made {
            self.signal();
            match effects.due {
                // Of a replayed FORGET the time is not known; what empties the key says it next.
                None if self.origin.is_replayed() && matches!(change, Change::Forget) => {}
                None => self.key.watch(),
                due => self.key.watch_at(due),
            }
        }
    }

    /// Signals those who watch or track the key that it has changed, once.
    #[inline(always)]
    fn signal(&mut self) {
        if !self.is_signalled {
            self.key.signal_modified();
            self.is_signalled = true;
        }
    }

    /// As [`settle`](Self::settle), for what was done in one turn of the eviction, which itself watches the key anew.
    pub fn settle_turn(&mut self, done: Turn) {
        self.replicate_ends(done.leases, done.dropped);
        self.replicate_eviction(self.now, done.evicted);
        if done.leases + done.dropped + done.evicted + done.reported > 0 {
            // A time-out that is only reported invalidates what clients have cached of the key, too.
            self.signal();
        }
    }

    /// The key, which stays open; there must be no events.
    pub fn keep_open(self) -> WriteKey<'k> {
        debug_assert!(self.outbox.is_empty());
        self.key
    }

    /// Closes the key, and removes it if it is empty and its linger is over.
    #[inline(always)]
    pub fn close(mut self) -> Closed {
        let mut is_empty = !self.origin.is_replayed() && self.key.is_empty();
        if is_empty && !self.has_events() {
            self.key.remove_if_gone(self.now);
            is_empty = false;
        }
        Closed {
            now: self.now,
            outbox: self.outbox,
            is_empty,
        }
    }

    /// A change panicked. The set cannot be trusted any more, so an empty one of the same settings and peak takes its
    /// place, here and, by replication, on the replicas. What is replayed cannot be replicated: there the set stays
    /// damaged and the key answers errors.
    #[cold]
    fn repair(&mut self, change: &Change) {
        let (ctx, name, now) = (self.key.context(), self.key.name(), self.now);
        ctx.warn(&format!("presence: that was in {change:?}"));
        if self.origin.is_replayed() {
            return;
        }
        self.outbox.clear();
        let expire_at = self.key.replace_damaged(now);
        wire::delete(&ctx, name);
        if let Some(set) = self.key.set() {
            wire::empty(&ctx, name, &set.settings(), now);
            wire::set_peak(&ctx, name, set.peak());
        }
        if let Some(at) = expire_at {
            wire::expire(&ctx, name, at);
        }
        self.signal();
        self.key.watch();
        self.key.remove_if_gone(now);
    }
}

/// The members of a change, of whom one may be prefetched.
#[inline(always)]
fn about<'a, I>(ahead: Option<LookupKey<'a>>, members: I) -> Members<'a, I> {
    match ahead {
        Some(member) => Members::Prefetched(member),
        None => Members::Each(members),
    }
}

/// What is left to do once the key is closed, since it runs the code of other modules.
pub struct Closed {
    now: Millis,
    outbox: Outbox,
    is_empty: bool,
}

impl Closed {
    /// Publishes the events, and removes the key if it is empty and its linger is over.
    #[inline(always)]
    pub fn finish(self, keyspace: &mut Keyspace, name: KeyName) {
        self.outbox.send(keyspace, name);
        // A notification may have put something else there.
        if self.is_empty
            && let Ok(mut key) = WriteKey::open_untouched(keyspace, name)
        {
            key.remove_if_gone(self.now);
        }
    }
}
