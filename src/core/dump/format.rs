//! What a dump is: numbers and strings of bytes, in this order.
//!
//! ```text
//! number  ttl | retain | linger + 1, or 0 for ever | count of the peak | time of the peak
//! number  twice the time since when there are no members, and 1 more if there never was one; FIELDS if fields follow
//! number  how many members there are
//! bytes   blocks of members (`codec.rs`), until there are that many
//! fields, where there are any: a tag (number) and its content (bytes) each, and at last the tag 0
//! ```
//!
//! | tag | content |
//! | --- | --- |
//! | 1 | the resolution, as a number in a block of members, where it is not 0 |
//! | 2 | the cap, likewise |
//! | 3 | members' metadata (`metadata.rs`), as often as needed |
//! | 4 | sessions (`sessions.rs`), likewise |
//! | 5 | groups of these (`groups.rs`), likewise |
//!
//! So a set without fields has the dump that it always had. What a field means is unknown to those who do not know its
//! tag, so they refuse the dump rather than to lose a part of the set; versions that know of no fields at all take a
//! dump that has some for corrupt.

use super::codec::{Corrupt, Encoder, MAX_BLOCK};
use crate::core::leb128;
use crate::core::member::MAX_META;
use crate::core::set::{Peak, PresenceSet, Settings};
use crate::core::time::{MAX_DURATION, MAX_TIME, Millis};

/// Beside the time since when there are no members: fields follow the members.
const FIELDS: u64 = 1 << 63;
/// The tag that ends the fields.
const END: u64 = 0;
/// The tag of the resolution.
const RESOLUTION: u64 = 1;
/// The tag of the cap.
const CAP: u64 = 2;
/// The tag of metadata.
const METADATA: u64 = 3;
/// The tag of sessions.
const SESSIONS: u64 = 4;
/// The tag of groups.
const GROUPS: u64 = 5;

/// No field is longer: a block, and one item more, of a member and its metadata and a few bytes.
const MAX_FIELD: usize = MAX_BLOCK + MAX_META + 512;

/// Where a dump is written.
pub trait Sink {
    /// Writes a number.
    fn write_number(&mut self, number: u64);
    /// Writes a string of bytes.
    fn write_bytes(&mut self, bytes: &[u8]);
}

/// Where a dump is read from. Whatever is there: it is checked.
pub trait Source {
    /// A string of bytes.
    type Bytes: std::ops::Deref<Target = [u8]>;
    /// Reads a number.
    fn read_number(&mut self) -> Result<u64, Corrupt>;
    /// Reads a string of bytes.
    fn read_bytes(&mut self) -> Result<Self::Bytes, Corrupt>;
}

/// Why no set is made of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no dump of a set, or not all of one.
    Corrupt,
    /// It has a field with this tag, of a newer version.
    UnknownField(u64),
}

impl From<Corrupt> for Refused {
    fn from(_: Corrupt) -> Refused {
        Refused::Corrupt
    }
}

impl PresenceSet {
    /// Writes all of the set.
    pub fn save(&self, sink: &mut impl Sink) {
        let (settings, peak) = (self.settings(), self.peak());
        let fields = fields(&settings);
        let has_any = !fields.is_empty() || self.has_metadata() || self.has_sessions();
        let has_fields = if has_any { FIELDS } else { 0 };
        for number in [
            settings.ttl,
            settings.retain,
            settings.linger.map_or(0, |linger| linger + 1),
            peak.count,
            peak.at,
            has_fields | self.empty_since() << 1 | u64::from(self.is_untouched()),
            self.len() as u64,
        ] {
            sink.write_number(number);
        }
        let mut encoder = Encoder::default();
        self.each_in_order(|member| {
            if let Some(block) = encoder.add(member) {
                sink.write_bytes(&block);
            }
        });
        let last = encoder.finish();
        if !last.is_empty() {
            sink.write_bytes(&last);
        }
        if has_any {
            let mut write = |tag, content: &[u8]| {
                sink.write_number(tag);
                sink.write_bytes(content);
            };
            for (tag, content) in fields {
                write(tag, &content);
            }
            self.encode_metadata(|block| write(METADATA, block));
            self.encode_sessions(|block| write(SESSIONS, block));
            self.encode_groups(|block| write(GROUPS, block));
            sink.write_number(END);
        }
    }

