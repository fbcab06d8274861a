//! What is kept of a key beside its members: its settings and its peak.

use super::members::Error;
use crate::core::memory::Uint;
use crate::core::rare_settings::RareSettings;
use crate::core::time::{MAX_DURATION, MAX_TIME, Millis};

/// What can be set of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a plain touch keeps a member online, in ms.
    pub ttl: Millis,
    /// How long after it was last seen an offline member is remembered, in ms.
    pub retain: Millis,
    /// How long a key with nothing remembered is kept, in ms; `None` for ever.
    pub linger: Option<Millis>,
    /// Within this time of a member's last touch, in ms, another one of the same ttl is not recorded; 0: each is. At
    /// most half of the ttl (`resolution.rs`).
    pub resolution: Millis,
    /// How many members may be online at once; 0: any number (`cap.rs`).
    pub cap: u64,
}

impl Settings {
    /// The linger as users write it: -1 for ever.
    pub fn linger_number(&self) -> i64 {
        self.linger.map_or(-1, |linger| linger as i64)
    }

    /// The largest cap that can be stored.
    pub const MAX_CAP: u64 = Uint::<4>::MAX;

    /// The longest resolution that goes with a ttl.
    pub fn longest_resolution(ttl: Millis) -> Millis {
        ttl / 2
    }

    /// Refuses settings that do not go together.
    pub fn check(&self) -> Result<(), Error> {
        match self.resolution > Settings::longest_resolution(self.ttl) {
            true => Err(Error::ResolutionTooLong(*self)),
            false => Ok(()),
        }
    }
}

/// The largest number of members that were online at once, and when that was first reached. A count of 0: never any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// How many.
    pub count: u64,
    /// When that many were first online.
    pub at: Millis,
}

impl Peak {
    /// The largest count that can be stored.
    pub const MAX_COUNT: u64 = Uint::<6>::MAX;
}

/// Settings as a set keeps them, but for those that few sets have (`rare_settings.rs`).
#[derive(Clone, Copy)]
pub struct StoredSettings {
    pub ttl: Uint<5>,
    pub retain: Uint<5>,
    /// The largest number stands for ever.
    linger: Uint<5>,
}

impl StoredSettings {
    pub fn new(settings: Settings) -> StoredSettings {
        let bounded = |duration: Millis| duration.min(MAX_DURATION);
        StoredSettings {
            ttl: Uint::new(bounded(settings.ttl)),
            retain: Uint::new(bounded(settings.retain)),
            // The largest number is not a length of time.
            linger: Uint::new(settings.linger.map_or(Uint::<5>::MAX, bounded)),
        }
    }

    #[inline]
    pub fn linger(self) -> Option<Millis> {
        let linger = self.linger.get();
        (linger != Uint::<5>::MAX).then_some(linger)
    }

    pub fn with(self, rare: RareSettings) -> Settings {
        Settings {
            ttl: self.ttl.get(),
            retain: self.retain.get(),
            linger: self.linger(),
            resolution: rare.resolution.get(),
            cap: rare.cap.get(),
        }
    }
}

/// The peak as a set keeps it.
#[derive(Clone, Copy)]
pub struct StoredPeak {
    pub count: Uint<6>,
    pub at: Uint<6>,
}

impl StoredPeak {
    pub fn new(peak: Peak) -> StoredPeak {
        StoredPeak {
            count: Uint::new(peak.count),
            at: Uint::new(peak.at.min(MAX_TIME)),
        }
    }

    #[inline]
    pub fn get(self) -> Peak {
        Peak {
            count: self.count.get(),
            at: self.at.get(),
        }
    }
}
