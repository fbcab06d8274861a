//! `WINDOW`: which members a query is about.

use crate::arg::{Arg, Numbers};
use crate::core::time::Millis;
use crate::core::{PresenceSet, Span};
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::parse::{self, Options};

/// The option's documentation.
pub const WINDOW: Arg = Arg::integer(c"milliseconds")
    .numbers(Numbers::Duration)
    .token(c"WINDOW")
    .optional();

/// Parses the options of a command that has no other.
pub fn parse(args: Args, from: usize) -> Result<Option<Millis>> {
    let mut window = None;
    let mut options = Options::new(args, from);
    while let Some(option) = options.next() {
        if !WINDOW.is(option) {
            return Err(Error::missing(&WINDOW));
        }
        parse::once(&mut window, options.millis(&WINDOW)?, &WINDOW)?;
    }
    Ok(window)
}

/// The members that a query is about: those online, or with a window all who are remembered and were seen within it. A
/// window longer than the key remembers would silently miss some, and is refused.
pub fn of(window: Option<Millis>, set: &PresenceSet) -> Result<Span> {
    match window {
        None => Ok(Span::Online),
        Some(window) if window > set.memory() => Err(Error::WindowTooLong(set.memory())),
        Some(window) => Ok(Span::Within(window)),
    }
}
