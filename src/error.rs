//! Every error a command can answer with, and the one place that gives them their text.
//!
//! A text says what was wrong and what to do. If Redis has a text for it, that comes first, for clients that match it.
//! No text contains anything that a client sent, which could be any bytes.

use std::fmt;

use crate::arg::{Arg, Numbers};
use crate::core::member::{MAX_MEMBER, MAX_SESSION};
use crate::core::time::Millis;
use crate::core::{self, MAX_GROUPS, Settings};

/// Why a command was refused. Nothing was changed, but for [`Internal`](Error::Internal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Something else is in the place of one of these options, or an option's value is missing.
    Expected(&'static [Arg]),
    /// An option, or one of a choice, is given a second time.
    Repeated(&'static Arg),
    /// `MEMBERS` gives another number than that of the members that follow.
    MemberCount { announced: usize, given: usize },
    /// The same of `SESSIONS`.
    SessionCount { announced: usize, given: usize },
    /// A number does not parse, or is out of the argument's range.
    NotAnInteger(&'static Arg),
    /// A count is below 1, which Redis's own commands call a syntax error here.
    CountBelowOne(&'static Arg),
    /// A Unix time is so small that it must be in seconds.
    NotInMillis(&'static Arg),
    /// The key holds a value of another type.
    WrongType,
    /// `PRESENCE.INFO` of a missing key.
    NoSuchKey,
    /// `AT` is later than now.
    AtInFuture,
    /// The cutoff of an eviction is later than now.
    CutoffInFuture,
    /// In these settings the resolution is more than half of the ttl.
    ResolutionTooLong(Settings),
    /// More members would be online than the key's cap allows; so many are.
    Capped { online: u64 },
    /// A scan's cursor is not an unsigned 64-bit number.
    InvalidCursor,
    /// A window exceeds what the key remembers, which is this long.
    WindowTooLong(Millis),
    /// A member is longer than 65,535 bytes.
    MemberTooLong,
    /// The id of a session is empty, or longer than 255 bytes.
    SessionLength,
    /// The name of a group is empty, or longer than 255 bytes.
    GroupLength,
    /// The key would have more than 65,535 groups.
    TooManyGroups,
    /// Metadata is longer than may be set, which is so many bytes.
    MetaTooLong { limit: usize },
    /// The user may not run CLIENT LIST.
    NoClientList,
    /// CLIENT LIST failed, or its reply is not understood.
    ClientListFailed,
    /// A client has sent what only a primary or a log may say.
    OnlyReplayed,
    /// The same about sessions.
    OnlyReplayedSessions,
    /// A packed touch is damaged.
    CorruptTouch,
    /// The set cannot address more members.
    Full,
    /// An earlier, replayed change of this key panicked, and its content cannot be trusted.
    Damaged,
    /// The command panicked; the key that it was changing has lost its members.
    Internal,
}

const NO_CLIENT_LIST: &str = "NOPERM this user has no permissions to run the 'client|list' command, \
                              which PRESENCE.CLIENTS needs";

/// What a command's body returns. An error has not been answered yet.
pub type Result<T = ()> = std::result::Result<T, Error>;

impl Error {
    /// This option is expected, or its value is missing.
    pub fn missing(option: &'static Arg) -> Error {
        Error::Expected(std::slice::from_ref(option))
    }
}

impl From<core::Error> for Error {
    fn from(error: core::Error) -> Error {
        match error {
            core::Error::Full => Error::Full,
            core::Error::AtInFuture => Error::AtInFuture,
            core::Error::CutoffInFuture => Error::CutoffInFuture,
            core::Error::ResolutionTooLong(settings) => Error::ResolutionTooLong(settings),
            core::Error::TooManyGroups => Error::TooManyGroups,
            core::Error::Capped { online } => Error::Capped { online },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Expected(args) => {
                let options = one_of(args, Arg::to_string);
                write!(f, "ERR syntax error, {options} expected")
            }
            Error::Repeated(arg) => {
                let options = one_of(arg.choices(), |arg| arg.label().into());
                write!(f, "ERR syntax error, {options} may be given once")
            }
            Error::MemberCount { announced, given } => write!(
                f,
                "ERR syntax error, MEMBERS says {announced}, but the number of members given is {given}"
            ),
            Error::NotAnInteger(arg) => {
                f.write_str("ERR value is not an integer or out of range")?;
                write_numbers(f, arg)
            }
            Error::CountBelowOne(arg) => {
                f.write_str("ERR syntax error")?;
                write_numbers(f, arg)
            }
            Error::NotInMillis(arg) => {
                write!(f, "ERR {} is a Unix time in milliseconds", arg.label())
            }
            Error::WrongType => {
                f.write_str("WRONGTYPE Operation against a key holding the wrong kind of value")
            }
            Error::NoSuchKey => f.write_str("ERR no such key"),
            Error::AtInFuture => f.write_str("ERR AT lies in the future"),
            Error::CutoffInFuture => f.write_str("ERR cutoff lies in the future"),
            Error::ResolutionTooLong(Settings {
                resolution, ttl, ..
            }) => write!(
                f,
                "ERR RESOLUTION ({resolution} ms) is more than half of TTL ({ttl} ms); \
                 lower RESOLUTION or raise TTL"
            ),
            Error::Capped { online } => write!(f, "CAPPED {online} members are online"),
            Error::InvalidCursor => {
                f.write_str("ERR invalid cursor, 0 or the cursor of the last reply expected")
            }
            Error::WindowTooLong(memory) => write!(
                f,
                "ERR WINDOW is longer than this key remembers ({memory} ms); \
                 raise RETAIN with PRESENCE.CONFIG"
            ),
            Error::MemberTooLong => write!(f, "ERR member is longer than {MAX_MEMBER} bytes"),
            Error::MetaTooLong { limit } => write_meta_too_long(f, *limit),
            Error::NoClientList => f.write_str(NO_CLIENT_LIST),
            Error::ClientListFailed => f.write_str(
                "ERR this server's CLIENT LIST cannot be read; CLIENT must not be renamed",
            ),
            Error::OnlyReplayed => f.write_str(
                "ERR PRESENCE.T is for replication only; to touch members, use PRESENCE.TOUCH or PRESENCE.TOUCHEX",
            ),
            Error::SessionCount { .. }
            | Error::SessionLength
            | Error::GroupLength
            | Error::TooManyGroups
            | Error::OnlyReplayedSessions => write_about_sessions(f, *self),
            Error::CorruptTouch => f.write_str("ERR the packed touch is damaged"),
            Error::Full => {
                f.write_str("ERR this key can hold no more members; spread them over several keys")
            }
            Error::Damaged => f.write_str(
                "ERR internal error: an earlier command on this key was cut short, \
                 see the server's log and delete the key",
            ),
            Error::Internal => f.write_str("ERR internal error, see the server's log"),
        }
    }
}

/// The options among these arguments, each written by `text`: `A, B or C`.
fn one_of(args: &[Arg], text: impl Fn(&Arg) -> String) -> String {
    let choices = args.iter().flat_map(Arg::choices);
    let options = choices.filter(|arg| arg.token.is_some());
    let mut texts: Vec<String> = options.map(text).collect();
    match texts.pop() {
        Some(last) if !texts.is_empty() => format!("{} or {last}", texts.join(", ")),
        last => last.unwrap_or_default(),
    }
}

fn write_about_sessions(f: &mut fmt::Formatter, error: Error) -> fmt::Result {
    match error {
            Error::SessionCount { announced, given } => write!(
                f,
                "ERR syntax error, SESSIONS says {announced}, but the number of sessions given is {given}"
            ),
            Error::SessionLength => write!(f, "ERR session takes 1 to {MAX_SESSION} bytes"),
            Error::GroupLength => write!(f, "ERR group takes 1 to {MAX_SESSION} bytes"),
            Error::TooManyGroups => write!(f, "ERR this key has {MAX_GROUPS} groups, and can hold no more"),
            Error::OnlyReplayedSessions => f.write_str(
                "ERR PRESENCE.S is for replication only; for sessions, use PRESENCE.ATTACH, PRESENCE.BEAT or PRESENCE.DETACH",
            ),
            _ => Ok(()),
    }
}

fn write_meta_too_long(f: &mut fmt::Formatter, limit: usize) -> fmt::Result {
    write!(
        f,
        "ERR metadata is longer than {limit} bytes, which presence.max-meta sets"
    )
}

/// The range of an argument's number.
fn write_numbers(f: &mut fmt::Formatter, arg: &Arg) -> fmt::Result {
    let Some(numbers) = arg.numbers else {
        return Ok(());
    };
    let range = numbers.range();
    let (low, high) = (range.start(), range.end());
    write!(f, ", {} takes ", arg.label())?;
    match numbers {
        Numbers::Duration | Numbers::DurationOrZero => {
            write!(f, "milliseconds from {low} to {high}")
        }
        Numbers::Linger => write!(f, "milliseconds from 0 to {high}, or {low} for ever"),
        Numbers::Seconds => write!(f, "seconds from {low} to {high}"),
        Numbers::UnixTime => f.write_str("a Unix time in milliseconds"),
        Numbers::Peak | Numbers::Cap => write!(f, "a number from {low} to {high}"),
        Numbers::Count | Numbers::Limit => write!(f, "a number from {low}"),
        Numbers::Members => f.write_str("the number of members that follow"),
        Numbers::Sessions => f.write_str("the number of sessions that follow"),
        Numbers::OffsetAndCount => f.write_str("an offset from 0 and a count, negative for all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those that no client can provoke in a test.
    #[test]
    fn errors_of_the_server_say_what_to_do() {
        for (error, text) in [
            (
                Error::Full,
                "ERR this key can hold no more members; spread them over several keys",
            ),
            (
                Error::Damaged,
                "ERR internal error: an earlier command on this key was cut short, see the server's log and delete the key",
            ),
            (Error::Internal, "ERR internal error, see the server's log"),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}
