//! Every error a command can answer with, and the one place that gives them their text.

use std::fmt;

use crate::core;
use crate::core::time::Millis;

/// Why a command was refused. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// An option is unknown, given twice, without its value or at odds with another.
    Syntax,
    /// A number does not parse, or is outside of what it can be.
    NotAnInteger,
    /// The key holds a value of another type.
    WrongType,
    /// `PRESENCE.INFO` of a missing key.
    NoSuchKey,
    /// `AT` is later than now.
    AtInFuture,
    /// A Unix time of this name is so early that it must be one in seconds.
    NotInMillis(&'static str),
    /// The cutoff of an eviction is later than now.
    CutoffInFuture,
    /// A scan's cursor is not an unsigned 64-bit number.
    InvalidCursor,
    /// A window exceeds what the key remembers, which is this long.
    WindowTooLong(Millis),
    /// A member is longer than 65,535 bytes.
    MemberTooLong,
    /// The user may not run CLIENT LIST.
    NoClientList,
    /// The server gave no list of its clients, or none that is understood.
    ClientListFailed,
    /// The set cannot address more members.
    Full,
    /// A change of this key was cut short by an internal error, and its content cannot be trusted.
    Damaged,
}

/// What a command's body returns. An error has not been answered yet.
pub type Result<T = ()> = std::result::Result<T, Error>;

impl From<core::Error> for Error {
    fn from(error: core::Error) -> Error {
        match error {
            core::Error::Full => Error::Full,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Syntax => f.write_str("ERR syntax error"),
            Error::NotAnInteger => f.write_str("ERR value is not an integer or out of range"),
            Error::WrongType => f.write_str(
                "WRONGTYPE Operation against a key holding the wrong kind of value",
            ),
            Error::NoSuchKey => f.write_str("ERR no such key"),
            Error::AtInFuture => f.write_str("ERR AT lies in the future"),
            Error::NotInMillis(name) => write!(f, "ERR {name} is a Unix time in milliseconds"),
            Error::CutoffInFuture => f.write_str("ERR cutoff lies in the future"),
            Error::InvalidCursor => f.write_str("ERR invalid cursor"),
            Error::WindowTooLong(memory) => write!(
                f,
                "ERR WINDOW is longer than this key remembers ({memory} ms); \
                 raise RETAIN with PRESENCE.CONFIG"
            ),
            Error::MemberTooLong => f.write_str("ERR member is longer than 65535 bytes"),
            Error::NoClientList => f.write_str(
                "NOPERM this user has no permissions to run the 'client|list' command, \
                 which PRESENCE.CLIENTS needs",
            ),
            Error::ClientListFailed => f.write_str("ERR this server's CLIENT LIST cannot be read"),
            Error::Full => f.write_str("ERR this key can hold no more members"),
            Error::Damaged => f.write_str(
                "ERR internal error: an earlier command on this key was cut short, see the server's log",
            ),
        }
    }
}
