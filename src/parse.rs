//! Reading a command's options.

use crate::core::Peak;
use crate::core::member::MAX_MEMBER;
use crate::core::time::{MAX_DURATION, MAX_TIME, Millis};
use crate::error::{Error, Result};
use crate::ffi::args::Args;

/// A signed 64-bit number, spelled the way Redis takes it: no sign but `-`, no spaces, no leading zeros.
pub fn integer(text: &[u8]) -> Result<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    str::from_utf8(text)
        .ok()
        .filter(|_| canonical)
        .and_then(|text| text.parse().ok())
        .ok_or(Error::NotAnInteger)
}

fn in_range(text: &[u8], low: i64, high: Millis) -> Result<i64> {
    let number = integer(text)?;
    if number < low || number > high as i64 {
        return Err(Error::NotAnInteger);
    }
    Ok(number)
}

/// A length of time in ms, from 1 to ten years.
pub fn duration(text: &[u8]) -> Result<Millis> {
    Ok(in_range(text, 1, MAX_DURATION)? as Millis)
}

/// A length of time given in seconds, in ms.
pub fn seconds(text: &[u8]) -> Result<Millis> {
    Ok(in_range(text, 1, MAX_DURATION / 1000)? as Millis * 1000)
}

/// A length of time in ms that may be 0.
pub fn duration_or_zero(text: &[u8]) -> Result<Millis> {
    Ok(in_range(text, 0, MAX_DURATION)? as Millis)
}

/// A linger: ms, 0, or -1 for ever.
pub fn linger(text: &[u8]) -> Result<Option<Millis>> {
    Ok(Millis::try_from(in_range(text, -1, MAX_DURATION)?).ok())
}

/// A moment in Unix ms.
pub fn time(text: &[u8]) -> Result<Millis> {
    Ok(in_range(text, 0, MAX_TIME)? as Millis)
}

/// No Unix time in ms of our days is below this, which is in March 1973, and no time in seconds above it until the year 5138.
const FIRST_IN_MS: Millis = 100_000_000_000;

/// A moment in Unix ms from a client, who may have given seconds. `name` is what it calls it.
pub fn recent_time(text: &[u8], name: &'static str) -> Result<Millis> {
    match time(text)? {
        at if at < FIRST_IN_MS => Err(Error::NotInMillis(name)),
        at => Ok(at),
    }
}

/// The number of a record.
pub fn peak(text: &[u8]) -> Result<u64> {
    Ok(in_range(text, 0, Peak::MAX_COUNT)? as u64)
}

/// A number from `low` on.
pub fn count(text: &[u8], low: i64) -> Result<usize> {
    Ok(in_range(text, low, i64::MAX as Millis)? as usize)
}

/// The members from an argument on, none of which may be too long.
pub fn members<'a>(args: Args<'a>, from: usize) -> Result<Args<'a>> {
    let members = args.from(from);
    if members.iter().any(|member| member.len() > MAX_MEMBER) {
        return Err(Error::MemberTooLong);
    }
    Ok(members)
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

    /// The value of the option that was just read.
    pub fn value(&mut self) -> Result<&'a [u8]> {
        self.next().ok_or(Error::Syntax)
    }

    /// Which argument is the next.
    pub fn position(&self) -> usize {
        self.at
    }
}

/// Stores an option's value. The option may be given once.
pub fn once<T>(option: &mut Option<T>, value: T) -> Result {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::Syntax),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_spelled_as_redis_takes_them() {
        for (text, number) in [
            ("0", 0),
            ("-1", -1),
            ("42", 42),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(integer(text.as_bytes()), Ok(number));
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
            assert_eq!(
                integer(text.as_bytes()),
                Err(Error::NotAnInteger),
                "{text:?}"
            );
        }
    }

    #[test]
    fn durations_are_bounded() {
        assert_eq!(duration(b"315360000000"), Ok(MAX_DURATION));
        assert_eq!(duration(b"315360000001"), Err(Error::NotAnInteger));
        assert_eq!(duration(b"0"), Err(Error::NotAnInteger));
        assert_eq!(duration_or_zero(b"0"), Ok(0));
        assert_eq!(seconds(b"315360000"), Ok(MAX_DURATION));
        assert_eq!(seconds(b"315360001"), Err(Error::NotAnInteger));
        assert_eq!(linger(b"-1"), Ok(None));
        assert_eq!(linger(b"0"), Ok(Some(0)));
        assert_eq!(linger(b"-2"), Err(Error::NotAnInteger));
    }
}
