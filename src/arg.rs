//! The arguments of commands, each described once: for COMMAND DOCS, for the parser of its options, and for the texts
//! of errors.

use std::ffi::CStr;
use std::fmt;
use std::ops::RangeInclusive;

use crate::core::time::{MAX_DURATION, MAX_TIME};
use crate::core::{Peak, Settings};
use crate::ffi::command::ArgKind;

/// An argument of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arg {
    pub name: &'static CStr,
    pub kind: ArgKind,
    /// The keyword before it.
    pub token: Option<&'static CStr>,
    pub optional: bool,
    /// Whether it may be given several times.
    pub multiple: bool,
    pub parts: &'static [Arg],
    /// The numbers that it accepts; for a block, those of its parts.
    pub numbers: Option<Numbers>,
}

/// The range of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// ms, up to ten years.
    Duration,
    /// ms, up to ten years, or 0.
    DurationOrZero,
    /// ms, up to ten years, 0, or -1 for ever.
    Linger,
    /// s, up to ten years.
    Seconds,
    /// Unix ms.
    UnixTime,
    /// How many members online at once.
    Peak,
    /// How many members may be online at once, 0 for any number.
    Cap,
    /// From 0, which is no limit.
    Limit,
    /// From 1.
    Count,
    /// How many members follow.
    Members,
    /// How many sessions follow.
    Sessions,
    /// Two numbers with rules of their own: how many to skip, and how many to return.
    OffsetAndCount,
}

impl Numbers {
    /// From the least to the greatest.
    pub fn range(self) -> RangeInclusive<i64> {
        const LONGEST: i64 = MAX_DURATION as i64;
        match self {
            Numbers::Duration => 1..=LONGEST,
            Numbers::DurationOrZero => 0..=LONGEST,
            Numbers::Linger => -1..=LONGEST,
            Numbers::Seconds => 1..=LONGEST / 1000,
            Numbers::UnixTime => 0..=MAX_TIME as i64,
            Numbers::Peak => 0..=Peak::MAX_COUNT as i64,
            Numbers::Cap => 0..=Settings::MAX_CAP as i64,
            Numbers::Limit => 0..=i64::MAX,
            Numbers::Count | Numbers::Members | Numbers::Sessions => 1..=i64::MAX,
            Numbers::OffsetAndCount => i64::MIN..=i64::MAX,
        }
    }
}

impl Arg {
    /// The key, always the first argument.
    pub const KEY: Arg = Arg::key(c"key");

    pub const fn key(name: &'static CStr) -> Arg {
        Arg::of(name, ArgKind::Key)
    }

    const fn of(name: &'static CStr, kind: ArgKind) -> Arg {
        Arg {
            name,
            kind,
            token: None,
            optional: false,
            multiple: false,
            parts: &[],
            numbers: None,
        }
    }

    pub const fn string(name: &'static CStr) -> Arg {
        Arg::of(name, ArgKind::String)
    }

    pub const fn integer(name: &'static CStr) -> Arg {
        Arg::of(name, ArgKind::Integer)
    }

    pub const fn unix_time(name: &'static CStr) -> Arg {
        Arg::of(name, ArgKind::UnixTime).numbers(Numbers::UnixTime)
    }

    pub const fn pattern(name: &'static CStr) -> Arg {
        Arg::of(name, ArgKind::Pattern)
    }

    /// An optional keyword.
    pub const fn flag(name: &'static CStr, token: &'static CStr) -> Arg {
        Arg::of(name, ArgKind::PureToken).token(token).optional()
    }

    pub const fn one_of(name: &'static CStr, parts: &'static [Arg]) -> Arg {
        Arg {
            parts,
            ..Arg::of(name, ArgKind::OneOf)
        }
    }

    pub const fn block(name: &'static CStr, parts: &'static [Arg]) -> Arg {
        Arg {
            parts,
            ..Arg::of(name, ArgKind::Block)
        }
    }

    /// The keyword before it.
    pub const fn token(self, token: &'static CStr) -> Arg {
        Arg {
            token: Some(token),
            ..self
        }
    }

    pub const fn numbers(self, numbers: Numbers) -> Arg {
        Arg {
            numbers: Some(numbers),
            ..self
        }
    }

    pub const fn optional(self) -> Arg {
        Arg {
            optional: true,
            ..self
        }
    }

    /// May be given several times.
    pub const fn many(self) -> Arg {
        Arg {
            multiple: true,
            ..self
        }
    }

    /// Whether a word is its keyword, in any case.
    pub fn is(&self, word: &[u8]) -> bool {
        self.token
            .is_some_and(|token| token.to_bytes().eq_ignore_ascii_case(word))
    }

    /// What users know it by: its keyword, else its name.
    pub fn label(&self) -> &'static str {
        text(self.token.unwrap_or(self.name))
    }

    /// The alternatives: the parts of a choice, or the argument itself.
    pub fn choices(&self) -> &[Arg] {
        match self.kind {
            ArgKind::OneOf => self.parts,
            _ => std::slice::from_ref(self),
        }
    }
}

/// Its syntax, without brackets around what is optional: `LIMIT offset count`.
impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let name = text(self.name);
        let mut words: Vec<String> = self.token.map(text).map(String::from).into_iter().collect();
        match self.kind {
            ArgKind::PureToken => {}
            ArgKind::Block => {
                words.extend(self.parts.iter().map(Arg::to_string));
            }
            _ => words.push(name.into()),
        }
        if self.multiple {
            words.push(format!("[{name} ...]"));
        }
        f.write_str(&words.join(" "))
    }
}

fn text(name: &'static CStr) -> &'static str {
    name.to_str().expect("names are ASCII")
}
