//! A member who has sessions.

use std::collections::BTreeSet;

use crate::core::refs::EntryId;
use crate::core::time::Millis;
use crate::core::touch::Touch;

/// No session.
const NONE: u32 = u32::MAX;

/// A member who has sessions.
#[derive(Clone)]
pub struct Owner {
    /// The member's entry in the table's timeline; `NONE` of one who has ended.
    pub entry: EntryId,
    /// The only session, where there is nothing else.
    sole: u32,
    shared: Option<Box<Shared>>,
}

/// What an owner has that has more than one session.
#[derive(Clone, Default)]
struct Shared {
    /// The touch of the member itself.
    touch: Option<Touch>,
    /// The sessions, each with when it is due.
    by_due: BTreeSet<(Millis, u32)>,
}

impl Default for Owner {
    fn default() -> Self {
        Owner::new(EntryId::NONE)
    }
}

impl Owner {
    /// An owner without sessions.
    pub fn new(entry: EntryId) -> Owner {
        Owner {
            entry,
            sole: NONE,
            shared: None,
        }
    }

    /// Bytes of what it owns, about.
    pub fn bytes(&self) -> usize {
        /// A node of a `BTreeSet`, of up to eleven items.
        const NODE: usize = 192;
        /// Items in each of many nodes, on the average.
        const IN_NODE: usize = 8;
        self.shared.as_ref().map_or(0, |shared| {
            size_of::<Shared>() + shared.by_due.len().div_ceil(IN_NODE) * NODE
        })
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        match &self.shared {
            None => usize::from(self.sole != NONE),
            Some(shared) => shared.by_due.len(),
        }
    }

    /// Whether it has more than one session, or had.
    #[inline]
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// The only session, where nothing else counts.
    pub fn sole(&self) -> Option<u32> {
        (self.shared.is_none() && self.sole != NONE).then_some(self.sole)
    }

    /// The sessions, in the order in which they are due.
    pub fn sessions(&self) -> impl Iterator<Item = u32> + '_ {
        let shared = self.shared.iter().flat_map(|shared| &shared.by_due);
        let shared = shared.map(|(_, session)| *session);
        self.sole().into_iter().chain(shared)
    }

    /// The touch of the member itself.
    pub fn touch(&self) -> Option<Touch> {
        self.shared.as_ref()?.touch
    }

    /// When the last of what an owner has that is shared is due. `None` of one that is not.
    pub fn last_due(&self) -> Option<Millis> {
        let shared = self.shared.as_ref()?;
        let last = shared.by_due.last().map(|(due, _)| *due);
        let own = shared.touch.map(Touch::end);
        last.into_iter().chain(own).max()
    }

    /// Adds a session; `due_of` says when one is due.
    pub fn add(&mut self, session: u32, due_of: impl Fn(u32) -> Millis) {
        if self.shared.is_none() && self.sole == NONE {
            self.sole = session;
            return;
        }
        let due = due_of(session);
        self.share(due_of).by_due.insert((due, session));
    }

    /// A session, or none of them, that was due at `old` is due at `new`.
    pub fn due_changed(&mut self, session: u32, old: Millis, new: Millis) {
        if let Some(shared) = &mut self.shared {
            shared.by_due.remove(&(old, session));
            shared.by_due.insert((new, session));
        }
    }

    /// Takes a session away, which is due then.
    pub fn remove(&mut self, session: u32, due: Millis) {
        match &mut self.shared {
            None => self.sole = NONE,
            Some(shared) => {
                shared.by_due.remove(&(due, session));
            }
        }
        self.simplify();
    }

    /// The member itself was touched; `None`: that does not count any more.
    pub fn set_touch(&mut self, touch: Option<Touch>, due_of: impl Fn(u32) -> Millis) {
        if touch.is_some() || self.shared.is_some() {
            self.share(due_of).touch = touch;
            self.simplify();
        }
    }

    fn share(&mut self, due_of: impl Fn(u32) -> Millis) -> &mut Shared {
        let sole = self.sole();
        self.sole = NONE;
        self.shared.get_or_insert_with(|| {
            Box::new(Shared {
                touch: None,
                by_due: sole.map(|sole| (due_of(sole), sole)).into_iter().collect(),
            })
        })
    }

    /// Where one session is left, and nothing else, that is all there is.
    fn simplify(&mut self) {
        let Some(shared) = &self.shared else { return };
        if shared.touch.is_none() && shared.by_due.len() <= 1 {
            self.sole = shared.by_due.first().map_or(NONE, |(_, session)| *session);
            self.shared = None;
        }
    }
}
