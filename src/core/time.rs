//! Units and bounds of time.

/// Milliseconds: a length of time, or a moment as Unix time.
pub type Millis = u64;

/// The longest ttl, retain and linger: ten years of 365 days.
pub const MAX_DURATION: Millis = 315_360_000_000;

/// The latest moment that can be stored (the year 10889); what claims to be later is not a time.
pub const MAX_TIME: Millis = (1 << 48) - 1;
