//! A yes or no of the server's that holds until something happens.

use std::sync::atomic::{AtomicU8, Ordering};

const UNKNOWN: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

/// What the server answered last, if it still holds.
pub struct Answer(AtomicU8);

impl Answer {
    pub const fn new() -> Answer {
        Answer(AtomicU8::new(UNKNOWN))
    }

    /// The answer, for which the server is asked if it is not known.
    #[inline]
    pub fn get(&self, ask: impl FnOnce() -> bool) -> bool {
        match self.0.load(Ordering::Relaxed) {
            UNKNOWN => self.set(ask()),
            known => known == YES,
        }
    }

    #[cold]
    fn set(&self, answer: bool) -> bool {
        let known = if answer { YES } else { NO };
        self.0.store(known, Ordering::Relaxed);
        answer
    }

    /// Something has happened that may have changed it.
    pub fn forget(&self) {
        self.0.store(UNKNOWN, Ordering::Relaxed);
    }
}
