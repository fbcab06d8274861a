//! Listing members in the order they were last seen, from any position on.

use super::seen::Seen;
use super::set::PresenceSet;
use super::time::Millis;
use super::walk::Walk;

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

impl PresenceSet {
    /// The members of a page at `now`. Finding its beginning is O(log n) for each lane, whatever the offset.
    pub fn list(&mut self, list: &List, now: Millis) -> Page<'_> {
        let total = self.count(list.span, now);
        if let Some(table) = self.table_box_mut() {
            table.timeline.mixed_expired(now);
        }
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
                    let Some((seen, address)) = walk.next() else {
                        debug_assert!(false, "the page ends early");
                        return;
                    };
                    walk.with_name(address, |name| f(name, seen));
                }
            }
        }
    }
}
