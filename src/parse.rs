//! Reading a command's options.

use crate::arg::Arg;
use crate::core::member::{MAX_MEMBER, MAX_SESSION};
use crate::core::time::Millis;
use crate::error::{Error, Result};
use crate::ffi::args::Args;

/// A signed 64-bit number, spelled the way Redis takes it: no sign but `-`, no spaces, no leading zeros.
pub fn integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_negative = digits.len() < text.len();
    match digits {
        [b'0'] if !is_negative => return Some(0),
        [b'1'..=b'9', ..] => {}
        _ => return None,
    }
    // Downwards, since the least number has no positive counterpart.
    let negated = digits.iter().try_fold(0_i64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        number.checked_mul(10)?.checked_sub(digit.into())
    })?;
    match is_negative {
        true => Some(negated),
        false => negated.checked_neg(),
    }
}

/// A number that an argument takes.
pub fn number(text: &[u8], arg: &'static Arg) -> Result<i64> {
    integer(text)
        .filter(|number| {
            arg.numbers
                .is_none_or(|numbers| numbers.range().contains(number))
        })
        .ok_or(Error::NotAnInteger(arg))
}

/// A length of time or a moment, in ms, that an argument takes.
pub fn millis(text: &[u8], arg: &'static Arg) -> Result<Millis> {
    Ok(number(text, arg)? as Millis)
}

/// In ms this is March 1973, in s the year 5138: a smaller number is a Unix time in seconds.
const FIRST_IN_MILLIS: Millis = 100_000_000_000;

/// A moment in Unix ms from a client, who may have given seconds.
pub fn recent_time(text: &[u8], arg: &'static Arg) -> Result<Millis> {
    match millis(text, arg)? {
        at if at < FIRST_IN_MILLIS => Err(Error::NotInMillis(arg)),
        at => Ok(at),
    }
}

/// The members from an argument on, none of which may be too long.
pub fn members<'a>(args: Args<'a>, from: usize) -> Result<Args<'a>> {
    let members = args.from(from);
    if members.iter().any(|member| member.len() > MAX_MEMBER) {
        return Err(Error::MemberTooLong);
    }
    Ok(members)
}

/// The id of a session.
pub fn session(id: &[u8]) -> Result<&[u8]> {
    match (1..=MAX_SESSION).contains(&id.len()) {
        true => Ok(id),
        false => Err(Error::SessionLength),
    }
}

/// The name of a group.
pub fn group(name: &[u8]) -> Result<&[u8]> {
    match (1..=MAX_SESSION).contains(&name.len()) {
        true => Ok(name),
        false => Err(Error::GroupLength),
    }
}

/// The groups from an argument on.
pub fn groups<'a>(args: Args<'a>, from: usize) -> Result<Args<'a>> {
    let groups = args.from(from);
    groups.iter().try_for_each(|name| group(name).map(|_| ()))?;
    Ok(groups)
}

/// The sessions from an argument on, of which there have to be as many as `announced`.
pub fn sessions<'a>(args: Args<'a>, from: usize, announced: i64) -> Result<Args<'a>> {
    let sessions = args.from(from);
    sessions.iter().try_for_each(|id| session(id).map(|_| ()))?;
    match announced as usize {
        announced if announced == sessions.len() => Ok(sessions),
        announced => Err(Error::SessionCount {
            announced,
            given: sessions.len(),
        }),
    }
}

/// Metadata of at most `limit` bytes.
pub fn meta(blob: &[u8], limit: i64) -> Result<&[u8]> {
    let limit = limit as usize;
    match blob.len() > limit {
        true => Err(Error::MetaTooLong { limit }),
        false => Ok(blob),
    }
}

/// A command's options, read one after the other.
pub struct Options<'a> {
    args: Args<'a>,
    at: usize,
}

impl<'a> Options<'a> {
    /// The options from an argument on.
    pub fn new(args: Args<'a>, from: usize) -> Options<'a> {
        Options { args, at: from }
    }

    /// The next argument.
    pub fn next(&mut self) -> Option<&'a [u8]> {
        let arg = self.args.get(self.at)?;
        self.at += 1;
        Some(arg)
    }

    /// The value of the option just read.
    pub fn value(&mut self, option: &'static Arg) -> Result<&'a [u8]> {
        self.next().ok_or(Error::missing(option))
    }

    /// As [`value`](Self::value), as a number that the option takes.
    pub fn number(&mut self, option: &'static Arg) -> Result<i64> {
        number(self.value(option)?, option)
    }

    /// As [`number`](Self::number), in ms.
    pub fn millis(&mut self, option: &'static Arg) -> Result<Millis> {
        millis(self.value(option)?, option)
    }

    /// The index of the next argument.
    pub fn position(&self) -> usize {
        self.at
    }
}

/// Stores the value of an option, or of one of a choice, which may be given once.
pub fn once<T>(stored: &mut Option<T>, value: T, option: &'static Arg) -> Result {
    match stored.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::Repeated(option)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arg::Numbers;
    use crate::core::time::MAX_DURATION;

    #[test]
    fn integers_are_spelled_as_redis_takes_them() {
        for (text, number) in [
            ("0", 0),
            ("-1", -1),
            ("42", 42),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(integer(text.as_bytes()), Some(number));
        }
        for text in [
            "",
            "-",
            "-0",
            "+1",
            "01",
            " 1",
            "1 ",
            "1.0",
            "0x1",
            "1e3",
            "9223372036854775808",
        ] {
            assert_eq!(integer(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_those_that_the_argument_takes() {
        const DURATION: Arg = Arg::integer(c"ms").numbers(Numbers::Duration);
        const LINGER: Arg = Arg::integer(c"ms").numbers(Numbers::Linger);
        const ANY: Arg = Arg::integer(c"n");
        let refused = |arg| Err(Error::NotAnInteger(arg));
        assert_eq!(millis(b"315360000000", &DURATION), Ok(MAX_DURATION));
        assert_eq!(millis(b"315360000001", &DURATION), refused(&DURATION));
        assert_eq!(millis(b"0", &DURATION), refused(&DURATION));
        assert_eq!(number(b"-1", &LINGER), Ok(-1));
        assert_eq!(number(b"-2", &LINGER), Err(Error::NotAnInteger(&LINGER)));
        assert_eq!(number(b"-9223372036854775808", &ANY), Ok(i64::MIN));
        assert_eq!(number(b"x", &ANY), Err(Error::NotAnInteger(&ANY)));
    }
}
