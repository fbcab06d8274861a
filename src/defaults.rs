//! The settings that a key is made with.

use crate::core::Settings;
use crate::core::time::{MAX_DURATION, Millis};
use crate::settings::Number;

const LONGEST: i64 = MAX_DURATION as i64;

/// ms that a touch keeps a member online.
pub static TTL: Number = Number::new("default-ttl", 300_000, 1, LONGEST);
/// ms that a member is remembered after it was last seen.
pub static RETAIN: Number = Number::new("default-retain", 0, 0, LONGEST);
/// ms that a key stays without members, -1 for ever.
pub static LINGER: Number = Number::new("default-linger", -1, -1, LONGEST);

/// The settings of a key that is made now.
pub fn of_new_keys() -> Settings {
    Settings {
        ttl: TTL.get() as Millis,
        retain: RETAIN.get() as Millis,
        linger: Millis::try_from(LINGER.get()).ok(),
        resolution: 0,
        cap: 0,
    }
}
