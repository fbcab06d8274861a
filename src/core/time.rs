//! Units and bounds of time.

/// Milliseconds: a length of time, or a moment as Unix time.
pub type Millis = u64;

/// The longest ttl, retain and linger: ten years of 365 days.
pub const MAX_DURATION: Millis = 315_360_000_000;

/// The latest moment that can be stored (the year 6429); what claims to be later is not a time.
pub const MAX_TIME: Millis = (1 << 47) - 1;

/// What a lane's members seen at or before this moment have in common: they had expired at `now`. `None`: nobody had.
pub fn expiry_cut(now: Millis, stay: Millis) -> Option<Millis> {
    now.checked_sub(stay)
}

/// Whether a member seen at `time` is offline at `now`.
#[inline]
pub fn has_expired(time: Millis, ttl: Millis, now: Millis) -> bool {
    time + ttl <= now || ttl == 0
}
