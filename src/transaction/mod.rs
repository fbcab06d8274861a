//! The write path: the one way in which a key's set is changed, by a client's command, a replayed one or the eviction.
//!
//! A change is applied first. Then its effects are replicated, watchers are signalled, the key is watched for the
//! eviction and closed, events are published, and a key that is empty and over is removed; without events it need not be
//! closed before. So nothing is replicated that was not done. A change that panics leaves an empty set behind, here and
//! on the replicas alike.

mod origin;
mod recorder;

use crate::core::time::Millis;
use crate::core::{Change, Effects, LookupKey, Members, Touch};
use crate::error::{Error, Result};
use crate::events::Outbox;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::{KeyName, ServerStr};
use crate::keys::WriteKey;
use crate::{clock, defaults, listeners, metrics, wire};

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
    /// Whether its watchers were signalled.
    is_signalled: bool,
    /// Whether the data was marked as changed, and nothing consumes more than that.
    is_marked: bool,
}

/// Runs a command's change of a key: now, or if it is replayed at its own time. `members` are those that it is about,
/// none if it is about the whole set.
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
    let ctx = keyspace.context();
    let mut key = match change.is_expiry() {
        true => {
            if origin == Origin::Here {
                // Checked before the key is opened, which may remove one that has expired.
                change.check(clock::now(ctx))?;
            }
            WriteKey::open_untouched(keyspace, name)?
        }
        false => WriteKey::open(keyspace, name)?,
    };
    // Prefetched ahead of the work that does not need it.
    let ahead = match (members.strings(), key.set()) {
        ([_], Some(set)) => members.get(0).map(|member| set.prefetch(member)),
        _ => None,
    };
    let now = match origin {
        Origin::Here => clock::now(ctx),
        Origin::Replayed => change
            .time(key.set().is_none())
            .unwrap_or_else(|| clock::now(ctx)),
    };
    if origin == Origin::Here {
        change.check(now)?;
        // An eviction removes and reports the members of a key that is over instead.
        if !change.is_expiry() {
            key.begin(now);
        }
    }
    let mut transaction = match change.is_expiry() {
        true => Transaction::with(key, origin, now, Outbox::of_eviction(now)),
        false => Transaction::with(key, origin, now, Outbox::new()),
    };
    let mut effects = Effects::default();
    if transaction.make(&change) {
        if change.is_sure() {
            // Done first, while the prefetch is under way.
            transaction.signal();
            transaction.mark();
        }
        let mut changed = Vec::new();
        effects = transaction.apply(change, members, ahead, &mut changed)?;
        transaction.settle(&change, &effects, members, &changed);
    } else {
        transaction.pass_by(&change, members);
    }
    transaction.close().finish(keyspace, name);
    Ok(effects)
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
            is_signalled: false,
            is_marked: false,
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
        let settings = defaults::of_new_keys();
        self.is_made = change.makes_a_set(settings, self.now);
        if self.is_made {
            self.key.create(settings, self.now);
        }
        self.is_made
    }

    /// Applies a change to the set. If only the members that were changed are to be replicated, they are added to
    /// `changed`. A change that is refused has changed nothing.
    #[inline(always)]
    pub fn apply<'a>(
        &mut self,
        change: Change,
        members: Args<'a>,
        ahead: Option<LookupKey<'a>>,
        changed: &mut Vec<ServerStr<'a>>,
    ) -> Result<Effects> {
        let now = self.now;
        let about = match ahead {
            Some(member) => Members::Prefetched(member),
            None => Members::Each(members.iter()),
        };
        let applied = if self.origin.is_replayed() {
            self.key.change(|set| {
                let effects = set.apply(change, about, now, &mut ());
                recorder::fail_replayed(members);
                effects
            })
        } else {
            let names_changed = match change {
                Change::Touch { .. } => !change.is_sure(),
                _ => change == Change::Leave,
            };
            let changed = names_changed.then_some(changed);
            let mut recorder = Recorder::new(&mut self.outbox, &self.key, members, changed);
            if change == Change::Forget {
                recorder.report_orphans();
            }
            self.key
                .change(|set| set.apply(change, about, now, &mut recorder))
        };
        match applied {
            Some(effects) => {
                let effects = effects?;
                if let Some(peak) = effects.peak
                    && self.reports_peak(&change)
                {
                    self.outbox.new_peak(peak.count);
                }
                Ok(effects)
            }
            None => {
                self.repair(&change);
                Err(Error::Internal)
            }
        }
    }

    /// Whether a new peak that a change has set is an event: only if members reached it, here.
    #[inline(always)]
    fn reports_peak(&self, change: &Change) -> bool {
        !self.origin.is_replayed() && matches!(change, Change::Touch { .. })
    }

    /// There is no set to apply the change to.
    #[cold]
    fn pass_by(&mut self, change: &Change, members: Args) {
        if self.origin.is_replayed() {
            self.key.context().replicate_verbatim();
        } else if *change == Change::Forget {
            Recorder::new(&mut self.outbox, &self.key, members, None).report_orphans();
        }
    }

    /// What follows from a change while the key is open: it is replicated, watchers are signalled, and the key is
    /// watched for the eviction.
    #[inline(always)]
    fn settle(&mut self, change: &Change, effects: &Effects, members: Args, changed: &[ServerStr]) {
        self.replicate(change, effects, members, changed);
        if effects.changed || self.is_made {
            self.signal();
            match effects.due {
                // Of a replayed FORGET the time is not known; what empties the key says it next.
                None if self.origin.is_replayed() && *change == Change::Forget => {}
                None => self.key.watch(),
                due => self.key.watch_at(due),
            }
        }
    }

    /// Replicates what a change did, and counts it.
    #[inline(always)]
    fn replicate(
        &mut self,
        change: &Change,
        effects: &Effects,
        members: Args,
        changed: &[ServerStr],
    ) {
        let (ctx, name, now) = (self.key.context(), self.key.name(), self.now);
        if self.origin.is_replayed() {
            return ctx.replicate_verbatim();
        }
        if self.is_made
            && let Some(set) = self.key.set()
        {
            wire::create(&ctx, name, &set.settings(), now);
        }
        match (*change, effects.touch) {
            (Change::Touch { .. }, Some(touch)) => {
                metrics::TOUCHES.add(members.len());
                if change.is_sure() {
                    if !self.is_marked {
                        replicate_touch(ctx, name, touch, members.strings(), true);
                    }
                } else {
                    // The peak was judged when the import arrived, a time that the touch does not carry.
                    replicate_touch(ctx, name, touch, changed, false);
                    if let Some(peak) = effects.peak {
                        wire::set_peak(&ctx, name, peak);
                    }
                }
            }
            // Resolved to a touch that keeps nobody online.
            (Change::Leave, Some(touch)) => replicate_touch(ctx, name, touch, changed, true),
            (Change::Forget, _) if effects.changed => {
                ctx.replicate_verbatim();
                if let Some(set) = self.key.set()
                    && set.is_empty()
                {
                    // Its linger counts from now, which the command does not carry.
                    wire::empty(&ctx, name, &set.settings(), now);
                }
            }
            (Change::Evict { cutoff, .. }, _) => self.replicate_eviction(cutoff, effects.members),
            (Change::Configure { .. }, _) if effects.changed && !self.is_made => {
                if let Some(set) = self.key.set() {
                    wire::configure(&ctx, name, &set.settings());
                }
            }
            (Change::SetPeak(_) | Change::RaisePeak(_) | Change::RestartPeak, _) => {
                if let Some(peak) = effects.peak {
                    wire::set_peak(&ctx, name, peak);
                }
            }
            _ => {}
        }
    }

    /// Replicates that so many members were evicted, and counts them.
    fn replicate_eviction(&self, cutoff: Millis, evicted: usize) {
        if evicted > 0 {
            wire::evict(&self.key.context(), self.key.name(), cutoff, evicted);
            metrics::EVICTED.add(evicted);
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

    /// If nothing consumes what is replicated, marks the data as changed, which counts for the server's save points: the
    /// client's own command is as good for that as what would be replicated.
    #[inline(always)]
    fn mark(&mut self) {
        let ctx = self.key.context();
        if !listeners::are_there(ctx) {
            ctx.replicate_verbatim();
            self.is_marked = true;
        }
    }

    /// As [`settle`](Self::settle), for one turn of the eviction, in which so many members were evicted and so many
    /// reported. The eviction itself watches the key anew.
    pub fn settle_turn(&mut self, evicted: usize, reported: usize) {
        self.replicate_eviction(self.now, evicted);
        if evicted + reported > 0 {
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

/// Replicates a touch of members. Without a consumer the data is only marked as changed, which counts for the server's
/// save points.
#[inline(always)]
fn replicate_touch(
    ctx: Context,
    key: KeyName,
    touch: Touch,
    members: &[ServerStr],
    sets_peak: bool,
) {
    if members.is_empty() {
        return;
    }
    match listeners::are_there(ctx) {
        true => wire::touch(&ctx, key, touch, members, sets_peak),
        false => ctx.replicate_verbatim(),
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
