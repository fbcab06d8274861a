//! All that a set holds, told in its order, and a set made of what was told.

use super::seen::{Kept, Seen};
use super::set::{Error, Form, PresenceSet};
use super::sought::Sought;
use super::table::BATCH;
use super::time::Millis;

impl PresenceSet {
    /// Every member with its touch: by ttl, then by when it was seen, then in the order of the touches. Members given
    /// to [`restore`](Self::restore) in this order make the same set.
    pub fn each_in_order(&self, mut f: impl FnMut(&[u8], Seen)) {
        match &self.form {
            Form::Small(small) => {
                let mut members = small.in_order(|_| true);
                members.sort_by_key(|(_, seen)| seen.ttl);
                for (name, seen) in members {
                    f(name, seen);
                }
            }
            Form::Table(table) => {
                let names = &table.names;
                let mut lanes: Vec<_> = table.timeline.lanes().collect();
                lanes.sort_by_key(|(_, ttl)| *ttl);
                for (lane, ttl) in lanes {
                    let mut cursor = table.timeline.cursor(lane, table.timeline.lane_len(lane));
                    let mut members = Vec::with_capacity(BATCH);
                    loop {
                        let next = std::iter::from_fn(|| table.timeline.newer(&mut cursor));
                        members.extend(next.take(BATCH));
                        if members.is_empty() {
                            break;
                        }
                        for (_, address) in &members {
                            names.prefetch(address.home);
                        }
                        for (at, address) in members.drain(..) {
                            names.with_name(names.at(address), |name| f(name, Seen { at, ttl }));
                        }
                    }
                }
            }
        }
    }

    /// Adds a member that is loaded at `now`. `Ok(false)`: it was there already. One who went offline before and is
    /// remembered was told of where it was dumped.
    pub fn restore(&mut self, name: &[u8], seen: Seen, now: Millis) -> Result<bool, Error> {
        self.check_room_for(1)?;
        let seen = seen.bounded();
        let told = !seen.is_online(now) && seen.ttl < self.retain();
        let kept = Kept { seen, told };
        let was_there = self.put(&Sought::new(name), kept, |_| true);
        Ok(!was_there)
    }
}
