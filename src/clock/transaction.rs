//! The instant that all commands of a transaction or a script see, on a server without an API for it (Redis 7.0).
//!
//! There only INFO has the server's cached time, and takes some microseconds to write. So the module stores the time
//! when a transaction or a script begins: a command filter sees the command that may begin one, before it runs. The
//! commands inside use the stored time. Those of a script pass through the filter as well, but the server says that
//! they are inside; the next command that is not inside clears it.
//!
//! A filter costs a little of every command's time, so there is none until the first transaction that needs it. That
//! one gets its time from INFO, as does one that begins by a renamed command (`rename-command`).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::clock;
use crate::core::time::Millis;
use crate::ffi::command_filter::{self, CommandFilter, FilteredCommand};
use crate::ffi::context::Context;

/// When the current transaction or script, or a command that may be one, began; 0 if that is not known.
static BEGAN: AtomicU64 = AtomicU64::new(0);
/// Whether the filter is registered, which clears [`BEGAN`].
static FILTERED: AtomicBool = AtomicBool::new(false);

/// The instant of the current transaction or script, from `ask` if it is not known yet. `None`: the command that runs
/// is in neither.
#[inline]
pub fn instant(ctx: Context, ask: impl FnOnce() -> Millis) -> Option<Millis> {
    if !ctx.is_inside_transaction() {
        return None;
    }
    Some(match BEGAN.load(Ordering::Relaxed) {
        0 => store(ctx, ask()),
        began => began,
    })
}

#[cold]
fn store(ctx: Context, now: Millis) -> Millis {
    if !FILTERED.load(Ordering::Relaxed) {
        let filtered = command_filter::register::<Beginnings>(ctx);
        FILTERED.store(filtered, Ordering::Relaxed);
    }
    // Without a filter it would never be cleared.
    if FILTERED.load(Ordering::Relaxed) {
        BEGAN.store(now, Ordering::Relaxed);
    }
    now
}

/// Stores the time when a transaction or script may begin, and clears it after that.
struct Beginnings;

impl CommandFilter for Beginnings {
    fn filter(command: &FilteredCommand) {
        // EXEC, EVAL, FCALL and their variants. Other commands with these letters only cost a look at the clock.
        let may_begin = matches!(command.name().first(), Some(b'E' | b'e' | b'F' | b'f'));
        if !may_begin && BEGAN.load(Ordering::Relaxed) == 0 {
            return;
        }
        if !command.is_inside_transaction() {
            let began = if may_begin { clock::wall() } else { 0 };
            BEGAN.store(began, Ordering::Relaxed);
        }
    }
}
