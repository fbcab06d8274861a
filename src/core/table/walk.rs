//! A walk over the lanes of a table in the order members were last seen, from any position on.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::batch::BATCH;
use super::store::Table;
use crate::core::member::MemberView;
use crate::core::query::Query;
use crate::core::refs::MemberRef;
use crate::core::time::Millis;
use crate::core::timeline::Cursor;
use crate::core::timeline::Timeline;
use crate::core::timeline::{Gap, View};
use crate::core::touch::Touch;

/// Merges lanes in order of time.
pub struct Walk<'a> {
    table: &'a Table,
    reverse: bool,
    lanes: Vec<Listed<'a>>,
    /// Of more than one lane: the next entry of each, the one to be listed next on top.
    heads: BinaryHeap<Head>,
    /// Of one lane: the next entries, which are in order anyway, so that their names are prefetched together.
    batch: VecDeque<(Touch, MemberRef)>,
}

/// Orders heads: time, then ttl; both turned around for the lists that go the other way. The rest of the touch follows.
type Head = (i64, i64, usize, MemberRef, Millis);

/// A lane that is being walked.
struct Listed<'a> {
    at: Position<'a>,
    /// How many of its members are still to come: of those in the query, and no more than the page has.
    beyond: usize,
}

/// The gap of a lane that the walk has come to.
enum Position<'a> {
    OfOwn(Cursor),
    OfMixed(View<'a>, Gap),
}

/// The members of one lane that a query is about.
enum Members<'a> {
    /// Those seen later than a cut, and how many they are.
    Own {
        lane: u32,
        cut: Option<Millis>,
        count: usize,
    },
    Mixed(View<'a>),
}

impl Members<'_> {
    fn count(&self) -> usize {
        match self {
            Members::Own { count, .. } => *count,
            Members::Mixed(view) => view.total(),
        }
    }

    /// How many of them were seen later than that.
    fn after(&self, timeline: &Timeline, time: Millis) -> usize {
        match self {
            Members::Own { lane, cut, .. } => timeline
                .tree
                .count_after(*lane, Some(cut.map_or(time, |cut| cut.max(time)))),
            Members::Mixed(view) => view.after(time),
        }
    }
}

impl Table {
    /// A walk over a page of `len` from the gap that has `newer` members of the query on its newer side. The notes
    /// about mixed lanes are those of the query's moment.
    pub fn walk(&self, query: Query, reverse: bool, newer: usize, len: usize) -> Walk<'_> {
        let timeline = &self.timeline;
        let mut walk = Walk {
            table: self,
            reverse,
            lanes: Vec::new(),
            heads: BinaryHeap::new(),
            batch: VecDeque::with_capacity(BATCH.min(len)),
        };
        if len == 0 {
            return walk;
        }
        let lanes = members_of(timeline, query);
        let skips = skips(timeline, &lanes, newer);
        walk.lanes.reserve_exact(lanes.len());
        let only = lanes.len() == 1;
        for (index, (members, newer)) in lanes.into_iter().zip(skips).enumerate() {
            let beyond = match reverse {
                true => newer,
                false => members.count() - newer,
            };
            let at = match members {
                Members::Own { lane, .. } => Position::OfOwn(timeline.tree.cursor(lane, newer)),
                Members::Mixed(view) => {
                    let gap = view.gap(newer);
                    Position::OfMixed(view, gap)
                }
            };
            walk.lanes.push(Listed {
                at,
                beyond: beyond.min(len),
            });
            if !only {
                walk.advance(index);
            }
        }
        walk
    }
}

/// The lanes that have members of a query, those of longer ttls first.
fn members_of(timeline: &Timeline, query: Query) -> Vec<Members<'_>> {
    let mut own: Vec<_> = timeline.tree.own_lanes().collect();
    own.sort_unstable_by_key(|(_, ttl)| Reverse(*ttl));
    let own = own.into_iter().map(|(lane, ttl)| {
        let cut = query.cut(ttl);
        let count = timeline.tree.count_after(lane, cut);
        Members::Own { lane, cut, count }
    });
    let mixed = timeline.tree.mixed_lanes();
    let mixed = mixed.filter_map(|lane| timeline.view(lane, query).map(Members::Mixed));
    own.chain(mixed)
        .filter(|members| members.count() > 0)
        .collect()
}

/// How many members of each lane are among the `newer` newest of all.
fn skips(timeline: &Timeline, lanes: &[Members], newer: usize) -> Vec<usize> {
    if let [_] = lanes {
        return vec![newer];
    }
    if newer == 0 {
        return vec![0; lanes.len()];
    }
    let all: usize = lanes.iter().map(Members::count).sum();
    if newer >= all {
        return lanes.iter().map(Members::count).collect();
    }
    // The latest moment after which no more than `newer` were seen; then some of those seen at it.
    let after = |time| lanes.iter().map(move |lane| lane.after(timeline, time));
    let (mut low, mut high) = timeline.tree.first_and_last_time();
    while low < high {
        let middle = low + (high - low) / 2;
        if after(middle).sum::<usize>() <= newer {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let mut left = newer - after(low).sum::<usize>();
    let before = low.checked_sub(1);
    lanes
        .iter()
        .map(|lane| {
            let later = lane.after(timeline, low);
            let at_it = match before {
                Some(before) => lane.after(timeline, before) - later,
                None => lane.count() - later,
            };
            let more = at_it.min(left);
            left -= more;
            later + more
        })
        .collect()
}

impl Listed<'_> {
    /// Steps over the next entry, and prefetches its name.
    #[inline]
    fn step(&mut self, table: &Table, reverse: bool) -> Option<(Touch, MemberRef)> {
        self.beyond = self.beyond.checked_sub(1)?;
        let next = match &mut self.at {
            Position::OfOwn(cursor) if reverse => table.timeline.tree.newer(cursor),
            Position::OfOwn(cursor) => table.timeline.tree.older(cursor),
            Position::OfMixed(view, gap) if reverse => view.newer(gap),
            Position::OfMixed(view, gap) => view.older(gap),
        };
        let (touch, member) = next?;
        table.names.prefetch(member.prefix);
        Some((touch, member))
    }
}

impl Walk<'_> {
    /// The next entry of all lanes: a touch, and whose it is.
    #[inline]
    fn next(&mut self) -> Option<(Touch, MemberRef)> {
        if let [only] = self.lanes.as_mut_slice() {
            if self.batch.is_empty() {
                let entries = std::iter::from_fn(|| only.step(self.table, self.reverse));
                self.batch.extend(entries.take(BATCH));
            }
            return self.batch.pop_front();
        }
        let (time, _, lane, member, ttl) = self.heads.pop()?;
        self.advance(lane);
        let at = time.unsigned_abs();
        Some((Touch { at, ttl }, member))
    }

    /// Calls `f` with the next member. Returns whether there was one.
    #[inline]
    pub fn step(&mut self, f: impl FnOnce(MemberView)) -> bool {
        let next = self.next();
        next.map(|found| self.table.with_member(found, f)).is_some()
    }

    /// Puts a lane's next entry among the heads.
    fn advance(&mut self, lane: usize) {
        if let Some((touch, member)) = self.lanes[lane].step(self.table, self.reverse) {
            // Lanes stand by ttl, the longest first. The heap gives the largest first.
            let (time, order) = (touch.at as i64, -(lane as i64));
            let sign = if self.reverse { -1 } else { 1 };
            let (time, order) = (sign * time, sign * order);
            self.heads.push((time, order, lane, member, touch.ttl));
        }
    }
}
