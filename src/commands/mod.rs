//! The commands, one file each: a `SPEC`, by which it is registered, and a `run` that parses the arguments, queries or
//! changes the key's set, and replies.

use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::command::{Command, Entry};
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;

mod expiration;
mod other;
mod span;
mod spec;

/// Declares the commands' modules, and lists each spec with the function that the server calls.
macro_rules! commands {
    ($($command:ident),* $(,)?) => {
        $(mod $command;)*

        static COMMANDS: &[(&spec::Spec, Entry)] = &[$({
            struct Run;

            impl Command for Run {
                type Error = Error;

                const NAME: &'static str = stringify!($command);
                const INTERNAL: Error = Error::Internal;

                #[inline]
                fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
                    $command::run(ctx, keyspace, args)
                }
            }
            (&$command::SPEC, Entry::of::<Run>())
        }),*];
    };
}

commands! {
    attach, beat, clients, config, count, detach, drop, evict, filter, forget, info, inter, intercard, isonline, lease, leave, list, max, mcount, meta, packed_sessions, packed_touch, scan, seen, sessions, setmax, setmeta, touch, touchex,
}

pub use setmeta::MAX as MAX_META;

/// Registers all commands.
pub fn register(ctx: Context) -> std::result::Result<(), String> {
    let with_category = spec::add_category(ctx);
    COMMANDS
        .iter()
        .try_for_each(|(spec, entry)| spec::register(ctx, spec, *entry, with_category))
}