    /// Makes a set of a dump that is loaded at `now`.
    pub fn load(source: &mut impl Source, now: Millis) -> Result<PresenceSet, Refused> {
        let mut settings = Settings {
            ttl: number(source, MAX_DURATION)?,
            retain: number(source, MAX_DURATION)?,
            linger: number(source, MAX_DURATION + 1)?.checked_sub(1),
            resolution: 0,
            cap: 0,
        };
        if settings.ttl == 0 {
            return Err(Refused::Corrupt);
        }
        let peak = Peak {
            count: number(source, Peak::MAX_COUNT)?,
            at: number(source, MAX_TIME)?,
        };
        let since = number(source, u64::MAX)?;
        let (since, has_fields) = (since & !FIELDS, since & FIELDS != 0);
        let (empty_since, untouched) = (since >> 1, since & 1 == 1);
        let mut left = number(source, u32::MAX.into())?;
        if empty_since > MAX_TIME || untouched && left > 0 {
            return Err(Refused::Corrupt);
        }

        let mut set = PresenceSet::new(settings, empty_since);
        set.set_peak(peak);
        if !untouched {
            set.set_emptied(empty_since);
        }
        while left > 0 {
            let block = bytes(source)?;
            let restored = set.restore(&block, now)? as u64;
            if restored == 0 {
                return Err(Refused::Corrupt);
            }
            left = left.checked_sub(restored).ok_or(Corrupt)?;
        }
        if has_fields {
            read_fields(source, |tag, content| match tag {
                RESOLUTION => read_once(content, &mut settings.resolution).map(|()| true),
                CAP => read_once(content, &mut settings.cap).map(|()| true),
                METADATA => set.restore_metadata(content).map(|()| true),
                SESSIONS => set.restore_sessions(content).map(|()| true),
                GROUPS => set.restore_groups(content).map(|()| true),
                _ => Ok(false),
            })?;
            if settings.check().is_err() || settings.cap > Settings::MAX_CAP {
                return Err(Refused::Corrupt);
            }
            set.configure(settings);
        }
        Ok(set)
    }
}

/// What a set of these settings has beside what every dump has: tags, and their contents.
fn fields(settings: &Settings) -> Vec<(u64, Vec<u8>)> {
    let numbers = [(RESOLUTION, settings.resolution), (CAP, settings.cap)];
    let there = numbers.into_iter().filter(|(_, number)| *number > 0);
    there
        .map(|(tag, number)| {
            let mut content = Vec::new();
            leb128::write(&mut content, number);
            (tag, content)
        })
        .collect()
}

/// Reads a field that is a number other than 0, which may be there once.
fn read_once(mut content: &[u8], number: &mut u64) -> Result<(), Corrupt> {
    let is_first = *number == 0;
    *number = leb128::read(&mut content).ok_or(Corrupt)?;
    match is_first && *number > 0 && content.is_empty() {
        true => Ok(()),
        false => Err(Corrupt),
    }
}

/// Reads fields to their end. `take` is given each one's tag and content, and says whether it knows the tag, or that the
/// content is corrupt.
fn read_fields(
    source: &mut impl Source,
    mut take: impl FnMut(u64, &[u8]) -> Result<bool, Corrupt>,
) -> Result<(), Refused> {
    loop {
        let tag = source.read_number()?;
        if tag == END {
            return Ok(());
        }
        let content = source.read_bytes()?;
        if content.len() > MAX_FIELD {
            return Err(Refused::Corrupt);
        }
        if !take(tag, &content)? {
            return Err(Refused::UnknownField(tag));
        }
    }
}

fn number(source: &mut impl Source, max: u64) -> Result<u64, Corrupt> {
    let number = source.read_number()?;
    match number > max {
        true => Err(Corrupt),
        false => Ok(number),
    }
}

fn bytes<S: Source>(source: &mut S) -> Result<S::Bytes, Corrupt> {
    let bytes = source.read_bytes()?;
    match bytes.len() > MAX_BLOCK {
        true => Err(Corrupt),
        false => Ok(bytes),
    }
}

#[cfg(test)]
#[path = "format_test.rs"]
mod tests;
