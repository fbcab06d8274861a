//! What a presence key holds: members, settings and the peak.
//!
//! Every change is a function of the state and its arguments alone, so that servers that apply the same changes in the
//! same order hold the same state, whatever their clocks say. That includes the order of members seen in the same
//! millisecond: it decides which of them a limited eviction takes first.

use super::settings::{Peak, Settings, StoredPeak, StoredSettings};
use crate::core::index::MAX_NAMES;
use crate::core::member::{LookupKey, MemberView};
use crate::core::memory::Uint;
use crate::core::query::{Query, Span};
use crate::core::rare_settings::RareSettings;
use crate::core::small::Small;
use crate::core::table::{Batch, Emptied, Sessions, Table};
use crate::core::time::{MAX_TIME, Millis};
use crate::core::touch::{Touch, TouchState};

/// Why a change was refused. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The set would have more members than it can address (half a billion of one form).
    Full,
    /// A touch of the past lies in the future.
    AtInFuture,
    /// What is due in the future is not due.
    CutoffInFuture,
    /// In these settings the resolution is more than half of the ttl.
    ResolutionTooLong(Settings),
    /// The set would have more groups than it can have.
    TooManyGroups,
    /// More members would be online than the cap allows.
    Capped {
        /// How many are.
        online: u64,
    },
}

/// How a set is stored. Without members it is small.
#[derive(Clone)]
pub enum Form {
    Small(Small),
    Table(Box<Table>),
}

/// Members who are online or remembered, with the settings and the peak of their key.
#[derive(Clone)]
pub struct PresenceSet {
    pub(super) settings: StoredSettings,
    peak: StoredPeak,
    /// For the owner of the set, and no part of its state. A structure around this one would need another 8 bytes for
    /// it, where this one has 5 to spare; and small sets are many.
    pub owner_word: Uint<5>,
    pub(in crate::core) form: Form,
}

impl PresenceSet {
    /// A set without members, made at `now`.
    pub fn new(settings: Settings, now: Millis) -> PresenceSet {
        let mut set = PresenceSet {
            settings: StoredSettings::new(settings),
            peak: StoredPeak::new(Peak::default()),
            owner_word: Uint::new(0),
            form: Form::Small(Small::empty(now.min(MAX_TIME), true)),
        };
        set.set_rare(&settings);
        set
    }

    /// The settings of the key.
    #[inline]
    pub fn settings(&self) -> Settings {
        self.settings.with(self.rare())
    }

    /// The settings' retain.
    #[inline]
    pub(in crate::core) fn retain(&self) -> Millis {
        self.settings.retain.get()
    }

    /// New settings. Ttl and resolution apply to touches from now on, retain and linger to all there is.
    pub(in crate::core) fn configure(&mut self, settings: Settings) {
        self.settings = StoredSettings::new(settings);
        self.set_rare(&settings);
    }

    /// The settings that few sets have.
    #[inline(always)]
    pub(super) fn rare(&self) -> RareSettings {
        match &self.form {
            Form::Small(small) => small.rare(),
            Form::Table(table) => table.rare,
        }
    }

    /// Whether a touch may be refused, or change nothing, because of such a setting.
    #[inline(always)]
    pub fn has_rare_settings(&self) -> bool {
        !self.rare().is_none()
    }

    /// Sets them; a resolution to no more than the ttl allows: what is out of bounds comes from no client, and would make
    /// a dump that is refused.
    fn set_rare(&mut self, settings: &Settings) {
        let longest = Settings::longest_resolution(self.settings.ttl.get());
        self.restore_rare(RareSettings {
            resolution: Uint::new(settings.resolution.min(longest)),
            cap: Uint::new(settings.cap),
        });
    }

    fn restore_rare(&mut self, rare: RareSettings) {
        match &mut self.form {
            Form::Small(small) => small.set_rare(rare),
            Form::Table(table) => table.rare = rare,
        }
    }

    /// The most members that were online at once.
    #[inline]
    pub fn peak(&self) -> Peak {
        self.peak.get()
    }

    /// Replaces the peak, by one carried over from elsewhere or by none.
    pub(in crate::core) fn set_peak(&mut self, peak: Peak) {
        self.peak = StoredPeak::new(peak);
    }

