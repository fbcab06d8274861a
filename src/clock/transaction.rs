//! The instant that all commands of a transaction or a script see, on a server that does not hand it out (Redis 7.0).
//!
//! There the server's cached time stands in INFO alone, which takes some microseconds to write. So it is noted when a
//! transaction or script begins, which is a command that a client or another module sends and that passes through the
//! command filters. Its commands go by the note. Those of a script pass through the filters as well, but the server says
//! that it is inside; the next command that is not inside ends the note.
//!
//! A filter takes a little of every command's time, so there is none until the first transaction that has to ask. That
//! one is told by INFO, as is one that begins by a name of its own (`rename-command`).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::clock;
use crate::core::time::Millis;
use crate::ffi::command_filter::{self, CommandFilter, FilteredCommand};
use crate::ffi::context::Context;

/// When the present transaction or script began, or a command came that may be one; 0: it is not noted.
static BEGAN: AtomicU64 = AtomicU64::new(0);
/// Whether there is a filter that ends the note.
static FILTERED: AtomicBool = AtomicBool::new(false);

/// The instant of the present transaction or script, as `ask` says where it is not noted yet. `None`: the command that runs
/// is in neither.
#[inline]
pub fn instant(ctx: Context, ask: impl FnOnce() -> Millis) -> Option<Millis> {
    if !ctx.is_inside_transaction() {
        return None;
    }
    Some(match BEGAN.load(Ordering::Relaxed) {
        0 => note(ctx, ask()),
        began => began,
    })
}

#[cold]
fn note(ctx: Context, now: Millis) -> Millis {
    if !FILTERED.load(Ordering::Relaxed) {
        let filtered = command_filter::register::<Note>(ctx);
        FILTERED.store(filtered, Ordering::Relaxed);
    }
    // Without a filter the note would never end.
    if FILTERED.load(Ordering::Relaxed) {
        BEGAN.store(now, Ordering::Relaxed);
    }
    now
}

/// What ends the note, or begins one.
struct Note;

impl CommandFilter for Note {
    fn filter(command: &FilteredCommand) {
        // EXEC, EVAL and FCALL with all their forms. Others of these letters cost a look at the clock, and no more.
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
