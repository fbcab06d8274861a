//! `EX seconds | PX ms`: how long something lasts, for the commands that take it.

use crate::arg::{Arg, Numbers};
use crate::core::time::Millis;
use crate::error::Result;
use crate::parse::{self, Options};

pub const EX: Arg = Arg::integer(c"seconds")
    .numbers(Numbers::Seconds)
    .token(c"EX");
pub const PX: Arg = Arg::integer(c"milliseconds")
    .numbers(Numbers::Duration)
    .token(c"PX");
/// Either of them, or none.
pub const EXPIRATION: Arg = Arg::one_of(c"expiration", &[EX, PX]).optional();

/// Reads the value of `option`, which may be given once, if it is one of these. Returns whether it is.
pub fn read(option: &[u8], options: &mut Options, ttl: &mut Option<Millis>) -> Result<bool> {
    let millis = if EX.is(option) {
        options.millis(&EX)? * 1000
    } else if PX.is(option) {
        options.millis(&PX)?
    } else {
        return Ok(false);
    };
    parse::once(ttl, millis, &EXPIRATION)?;
    Ok(true)
}
