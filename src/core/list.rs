//! Listing members in the order they were last seen, from any position on.

use std::collections::{BinaryHeap, VecDeque};

use super::place::Address;
use super::rank::Cursor;
use super::seen::Seen;
use super::set::PresenceSet;
use super::table::{BATCH, Table};
use super::time::Millis;

/// Which members a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Those who are online.
    Online,
    /// Those remembered and last seen less than this many ms ago.
    Within(Millis),
}

/// A page of a list.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// Who is listed.
    pub span: Span,
    /// Longest unseen first, instead of newest seen first.
    pub reverse: bool,
    /// How many to leave out first.
    pub offset: usize,
    /// How many to list at most.
    pub limit: usize,
}

/// The members of a page, to be walked once.
pub struct Page<'a> {
    len: usize,
    members: Members<'a>,
}

enum Members<'a> {
    Small(Vec<(&'a [u8], Seen)>),
    Table(Walk<'a>),
}

/// Merges lanes in order of time.
struct Walk<'a> {
    table: &'a Table,
    reverse: bool,
    lanes: Vec<Listed>,
    /// Of more than one lane: the next entry of each, the one to be listed next on top.
    heads: BinaryHeap<Head>,
    /// Of one lane: the next entries, which are in order anyway and wait for their names together.
    batch: VecDeque<(Millis, Address)>,
}

/// A lane that is being walked.
struct Listed {
    ttl: Millis,
    /// The gap that has been come to.
    cursor: Cursor,
    /// How many of its members are still beyond it: of those in the span, and no more than the page has.
    beyond: usize,
}

/// Orders heads: time, then ttl; both turned around for the lists that go the other way.
type Head = (i64, i64, usize, Address);

impl PresenceSet {
    /// The members of a page at `now`. Finding its beginning is O(log n) for each ttl in use, whatever the offset.
    pub fn list(&mut self, list: &List, now: Millis) -> Page<'_> {
        let total = self.count(list.span, now);
        let len = total.saturating_sub(list.offset).min(list.limit);
        let set = &*self;
        let members = if let Some(small) = set.small() {
            let mut members = small.in_order(|seen| set.is_in(list.span, seen, now));
            if !list.reverse {
                members.reverse();
            }
            Members::Small(members.drain(list.offset.min(total)..).take(len).collect())
        } else {
            let table = set.table().expect("a set is small or a table");
            // A page of the reversed list begins where as many are newer as are not left out.
            let newer = if list.reverse {
                total - list.offset.min(total)
            } else {
                list.offset.min(total)
            };
            Members::Table(set.walk(table, list, newer, len, now))
        };
        Page { len, members }
    }

    /// A walk from the gap that has `newer` members of the span on its newer side.
    fn walk<'a>(
        &'a self,
        table: &'a Table,
        list: &List,
        newer: usize,
        len: usize,
        now: Millis,
    ) -> Walk<'a> {
        let timeline = &table.timeline;
        let mut lanes: Vec<_> = timeline
            .lanes()
            .filter(|(_, ttl)| list.span != Span::Online || *ttl > 0)
            .map(|(lane, ttl)| {
                let cut = self.cut(list.span, ttl, now);
                (lane, ttl, cut, timeline.count_after(lane, cut))
            })
            .filter(|(_, _, _, in_span)| *in_span > 0)
            .collect();
        lanes.sort_unstable_by_key(|(_, ttl, _, _)| std::cmp::Reverse(*ttl));
        let mut walk = Walk {
            table,
            reverse: list.reverse,
            lanes: Vec::with_capacity(lanes.len()),
            heads: BinaryHeap::new(),
            batch: VecDeque::with_capacity(BATCH.min(len)),
        };
        if len == 0 {
            return walk;
        }
        let after = |lane, cut: Option<Millis>, time: Millis| {
            timeline.count_after(lane, Some(cut.map_or(time, |cut| cut.max(time))))
        };
        let skips: Vec<usize> = if let [_] = lanes.as_slice() {
            vec![newer]
        } else {
            // The latest moment after which no more than `newer` were seen; then some of those seen at it.
            let total_after = |time| -> usize {
                lanes
                    .iter()
                    .map(|&(l, _, cut, _)| after(l, cut, time))
                    .sum()
            };
            let (mut low, mut high) = (0, super::time::MAX_TIME);
            while low < high {
                let middle = low + (high - low) / 2;
                if total_after(middle) <= newer {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            let mut left = newer - total_after(low);
            lanes
                .iter()
                .map(|&(lane, _, cut, in_span)| {
                    let later = after(lane, cut, low);
                    let at_it = match low.checked_sub(1) {
                        Some(before) => after(lane, cut, before) - later,
                        None => in_span - later,
                    };
                    let more = at_it.min(left);
                    left -= more;
                    later + more
                })
                .collect()
        };
        for (index, (&(lane, ttl, _, in_span), newer)) in lanes.iter().zip(skips).enumerate() {
            walk.lanes.push(Listed {
                ttl,
                cursor: timeline.cursor(lane, newer),
                beyond: if list.reverse { newer } else { in_span - newer }.min(len),
            });
            if lanes.len() > 1 {
                walk.advance(index);
            }
        }
        walk
    }
}

impl Listed {
    /// Steps over the next entry, and asks for its name.
    #[inline]
    fn step(&mut self, table: &Table, reverse: bool) -> Option<(Millis, Address)> {
        self.beyond = self.beyond.checked_sub(1)?;
        let next = if reverse {
            table.timeline.newer(&mut self.cursor)
        } else {
            table.timeline.older(&mut self.cursor)
        };
        let (time, address) = next?;
        table.names.prefetch(address.home);
        Some((time, address))
    }
}

impl Walk<'_> {
    /// The next entry of all lanes, and the ttl of its own.
    #[inline]
    fn next(&mut self) -> Option<(Millis, Address, Millis)> {
        if let [only] = self.lanes.as_mut_slice() {
            if self.batch.is_empty() {
                let entries = std::iter::from_fn(|| only.step(self.table, self.reverse));
                self.batch.extend(entries.take(BATCH));
            }
            let (time, address) = self.batch.pop_front()?;
            return Some((time, address, only.ttl));
        }
        let (time, _, lane, address) = self.heads.pop()?;
        self.advance(lane);
        Some((time.unsigned_abs(), address, self.lanes[lane].ttl))
    }

    /// Puts a lane's next entry among the heads.
    fn advance(&mut self, lane: usize) {
        if let Some((time, address)) = self.lanes[lane].step(self.table, self.reverse) {
            // Lanes stand by ttl, the longest first. The heap gives the largest first.
            let (time, order) = (time as i64, -(lane as i64));
            self.heads.push(if self.reverse {
                (-time, -order, lane, address)
            } else {
                (time, order, lane, address)
            });
        }
    }
}

impl Page<'_> {
    /// How many members the page has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the page has no member.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Calls `f` with each member and its touch.
    pub fn each(self, mut f: impl FnMut(&[u8], Seen)) {
        match self.members {
            Members::Small(members) => {
                for (name, seen) in members {
                    f(name, seen);
                }
            }
            Members::Table(mut walk) => {
                for _ in 0..self.len {
                    let Some((at, address, ttl)) = walk.next() else {
                        debug_assert!(false, "the page ends early");
                        return;
                    };
                    let (names, seen) = (&walk.table.names, Seen { at, ttl });
                    names.with_name(names.at(address), |name| f(name, seen));
                }
            }
        }
    }
}
