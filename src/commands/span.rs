//! What `WINDOW` says a question is about.

use super::spec::Arg;
use crate::core::time::Millis;
use crate::core::{PresenceSet, Span};
use crate::error::{Error, Result};

/// The option's documentation.
pub const WINDOW: Arg = Arg::integer(c"milliseconds").token(c"WINDOW").optional();

/// The members a question is about: those online, or with a window all that are remembered and were seen within it. A
/// window longer than the key remembers would silently find too few, and is refused.
pub fn of(window: Option<Millis>, set: &PresenceSet) -> Result<Span> {
    match window {
        None => Ok(Span::Online),
        Some(window) if window > set.memory() => Err(Error::WindowTooLong(set.memory())),
        Some(window) => Ok(Span::Within(window)),
    }
}
