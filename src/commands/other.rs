//! `other [LIMIT limit]`: what a presence key is intersected with, and how many members are found at most.

use crate::arg::{Arg, Numbers};
use crate::error::Result;
use crate::parse::{self, Options};

/// The set or sorted set.
pub const OTHER: Arg = Arg::key(c"other");
/// 0 is no limit, as it is for `SINTERCARD`.
pub const LIMIT: Arg = Arg::integer(c"limit")
    .numbers(Numbers::Limit)
    .token(c"LIMIT")
    .optional();

/// Reads the value of `LIMIT`, the option just read.
pub fn read_limit(options: &mut Options, limit: &mut Option<usize>) -> Result {
    let found = match options.number(&LIMIT)? {
        0 => usize::MAX,
        number => usize::try_from(number).unwrap_or(usize::MAX),
    };
    parse::once(limit, found, &LIMIT)
}
