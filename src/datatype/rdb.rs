//! Dumps: RDB files, full synchronisation, `DUMP` and `RESTORE`.
//!
//! `core::dump` defines the format. The version here changes only with its fixed part; optional fields come and go
//! without a new version.
//!
//! A dump may come from anywhere. If anything is wrong with it no value is made of it, and the server answers its "Bad
//! data format" error.

use super::value::Value;
use crate::clock;
use crate::core::PresenceSet;
use crate::core::dump::{Corrupt, Refused, Sink, Source};
use crate::expiry::watch_list;
use crate::ffi::data_type::{IoError, RdbBytes, RdbReader, RdbWriter};

/// The version that is written, and the only one that is accepted.
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
    value.saved().save(&mut Writer(writer));
}

struct Writer<'a, 'b>(&'a mut RdbWriter<'b>);

impl Sink for Writer<'_, '_> {
    fn write_number(&mut self, number: u64) {
        self.0.number(number);
    }

    fn write_bytes(&mut self, bytes: &[u8]) {
        self.0.bytes(bytes);
    }
}

/// Reads a value, and watches its key.
pub fn load(reader: &RdbReader, version: i32) -> Option<Box<Value>> {
    if version != VERSION {
        reader.warn(&format!(
            "presence: a dump of version {version} cannot be read, only {VERSION}"
        ));
        return None;
    }
    match PresenceSet::load(&mut Reader(reader), clock::wall()) {
        Ok(set) => {
            let mut value = Value::new(set);
            if let Some((db, name)) = reader.key()
                && let Some(due) = value.set().and_then(|set| set.next_look())
            {
                value.set_queued(watch_list::watch(db, name.bytes(), due));
            }
            Some(value)
        }
        Err(Refused::Corrupt) => {
            reader.warn("presence: a dump is corrupt, and was refused");
            None
        }
        Err(Refused::UnknownField(tag)) => {
            reader.warn(&format!(
                "presence: a dump has a field of a newer version (tag {tag}), and was refused"
            ));
            None
        }
    }
}

struct Reader<'a>(&'a RdbReader<'a>);

impl Source for Reader<'_> {
    type Bytes = RdbBytes;

    fn read_number(&mut self) -> Result<u64, Corrupt> {
        Ok(self.0.number()?)
    }

    fn read_bytes(&mut self) -> Result<RdbBytes, Corrupt> {
        Ok(self.0.bytes()?)
    }
}
