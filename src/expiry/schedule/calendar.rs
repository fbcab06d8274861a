//! A hierarchical timing wheel whose slots are in a tree: entries in the order of their buckets, sorted only as far as
//! they have to be by now.
//!
//! As in a timing wheel (Varghese and Lauck, "Hashed and hierarchical timing wheels", 1987), an entry waits in a coarse
//! slot, which is split into finer ones shortly before it begins. So an entry moves a few times in its life, and the
//! number of slots hardly depends on the number of entries. Here the slots are *spans* of 64^level buckets, and only
//! those with entries exist, in a tree by their first bucket. A wheel has a current time, and everything in it is
//! later. The tree has none: entries may be added before all others, and the clock may jump by years either way,
//! without empty slots to walk or entries to move.

use std::collections::BTreeMap;

use super::pages::{Packed, Pages, Token};

/// A span has 2^6 times as many buckets as one of the level below.
const STEP: u32 = 6;
/// The highest level: spans of 139 years. Buckets have 40 bits.
const TOP: u32 = 6;
/// What a span takes in a node of the tree.
const SPAN: usize = 64;

/// A run of 64^level buckets, aligned to its length.
struct Span {
    level: u32,
    pages: Pages,
}

impl Span {
    /// How many bytes of its bucket's number each entry stores.
    fn low_bytes(&self) -> usize {
        (self.level * STEP).div_ceil(8) as usize
    }
}

pub struct Calendar {
    /// By their first buckets. They do not overlap.
    spans: BTreeMap<u64, Span>,
    /// The span that is being split into those of the level below, and its first bucket.
    opened: Option<(u64, Span)>,
    /// The bucket that had ended last at the latest call. A hint: it only decides how long a new span is.
    now: u64,
    walk: Option<Walk>,
    /// What was flushed but not freed yet.
    flushed: Pages,
    /// Bytes allocated.
    held: usize,
}

/// A walk over all entries.
struct Walk {
    /// The first bucket of the span that is walked; if that is gone, the walk goes on at the next one.
    from: u64,
    /// How many of its pages, from the first on, are still to be seen.
    left: usize,
}

/// An entry, taken out.
pub struct Taken {
    pub bucket: u64,
    pub token: Token,
    pub name: Vec<u8>,
}

/// The result of a step.
pub enum Step {
    Entry(Taken),
    /// An entry was moved, or a span opened: there may be one to take at the next step.
    Moved,
    /// There is none.
    End,
}

impl Calendar {
    pub const fn new() -> Calendar {
        Calendar {
            spans: BTreeMap::new(),
            opened: None,
            now: 0,
            walk: None,
            flushed: Pages::new(),
            held: 0,
        }
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.held
    }

    pub fn add(&mut self, bucket: u64, token: Token, name: &[u8]) {
        let level = self.level_for(bucket);
        put(&mut self.spans, level, bucket, token, name, &mut self.held);
    }

    /// The level of the span that a bucket is in, or of the longest one that can be made for it: one that contains no
    /// other span, nor the present, since it would be split at once.
    fn level_for(&self, bucket: u64) -> u32 {
        let has = |start: u64, span: &Span| first_of(bucket, span.level) == start;
        if let Some((start, span)) = &self.opened
            && has(*start, span)
        {
            return span.level - 1;
        }
        let before = self.spans.range(..=bucket).next_back();
        if let Some((start, span)) = before
            && has(*start, span)
        {
            return span.level;
        }
        let before = before.map(|(start, _)| *start);
        let after = self.spans.range(bucket..).next().map(|(start, _)| *start);
        let opened = self.opened.as_ref().map(|(start, _)| *start);
        // The lowest level at which one span would contain both this bucket and the other.
        let joins = |other: u64| (64 - (bucket ^ other).leading_zeros()).div_ceil(STEP);
        let others = [before, after, opened].into_iter().flatten();
        let longest = others.fold(joins(self.now), |least, other| least.min(joins(other)));
        longest.saturating_sub(1).min(TOP)
    }

    /// Takes an entry out of the earliest bucket, if that has ended by now, or does a small step towards that.
    pub fn step(&mut self, now: u64) -> Step {
        self.now = now;
        if !self.is_due(now) {
            return Step::End;
        }
        let opened = self.opened.as_ref().map(|(start, _)| *start);
        match self.spans.first_key_value() {
            Some((&start, span)) if span.level == 0 && opened.is_none_or(|at| start < at) => {
                self.take(start).map_or(Step::Moved, Step::Entry)
            }
            _ => {
                self.unpack();
                Step::Moved
            }
        }
    }

