//! Dumps: RDB files, full synchronisation, `DUMP` and `RESTORE`.
//!
//! Version 1: ttl, retain, linger + 1, the record's count and time, twice the time since when the key is empty and 1 more
//! if it never had a member, the number of members, all as unsigned numbers; then the members in
//! blocks of bytes (`core::dump`) until all are told.
//!
//! A dump may come from anywhere. Whatever is wrong with it, no value is made of it, and the server answers with its
//! "Bad data format" error.

use super::value::Value;
use crate::clock;
use crate::core::dump::{Corrupt, Encoder, MAX_BLOCK};
use crate::core::time::{MAX_DURATION, MAX_TIME};
use crate::core::{Peak, PresenceSet, Settings};
use crate::expiry::watch_list;
use crate::ffi::data_type::{IoError, RdbBytes, RdbReader, RdbWriter};

/// The version that is written, and the only one that is read.
pub const VERSION: i32 = 1;

impl From<IoError> for Corrupt {
    fn from(_: IoError) -> Corrupt {
        Corrupt
    }
}

/// Writes a value.
pub fn save(value: &Value, writer: &mut RdbWriter) {
    if value.is_damaged() {
        super::warn_of_damage();
    }
    let set = value.saved();
    let (settings, peak) = (set.settings(), set.peak());
    for number in [
        settings.ttl,
        settings.retain,
        settings.linger.map_or(0, |linger| linger + 1),
        peak.count,
        peak.at,
        set.empty_since() << 1 | u64::from(set.is_untouched()),
        set.len() as u64,
    ] {
        writer.number(number);
    }
    let mut encoder = Encoder::default();
    set.each_in_order(|member| {
        if let Some(block) = encoder.add(member) {
            writer.bytes(&block);
        }
    });
    let last = encoder.finish();
    if !last.is_empty() {
        writer.bytes(&last);
    }
}

/// Reads a value, and tells the eviction of its key.
pub fn load(reader: &RdbReader, version: i32) -> Option<Box<Value>> {
    if version != VERSION {
        reader.warn(&format!(
            "presence: a dump of version {version} cannot be read, only {VERSION}"
        ));
        return None;
    }
    match Reader(reader).set() {
        Ok(set) => {
            let mut value = Value::new(set);
            if let Some((db, name)) = reader.key()
                && let Some(due) = value.set().and_then(|set| set.next_look())
            {
                value.set_queued(watch_list::watch(db, name.bytes(), due));
            }
            Some(value)
        }
        Err(Corrupt) => {
            reader.warn("presence: a dump is corrupt, and was refused");
            None
        }
    }
}

struct Reader<'a>(&'a RdbReader<'a>);

impl Reader<'_> {
    fn set(&self) -> Result<PresenceSet, Corrupt> {
        let settings = Settings {
            ttl: self.number(MAX_DURATION)?,
            retain: self.number(MAX_DURATION)?,
            linger: self.number(MAX_DURATION + 1)?.checked_sub(1),
        };
        if settings.ttl == 0 {
            return Err(Corrupt);
        }
        let peak = Peak {
            count: self.number(Peak::MAX_COUNT)?,
            at: self.number(MAX_TIME)?,
        };
        let empty_since = self.number(MAX_TIME << 1 | 1)?;
        let untouched = empty_since & 1 == 1;
        let empty_since = empty_since >> 1;
        let mut left = self.number(u32::MAX.into())?;

        let now = clock::wall();
        let mut set = PresenceSet::new(settings, empty_since);
        set.set_peak(peak);
        if untouched && left > 0 {
            return Err(Corrupt);
        }
        if !untouched {
            set.set_emptied(empty_since);
        }
        while left > 0 {
            let block = self.block()?;
            let restored = set.restore(&block, now)? as u64;
            if restored == 0 {
                return Err(Corrupt);
            }
            left = left.checked_sub(restored).ok_or(Corrupt)?;
        }
        Ok(set)
    }

    fn number(&self, max: u64) -> Result<u64, Corrupt> {
        let number = self.0.number()?;
        match number > max {
            true => Err(Corrupt),
            false => Ok(number),
        }
    }

    fn block(&self) -> Result<RdbBytes, Corrupt> {
        let block = self.0.bytes()?;
        match block.len() > MAX_BLOCK {
            true => Err(Corrupt),
            false => Ok(block),
        }
    }
}
