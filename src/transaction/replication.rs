//! What is replicated of a change that was made here.

use super::Transaction;
use super::changed::Changed;
use crate::core::time::Millis;
use crate::core::{Change, Effects, Members, Touch};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::string::KeyName;
use crate::wire::{self, Lost};
use crate::{listeners, metrics};

impl Transaction<'_> {
    /// If nothing consumes what is replicated, marks the data as changed, which counts for the server's save points: the
    /// client's own command is as good for that as what would be replicated.
    #[inline(always)]
    pub(super) fn mark(&mut self) {
        let ctx = self.key.context();
        if !listeners::are_there(ctx) {
            ctx.replicate_verbatim();
            self.is_marked = true;
        }
    }

    /// Whether a change is a plain touch at the moment of the newest one, and somebody consumes what is replicated. Asked
    /// before it is applied.
    #[inline(always)]
    pub(super) fn needs_no_time(&mut self, change: &Change) -> bool {
        let now = self.now;
        change.is_plain()
            && listeners::are_there(self.key.context())
            && self.key.set().is_some_and(|set| set.is_newest(now))
    }

    /// Replicates what a change that was made here did, and counts it.
    #[inline(always)]
    pub(super) fn replicate<'a>(
        &mut self,
        change: &Change,
        effects: &Effects,
        members: Args<'a>,
        changed: &Changed<'a>,
    ) {
        let (ctx, name, now) = (self.key.context(), self.key.name(), self.now);
        if self.is_made
            && let Some(set) = self.key.set()
        {
            wire::create(&ctx, name, &set.settings(), now);
        }
        match (*change, effects.touch) {
            (Change::Touch { .. }, Some(touch)) => {
                metrics::TOUCHES.add(members.len());
                if !change.is_sure() {
                    // The peak was judged when the import arrived, a time that the touch does not carry.
                    replicate_touch(ctx, name, touch, changed.names(members), false);
                    if let Some(peak) = effects.peak {
                        wire::set_peak(&ctx, name, peak);
                    }
                } else if self.is_terse && effects.changed {
                    ctx.replicate_verbatim();
                } else if self.has_rare_settings {
                    // Those that were recorded.
                    replicate_touch(ctx, name, touch, changed.names(members), true);
                } else if !self.is_marked {
                    replicate_touch(ctx, name, touch, members.iter(), true);
                }
            }
            // Resolved to a touch that keeps nobody online.
            (Change::Leave, Some(touch)) => {
                replicate_touch(ctx, name, touch, changed.names(members), true);
            }
            (Change::Forget, _) if effects.changed => {
                ctx.replicate_verbatim();
                if let Some(set) = self.key.set()
                    && set.is_empty()
                {
                    // Its linger counts from now, which the command does not carry.
                    wire::empty(&ctx, name, &set.settings(), now);
                }
            }
            (Change::SetMeta { .. }, _) if effects.changed => ctx.replicate_verbatim(),
            (Change::Evict { cutoff, .. }, _) => self.replicate_eviction(cutoff, effects.members),
            (
                Change::Configure {
                    resolution, cap, ..
                },
                _,
            ) if effects.changed && !self.is_made => {
                let had_any = self.has_rare_settings;
                let lost = Lost {
                    resolution: had_any && resolution.is_some(),
                    cap: had_any && cap.is_some(),
                };
                if let Some(set) = self.key.set() {
                    wire::configure(&ctx, name, &set.settings(), lost);
                }
            }
            (Change::SetPeak(_) | Change::RaisePeak(_) | Change::RestartPeak, _) => {
                if let Some(peak) = effects.peak {
                    wire::set_peak(&ctx, name, peak);
                }
            }
            (_, Some(touch)) if effects.changed => {
                self.replicate_sessions(change, touch, members, changed);
            }
            _ => {}
        }
    }

    /// The same of a change that is about sessions or groups.
    fn replicate_sessions<'a>(
        &self,
        change: &Change,
        touch: Touch,
        members: Args<'a>,
        changed: &Changed<'a>,
    ) {
        let (ctx, name) = (self.key.context(), self.key.name());
        if !listeners::are_there(ctx) {
            // The data is marked as changed, which counts for the server's save points.
            return ctx.replicate_verbatim();
        }
        let word = match *change {
            Change::Attach { attachment, .. } => {
                let member = members.string(0).bytes();
                return wire::attach(&ctx, name, touch, member, attachment);
            }
            Change::Beat { .. } => (wire::BEAT, false),
            Change::Detach { .. } => (wire::DETACH, false),
            Change::Lease { .. } => (wire::LEASE, false),
            Change::Drop { .. } => (wire::DROP, true),
            _ => return,
        };
        // Only those sessions that were changed, but all groups.
        match *change {
            Change::Beat { .. } | Change::Detach { .. } => {
                wire::sessions(&ctx, name, word, touch, changed.names(members));
            }
            _ => wire::sessions(&ctx, name, word, touch, members.iter()),
        }
    }

    /// Takes the metadata of members away who were not remembered any more when a touch brought them back. The eviction
    /// would have, had it been there before.
    #[cold]
    pub(super) fn take_metadata(&mut self, members: &[&[u8]]) {
        let (ctx, name, now) = (self.key.context(), self.key.name(), self.now);
        for member in members {
            let change = Change::SetMeta {
                session: None,
                blob: b"",
                judged: false,
            };
            let about = Members::Each(std::iter::once(*member));
            let applied = self
                .key
                .change(|set| set.apply(change, about, now, &mut ()));
            if applied.is_none() {
                return self.repair(&change);
            }
            wire::set_meta(&ctx, name, member, b"");
        }
    }

    /// Replicates that so many leases were over, and so many sessions of dropped groups ended.
    pub(super) fn replicate_ends(&self, leases: usize, dropped: usize) {
        let (ctx, name) = (self.key.context(), self.key.name());
        for (change, count) in [(wire::LEASES_OVER, leases), (wire::DROPPED, dropped)] {
            if count > 0 {
                wire::ended(&ctx, name, change, self.now, count);
            }
        }
    }

    /// Replicates that so many members were evicted, and counts them.
    pub(super) fn replicate_eviction(&self, cutoff: Millis, evicted: usize) {
        if evicted > 0 {
            wire::evict(&self.key.context(), self.key.name(), cutoff, evicted);
            metrics::EVICTED.add(evicted);
        }
    }
}

/// Replicates a touch of members. Without a consumer the data is only marked as changed, which counts for the server's
/// save points.
#[inline(always)]
fn replicate_touch<'a>(
    ctx: Context,
    key: KeyName,
    touch: Touch,
    members: impl ExactSizeIterator<Item = &'a [u8]>,
    sets_peak: bool,
) {
    if members.len() == 0 {
        return;
    }
    match listeners::are_there(ctx) {
        true => wire::touch(&ctx, key, touch, members, sets_peak),
        false => ctx.replicate_verbatim(),
    }
}