    /// Whether [`step`](Self::step) would have something to do.
    pub fn is_due(&self, now: u64) -> bool {
        let first = self.spans.first_key_value().map(|(start, _)| *start);
        let opened = self.opened.as_ref().map(|(start, _)| *start);
        first.into_iter().chain(opened).any(|start| start <= now)
    }

    /// Takes the next entry of a span out.
    fn take(&mut self, start: u64) -> Option<Taken> {
        let span = self.spans.get_mut(&start)?;
        let (entry, size) = span.pages.next(span.low_bytes())?;
        let taken = Taken {
            bucket: start | entry.low,
            token: entry.token,
            name: entry.name.to_vec(),
        };
        span.pages.remove(size, &mut self.held);
        if span.pages.is_empty() {
            self.spans.remove(&start);
            self.held -= SPAN;
        }
        Some(taken)
    }

    /// Moves one entry of the span that is being split, or opens the first one.
    fn unpack(&mut self) {
        let Some((start, span)) = &mut self.opened else {
            self.opened = self.spans.pop_first();
            return;
        };
        let Some((entry, size)) = span.pages.next(span.low_bytes()) else {
            self.opened = None;
            self.held -= SPAN;
            return;
        };
        let Packed { token, low, name } = entry;
        let (spans, level) = (&mut self.spans, span.level - 1);
        put(spans, level, *start | low, token, name, &mut self.held);
        span.pages.remove(size, &mut self.held);
    }

    /// Works ahead in up to so many small steps: frees what was flushed, and splits the next span from a quarter of its
    /// length before it begins. Returns whether there is more to do.
    pub fn tidy(&mut self, now: u64, steps: usize) -> bool {
        self.now = now;
        for _ in 0..steps {
            if !self.flushed.is_empty() {
                self.flushed.free_page(&mut self.held);
            } else if self.opened.is_some() || self.begins_soon() {
                self.unpack();
            } else {
                return false;
            }
        }
        true
    }

    fn begins_soon(&self) -> bool {
        let first = self.spans.first_key_value();
        first.is_some_and(|(start, span)| {
            span.level > 0 && *start <= self.now + (1 << (STEP * span.level)) / 4
        })
    }

    /// Whether a walk is under way.
    pub fn is_walked(&self) -> bool {
        self.walk.is_some()
    }

    /// Takes out the next entry of a walk over all entries; it may be added again. The walk begins with the first call,
    /// and again after the end. It visits every entry that is there throughout.
    pub fn walk(&mut self) -> Step {
        let walk = self.walk.get_or_insert(Walk { from: 0, left: 0 });
        if self.opened.is_some() {
            self.unpack();
            return Step::Moved;
        }
        let Some((&start, span)) = self.spans.range_mut(walk.from..).next() else {
            self.walk = None;
            return Step::End;
        };
        if start != walk.from || walk.left == 0 {
            *walk = Walk {
                from: start,
                left: span.pages.len(),
            };
            // What is added again goes behind these pages, and is not visited twice.
            span.pages.turn_page(&mut self.held);
        }
        let pages = span.pages.len();
        let taken = self.take(start);
        let rest = self.spans.get(&start).map_or(0, |span| span.pages.len());
        if let Some(walk) = &mut self.walk {
            walk.left = walk.left.saturating_sub(pages - rest);
            walk.from += u64::from(walk.left == 0);
        }
        taken.map_or(Step::Moved, Step::Entry)
    }

    /// Forgets all entries. [`tidy`](Self::tidy) frees them.
    pub fn clear(&mut self) {
        self.walk = None;
        let opened = self.opened.take().map(|(_, span)| span);
        let spans = std::mem::take(&mut self.spans).into_values();
        for mut span in spans.chain(opened) {
            self.flushed.append(&mut span.pages);
            self.held -= SPAN;
        }
    }
}

/// The first bucket of the span of a level that a bucket is in.
fn first_of(bucket: u64, level: u32) -> u64 {
    bucket >> (STEP * level) << (STEP * level)
}

/// Adds an entry to its span of this level, which is made if there is none.
fn put(
    spans: &mut BTreeMap<u64, Span>,
    level: u32,
    bucket: u64,
    token: Token,
    name: &[u8],
    held: &mut usize,
) {
    let start = first_of(bucket, level);
    let span = spans.entry(start).or_insert_with(|| {
        *held += SPAN;
        Span {
            level,
            pages: Pages::new(),
        }
    });
    let low = bucket - start;
    let low_bytes = span.low_bytes();
    span.pages
        .push(Packed { token, low, name }, low_bytes, held);
}
