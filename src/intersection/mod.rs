//! Which members of a set or a sorted set of the server's are online in a presence key.
//!
//! What is not over within a bite of time goes on later where the client can wait ([`waiting`]), so that a large set keeps
//! nobody else waiting. In a transaction or a script it has to be done at once.

mod name_buffer;
mod search;
mod waiting;

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::KeyName;

pub use search::Answer;
pub use waiting::check_timer;

use search::Search;

/// How long a search keeps other clients waiting at a time.
const BITE: Duration = Duration::from_millis(1);

/// Answers the running command with those elements of the set at `other` that are online in `key`, at most `limit`: at
/// once, or later if that takes longer than a bite.
pub fn answer(
    keyspace: &mut Keyspace,
    key: KeyName,
    other: KeyName,
    answer: Answer,
    limit: usize,
) -> Result {
    let ctx = keyspace.context();
    let mut search = Search::new(answer, limit);
    let bite = match ctx.may_block() {
        true => BITE,
        false => Duration::MAX,
    };
    match go_on_for(bite, &mut search, keyspace, key, other)? {
        true => waiting::wait(ctx, key, other, search),
        false => search.reply(ctx),
    }
    Ok(())
}

/// Goes on for a bite of time. Returns whether there may be more to find.
fn go_on_for(
    bite: Duration,
    search: &mut Search,
    keyspace: &mut Keyspace,
    key: KeyName,
    other: KeyName,
) -> Result<bool> {
    let start = Instant::now();
    loop {
        if !search.go_on(keyspace, key, other)? {
            return Ok(false);
        }
        if start.elapsed() >= bite {
            return Ok(true);
        }
    }
}
