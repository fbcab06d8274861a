//! Where changes come from.

use crate::answer::Answer;
use crate::core::TouchMode;
use crate::core::time::Millis;
use crate::ffi::context::Context;

/// Where changes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A client of this server, or its own eviction: the change is resolved here, replicated, and its events are
    /// published.
    Here,
    /// A primary or a log: the change is resolved already, applied as it stands and passed on verbatim.
    Replayed,
}

/// Whether commands of a primary or a log may come at all, since each touch would have to ask the server otherwise. To a
/// primary that is not loading nothing comes, except in a cluster, where slots move.
static MAY_REPLAY: Answer = Answer::new();

/// The server's role has changed, or it begins or ends to load data.
pub fn ask_again() {
    MAY_REPLAY.forget();
}

impl Origin {
    /// The origin of the command that is running.
    #[inline(always)]
    pub fn of(ctx: Context) -> Origin {
        match MAY_REPLAY.get(|| !ctx.is_primary() || ctx.is_loading() || ctx.is_in_cluster())
            && ctx.is_replayed()
        {
            true => Origin::Replayed,
            false => Origin::Here,
        }
    }

    #[inline(always)]
    pub fn is_replayed(self) -> bool {
        self == Origin::Replayed
    }

    /// The mode of a touch; `at` is the time that it gives, if it does.
    #[inline(always)]
    pub fn mode_of_touch(self, at: Option<Millis>) -> TouchMode {
        match (self, at) {
            (Origin::Replayed, _) => TouchMode::Replayed,
            (Origin::Here, None) => TouchMode::Now,
            (Origin::Here, Some(_)) => TouchMode::Past,
        }
    }
}
