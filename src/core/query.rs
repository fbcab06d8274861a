//! Which members a question is about: those online, or those seen within a window, at one moment and under one
//! retention.

use super::time::Millis;
use super::touch::Touch;

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

/// A span at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Nobody who was seen before this.
    from: Millis,
    /// Everybody who was seen at this moment or later; of the others those who are online.
    all_from: Millis,
    now: Millis,
}

impl Query {
    /// Of a span at `now`, in a set that retains so long.
    pub(in crate::core) fn new(span: Span, retain: Millis, now: Millis) -> Query {
        let since = |ago| (now + 1).saturating_sub(ago);
        let (from, all_from) = match span {
            Span::Online => (0, Millis::MAX),
            Span::Within(window) => (since(window), since(retain)),
        };
        Query {
            from,
            all_from,
            now,
        }
    }

    /// Who is remembered.
    pub(in crate::core) fn remembered(retain: Millis, now: Millis) -> Query {
        Query::new(Span::Within(Millis::MAX), retain, now)
    }

    /// The moment that it is about.
    pub(in crate::core) fn now(&self) -> Millis {
        self.now
    }

    /// Whether a member with this touch is one of them.
    pub(in crate::core) fn has(&self, touch: Touch) -> bool {
        self.reaches(touch.at) && (self.has_all_from(touch.at) || touch.is_online(self.now))
    }

    /// Whether anybody who was seen then can be one of them.
    pub(in crate::core) fn reaches(&self, at: Millis) -> bool {
        at >= self.from
    }

    /// Whether everybody who was seen then or later is one of them, as far as the query reaches.
    pub(in crate::core) fn has_all_from(&self, at: Millis) -> bool {
        at >= self.all_from
    }

    /// Of members of one ttl, those are in it who were seen later than this; `None`: all.
    pub(in crate::core) fn cut(&self, ttl: Millis) -> Option<Millis> {
        let since = match ttl {
            // Those who left are offline whatever the clock says.
            0 => self.all_from,
            _ => self.all_from.min((self.now + 1).saturating_sub(ttl)),
        };
        since.max(self.from).checked_sub(1)
    }
}