    /// Members stored, remembered or still to be evicted.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Small(small) => small.len(),
            Form::Table(table) => table.len(),
        }
    }

    /// Whether there are no members, not even some still to be evicted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Since when there have been no members; 0 where there are some.
    pub fn empty_since(&self) -> Millis {
        match &self.form {
            Form::Small(small) => small.empty_since(),
            Form::Table(table) => table.emptied().map_or(0, |emptied| emptied.since),
        }
    }

    /// Whether there never was a member.
    pub fn is_untouched(&self) -> bool {
        match &self.form {
            Form::Small(small) => small.is_untouched(),
            Form::Table(table) => table.emptied().is_some_and(|emptied| emptied.is_untouched),
        }
    }

    /// Makes a set without members one that had some until then. The memory of a table goes, but for what is there beside
    /// members.
    pub(in crate::core) fn set_emptied(&mut self, at: Millis) {
        debug_assert!(self.is_empty());
        let rare = self.rare();
        let emptied = Emptied {
            since: at.min(MAX_TIME),
            is_untouched: false,
        };
        let sessions = match &mut self.form {
            Form::Small(_) => None,
            Form::Table(table) => table.sessions.take(),
        };
        self.form = match sessions {
            Some(mut sessions) if !sessions.is_empty() => {
                sessions.emptied = Some(emptied);
                Form::Table(Box::new(Table {
                    sessions: Some(sessions),
                    ..Table::default()
                }))
            }
            _ => Form::Small(Small::empty(emptied.since, false)),
        };
        self.restore_rare(rare);
    }

    /// The sessions, for which a set without members becomes a table.
    pub(in crate::core) fn make_sessions(&mut self) -> &mut Sessions {
        let small = self.small().filter(|small| small.len() == 0);
        let emptied = small.map(|small| Emptied {
            since: small.empty_since(),
            is_untouched: small.is_untouched(),
        });
        let sessions = self.make_table().sessions.get_or_insert_default();
        if emptied.is_some() {
            sessions.emptied = emptied;
        }
        sessions
    }

    /// Where there is nothing left for which a set without members is a table, it is none.
    pub(in crate::core) fn drop_sessions(&mut self) {
        let Form::Table(table) = &mut self.form else {
            return;
        };
        table.drop_sessions();
        if let Some(Emptied {
            since,
            is_untouched,
        }) = table.emptied()
            && table.sessions.as_ref().is_none_or(|all| all.is_empty())
        {
            let rare = self.rare();
            self.form = Form::Small(Small::empty(since, is_untouched));
            self.restore_rare(rare);
        }
    }

    /// A set of the same settings and peak that has had no members since `at`.
    pub fn emptied(&self, at: Millis) -> PresenceSet {
        let mut emptied = PresenceSet::new(self.settings(), at);
        emptied.set_peak(self.peak());
        emptied.set_emptied(at);
        emptied
    }

    /// The longest a member can be remembered by this key's settings: what a window may not exceed.
    pub fn memory(&self) -> Millis {
        self.settings.ttl.get().max(self.retain())
    }

    pub(super) fn remembers(&self, touch: Touch, now: Millis) -> bool {
        touch.is_online(now) || now < touch.at + self.retain()
    }

    /// Whether as many members as this could be added.
    pub(in crate::core) fn check_room_for(&self, more: usize) -> Result<(), Error> {
        match &self.form {
            Form::Small(small) if small.len() + more < MAX_NAMES => Ok(()),
            Form::Table(table) if table.has_room_for(more) => Ok(()),
            _ => Err(Error::Full),
        }
    }

    /// Calls `f` for each member; see [`each_batch`](Self::each_batch).
    pub(super) fn in_batches<'a>(
        &mut self,
        members: impl Iterator<Item = &'a [u8]>,
        entries: bool,
        mut f: impl FnMut(&mut Self, &LookupKey<'a>),
    ) {
        self.each_batch(members, entries, |set, batch| {
            for member in batch {
                f(set, member);
            }
        });
    }

    /// Calls `f` for some members after the other. Where the set is a table, their buckets have been prefetched, and also
    /// their entries where `entries` says so.
    pub(super) fn each_batch<'a>(
        &mut self,
        mut members: impl Iterator<Item = &'a [u8]>,
        entries: bool,
        mut f: impl FnMut(&mut Self, &[LookupKey<'a>]),
    ) {
        loop {
            let Form::Table(table) = &self.form else {
                let Some(name) = members.next() else { return };
                f(self, &[LookupKey::new(name)]);
                continue;
            };
            let batch = Batch::of(&mut members);
            table.prefetch(batch.members());
            if entries {
                table.prefetch_entries(batch.members());
            }
            if batch.members().is_empty() {
                return;
            }
            f(self, batch.members());
        }
    }

    /// A member's newest touch is this one. `keep` is asked about the touch that is there, and says whether it is to
    /// stay instead. Returns whether there was one.
    pub(in crate::core) fn put(
        &mut self,
        member: &LookupKey,
        state: TouchState,
        keep: impl FnOnce(TouchState) -> bool,
    ) -> bool {
        if let Form::Small(small) = &mut self.form {
            let name = member.name();
            if let Some((offset, old)) = small.find(name) {
                if !keep(old) {
                    small.set(offset, state);
                }
                return true;
            }
            if small.has_room_for(name) {
                small.push(name, state);
                return false;
            }
        }
        let table = self.make_table();
        table.set(member, state, keep)
    }

    /// The set's table; a small set becomes one.
    #[inline]
    pub(in crate::core) fn make_table(&mut self) -> &mut Table {
        if self.small().is_some() {
            self.become_table();
        }
        match &mut self.form {
            Form::Table(table) => table,
            Form::Small(_) => unreachable!("it was made a table above"),
        }
    }

    #[cold]
    fn become_table(&mut self) {
        let mut table = Box::<Table>::default();
        if let Form::Small(small) = &self.form {
            table.rare = small.rare();
            for (name, state) in small.iter_states() {
                let key = LookupKey::with_hash(name);
                table.set(&key, state, |_| false);
            }
        }
        self.form = Form::Table(table);
    }

    pub(super) fn is_online(&self, member: &LookupKey, now: Millis) -> bool {
        match &self.form {
            Form::Small(small) => small
                .find(member.name())
                .is_some_and(|(_, state)| state.touch.is_online(now)),
            Form::Table(table) => table.is_online(member, now),
        }
    }

    pub(in crate::core) fn get(&self, member: &LookupKey) -> Option<TouchState> {
        match &self.form {
            Form::Small(small) => small.find(member.name()).map(|(_, state)| state),
            Form::Table(table) => table.get(member),
        }
    }

    /// Raises the peak where more members are online than ever before. Returns whether that was so.
    #[inline]
    pub(in crate::core) fn judge_peak(&mut self, now: Millis) -> bool {
        let highest = self.peak.count.get();
        if self.len() as u64 <= highest {
            return false;
        }
        let count = self.online(now) as u64;
        if count <= highest {
            return false;
        }
        self.set_peak(Peak { count, at: now });
        true
    }

    /// How many members are online at `now`.
    #[inline]
    pub fn online(&mut self, now: Millis) -> usize {
        match &mut self.form {
            Form::Small(small) => small.count(|touch| touch.is_online(now)),
            Form::Table(table) => table.timeline.online(now),
        }
    }

    /// How many members are remembered at `now`.
    pub fn remembered(&mut self, now: Millis) -> usize {
        self.count_of(Query::remembered(self.retain(), now))
    }

    /// How many members a span holds at `now`.
    pub fn count(&mut self, span: Span, now: Millis) -> usize {
        match span {
            Span::Online => self.online(now),
            Span::Within(_) => self.count_of(Query::new(span, self.retain(), now)),
        }
    }

    fn count_of(&mut self, query: Query) -> usize {
        match &mut self.form {
            Form::Small(small) => small.count(|touch| query.has(touch)),
            Form::Table(table) => table.timeline.count(query),
        }
    }

    pub(in crate::core) fn small(&self) -> Option<&Small> {
        match &self.form {
            Form::Small(small) => Some(small),
            Form::Table(_) => None,
        }
    }

    pub(super) fn small_mut(&mut self) -> Option<&mut Small> {
        match &mut self.form {
            Form::Small(small) => Some(small),
            Form::Table(_) => None,
        }
    }

    pub(super) fn table_box_mut(&mut self) -> Option<&mut Box<Table>> {
        match &mut self.form {
            Form::Small(_) => None,
            Form::Table(table) => Some(table),
        }
    }

    pub(in crate::core) fn table(&self) -> Option<&Table> {
        match &self.form {
            Form::Small(_) => None,
            Form::Table(table) => Some(table),
        }
    }

    /// Whether members are online: `f` is given each one in order. Reads less than to look them up.
    pub fn are_online<'a>(
        &mut self,
        members: impl Iterator<Item = &'a [u8]>,
        now: Millis,
        mut f: impl FnMut(&'a [u8], bool),
    ) {
        self.in_batches(members, false, |set, member| {
            f(member.name(), set.is_online(member, now));
        });
    }

    /// Looks members up: `f` is given each name in order, with `None` for one that is not remembered at `now`.
    pub fn look_up<'a>(
        &mut self,
        members: impl Iterator<Item = &'a [u8]>,
        now: Millis,
        mut f: impl FnMut(&'a [u8], Option<MemberView>),
    ) {
        self.in_batches(members, true, |set, member| {
            let state = set.get(member);
            let remembered = state.filter(|state| set.remembers(state.touch, now));
            let view = remembered.map(|state| MemberView {
                meta: set.table().and_then(|table| table.meta(member)),
                ..MemberView::new(member.name(), state.touch)
            });
            f(member.name(), view);
        });
    }
}
