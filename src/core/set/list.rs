//! Listing members in the order they were last seen, from any position on.

use super::members::PresenceSet;
use crate::core::member::MemberView;
use crate::core::query::{List, Query};
use crate::core::table::Walk;
use crate::core::time::Millis;

/// The members of a page, to be walked once.
pub struct Page<'a> {
    len: usize,
    members: Members<'a>,
}

enum Members<'a> {
    Small(Vec<MemberView<'a>>),
    Table(Walk<'a>),
}

impl PresenceSet {
    /// The members of a page at `now`. Finding its beginning is O(log n) for each lane, whatever the offset.
    pub fn list(&mut self, list: &List, now: Millis) -> Page<'_> {
        let total = self.count(list.span, now);
        if let Some(table) = self.table_box_mut() {
            table.timeline.keep_up(now);
        }
        let len = total.saturating_sub(list.offset).min(list.limit);
        let set = &*self;
        let query = Query::new(list.span, set.retain(), now);
        let members = if let Some(small) = set.small() {
            let mut members = small.in_order(|touch| query.has(touch));
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
            Members::Table(table.walk(query, list.reverse, newer, len))
        };
        Page { len, members }
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

    /// Calls `f` with each member.
    pub fn each(self, mut f: impl FnMut(MemberView)) {
        match self.members {
            Members::Small(members) => members.into_iter().for_each(f),
            Members::Table(mut walk) => {
                for _ in 0..self.len {
                    let stepped = walk.step(&mut f);
                    debug_assert!(stepped, "the page ends early");
                }
            }
        }
    }
}
