//! The members of a set in the order of a dump, and members added to a set in that order.

use super::codec::{Corrupt, Decoder};
use crate::core::member::{MemberView, Text};
use crate::core::set::{Form, PresenceSet};
use crate::core::table::{BATCH, Batch};
use crate::core::time::Millis;
use crate::core::touch::TouchState;

/// How many names are prefetched while as many before them are read. The names stand in an order of their own, so each
/// is a cache miss.
const AHEAD: usize = 32;

impl PresenceSet {
    /// Every member with its touch. Members added in this order make the same set.
    pub fn each_in_order(&self, mut f: impl FnMut(MemberView)) {
        match &self.form {
            Form::Small(small) => {
                let mut members = small.in_order(|_| true);
                members.sort_by_key(|member| member.touch.ttl);
                members.into_iter().for_each(f);
            }
            Form::Table(table) => {
                let mut all = table.timeline.in_order();
                let mut members = Vec::with_capacity(AHEAD);
                let mut ahead = Vec::with_capacity(AHEAD);
                loop {
                    ahead.extend(all.by_ref().take(AHEAD));
                    for (_, member) in &ahead {
                        table.names.prefetch(member.prefix);
                    }
                    for found in members.drain(..) {
                        table.with_member(found, &mut f);
                    }
                    if ahead.is_empty() {
                        break;
                    }
                    std::mem::swap(&mut members, &mut ahead);
                }
            }
        }
    }

    /// Adds the members of a block of a dump that is loaded at `now`. Returns how many. Those who went offline before
    /// and are remembered have been reported where the dump was made. A member that comes twice is corrupt, as is one
    /// too many; those before it may have been added.
    pub(super) fn restore(&mut self, block: &[u8], now: Millis) -> Result<usize, Corrupt> {
        let mut members = Decoder::new(block);
        let mut read = Vec::with_capacity(BATCH);
        let mut restored = 0;
        loop {
            read.clear();
            for member in members.by_ref().take(BATCH) {
                read.push(member?);
            }
            if read.is_empty() {
                return Ok(restored);
            }
            self.check_room_for(read.len()).map_err(|_| Corrupt)?;
            // They stand in the order of time, and the index has each of them somewhere else.
            let mut texts: [Text; BATCH] = Default::default();
            let mut names = read
                .iter()
                .zip(&mut texts)
                .map(|((name, _), text)| name.unpack(text));
            let batch = Batch::of(&mut names);
            if let Some(table) = self.table() {
                table.prefetch(batch.members());
            }
            for ((_, touch), member) in read.iter().zip(batch.members()) {
                let touch = touch.bounded();
                let timeout_reported = !touch.is_online(now) && touch.ttl < self.retain();
                if self.put(
                    member,
                    TouchState {
                        touch,
                        timeout_reported,
                    },
                    |_| true,
                ) {
                    return Err(Corrupt);
                }
            }
            restored += read.len();
        }
    }
}
