//! What is told of members: who joined, left or timed out, and new records. Two ways, off by default: a message on a
//! Pub/Sub channel of the key's and the event's own, with the member in it, and a keyspace notification.
//!
//! The server that makes a change tells of it: a primary. Its messages reach subscribers of its replicas as those of
//! PUBLISH do, through the replication, and in a cluster those of every node, through the cluster's bus. Notifications
//! are never passed on, as the server's own are not.
//!
//! A time-out is told when the server comes by (`expiry/`), or with the member's next touch, where that is sooner. A
//! server cannot know which time-outs of members that are still remembered were told before it had a say, so it tells of
//! those since *then*: since it became a primary, had its data loaded, or was asked for events.

use std::ffi::CStr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::core::Seen;
use crate::core::time::Millis;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::publish;
use crate::ffi::string::{KeyName, SharedString};
use crate::settings::Text;
use crate::{clock, metrics};

/// Something that happens to a member, or to a key's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Join = 1,
    Leave = 2,
    Timeout = 4,
    /// A new record; what stands for the member is the number.
    Max = 8,
}

impl Event {
    /// By its letter in `presence.events`.
    const LETTERS: [(u8, Event); 4] = [
        (b'j', Event::Join),
        (b'l', Event::Leave),
        (b't', Event::Timeout),
        (b'm', Event::Max),
    ];

    /// Its name in a channel.
    fn name(self) -> &'static str {
        match self {
            Event::Join => "join",
            Event::Leave => "leave",
            Event::Timeout => "timeout",
            Event::Max => "max",
        }
    }

    /// The keyspace notification.
    fn notification(self) -> &'static CStr {
        match self {
            Event::Join => c"presence.join",
            Event::Leave => c"presence.leave",
            Event::Timeout => c"presence.timeout",
            Event::Max => c"presence.max",
        }
    }
}

const ALL: u8 = Event::Join as u8 | Event::Leave as u8 | Event::Timeout as u8 | Event::Max as u8;

/// The events that are published, added up.
static PUBLISHED: AtomicU8 = AtomicU8::new(0);
/// Since when it is this server that tells of members who time out and are remembered: since its data was loaded, or it
/// became a primary.
static BEGUN: AtomicU64 = AtomicU64::new(0);
/// Of a replica whose link to its primary is down: until when it was heard. 0 otherwise.
static VOICE_LOST: AtomicU64 = AtomicU64::new(0);
/// When the eviction ran last while nobody had asked for time-outs. 0: they have been asked for since the start.
static SILENT_UNTIL: AtomicU64 = AtomicU64::new(0);

/// Which events are published.
pub static EVENTS: Text = Text::new(
    "events",
    "",
    "any of the letters j, l, t and m, or A for all",
    set_published,
);

/// Takes over what `presence.events` says: any of the letters, or `A` for all. `false`: it says something else.
fn set_published(letters: &[u8]) -> bool {
    let mut published = 0;
    for letter in letters {
        match Event::LETTERS.iter().find(|(known, _)| known == letter) {
            Some((_, event)) => published |= *event as u8,
            None if *letter == b'A' => published = ALL,
            None => return false,
        }
    }
    PUBLISHED.store(published, Ordering::Relaxed);
    true
}

/// Sees whether the settings ask for time-outs. Called with every run of the eviction, since the server tells nobody when
/// `notify-keyspace-events` changes.
pub fn check_settings() {
    let now = clock::wall();
    follow_clock(now);
    if !tell_timeouts() {
        SILENT_UNTIL.store(now, Ordering::Relaxed);
    }
}

/// Has what was noted mean the same moments where the clock has stepped back since the last run. Nobody would be told of
/// until it came to where it had been.
fn follow_clock(now: Millis) {
    /// What an adjustment of the clock may take back without anything being done, in ms.
    const SLACK: Millis = 500;
    /// When the last run was, and by a clock that does not step, in ms.
    static LAST_RUN: AtomicU64 = AtomicU64::new(0);
    static STEADY: AtomicU64 = AtomicU64::new(0);
    let steady = clock::monotonic_micros() / 1000;
    let passed = steady - STEADY.swap(steady, Ordering::Relaxed);
    let back = (LAST_RUN.swap(now, Ordering::Relaxed) + passed).saturating_sub(now);
    if back > SLACK {
        for moment in [&BEGUN, &SILENT_UNTIL] {
            let noted = moment.load(Ordering::Relaxed);
            moment.store(noted.saturating_sub(back), Ordering::Relaxed);
        }
    }
}

/// From when on time-outs of members who are remembered are told.
fn since() -> Millis {
    SILENT_UNTIL
        .load(Ordering::Relaxed)
        .max(BEGUN.load(Ordering::Relaxed))
}

/// The data is loaded.
pub fn loaded() {
    BEGUN.store(clock::wall(), Ordering::Relaxed);
}

/// This server has become a primary. It goes on where the last one's voice was lost.
pub fn promoted() {
    let lost = VOICE_LOST.swap(0, Ordering::Relaxed);
    let begun = if lost > 0 { lost } else { clock::wall() };
    BEGUN.store(begun, Ordering::Relaxed);
}

/// This server has become a replica.
pub fn demoted() {
    VOICE_LOST.store(clock::wall(), Ordering::Relaxed);
}

/// The link to the primary is up, or went down just now. Of a primary that hangs, or cannot be reached any more, nothing
/// may have come for a long time until then.
pub fn set_link(ctx: Context, up: bool) {
    if up {
        VOICE_LOST.store(0, Ordering::Relaxed);
    } else if VOICE_LOST.load(Ordering::Relaxed) == 0 {
        // A server that is promoted reports this twice, and has forgotten about its primary by the second time. It counts
        // in whole seconds: the end of the one it means, since nobody is to be told of twice.
        let silence = ctx.info(c"replication", c"master_last_io_seconds_ago");
        let now = clock::wall();
        let heard = (now / 1000 + 1).saturating_sub(silence.unwrap_or(0)) * 1000;
        VOICE_LOST.store(heard.min(now), Ordering::Relaxed);
    }
}

/// Whether the settings ask for time-outs.
fn tell_timeouts() -> bool {
    PUBLISHED.load(Ordering::Relaxed) & Event::Timeout as u8 != 0 || publish::notifies()
}

/// What is to be told of one key, in order. The events are counted when they are added, and told when the key is closed:
/// notifications run the code of other modules.
pub struct Batch {
    published: u8,
    notified: bool,
    /// The events, and how long each one's message is.
    events: Vec<(Event, usize)>,
    /// The messages, one after the other.
    messages: Vec<u8>,
}

impl Batch {
    /// An empty one.
    #[inline]
    pub fn new() -> Batch {
        Batch {
            published: PUBLISHED.load(Ordering::Relaxed),
            notified: publish::notifies(),
            events: Vec::new(),
            messages: Vec::new(),
        }
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// A member came online.
    #[inline]
    pub fn join(&mut self, member: &[u8]) {
        metrics::JOINS.add(1);
        self.add(Event::Join, member);
    }

    /// A member left.
    pub fn leave(&mut self, member: &[u8]) {
        metrics::LEAVES.add(1);
        self.add(Event::Leave, member);
    }

    /// A member's time was up, which nobody had noticed, as far as this server knows. Returns whether it is this server's
    /// to count.
    pub fn timeout(&mut self, member: &[u8], seen: Seen, retain: Millis) -> bool {
        let is_after = |moment| seen.ttl >= retain || seen.due(0) > moment;
        let counts = is_after(BEGUN.load(Ordering::Relaxed));
        metrics::TIMEOUTS.add(counts.into());
        if is_after(since()) {
            self.add(Event::Timeout, member);
        }
        counts
    }

    /// More members are online than ever before.
    pub fn max(&mut self, peak: u64) {
        if self.tells(Event::Max) {
            self.add(Event::Max, peak.to_string().as_bytes());
        }
    }

    #[inline]
    fn tells(&self, event: Event) -> bool {
        self.notified || self.published & event as u8 != 0
    }

    #[inline]
    fn add(&mut self, event: Event, message: &[u8]) {
        if self.tells(event) {
            self.events.push((event, message.len()));
            self.messages.extend_from_slice(message);
        }
    }

    /// Tells it all.
    #[inline]
    pub fn send(self, keyspace: &mut Keyspace, key: KeyName) {
        if !self.events.is_empty() {
            self.send_all(keyspace, key);
        }
    }

    #[cold]
    fn send_all(self, keyspace: &mut Keyspace, key: KeyName) {
        let db = keyspace.context().db();
        let mut channels = [const { None }; Event::LETTERS.len()];
        let mut messages = self.messages.as_slice();
        for (event, len) in self.events {
            let (message, rest) = messages.split_at(len);
            messages = rest;
            if self.published & event as u8 != 0 {
                let index = (event as u8).trailing_zeros() as usize;
                let channel = channels[index].get_or_insert_with(|| {
                    let name = format!("__presence@{db}__:{}:", event.name());
                    SharedString::new(&[name.as_bytes(), key.bytes()].concat())
                });
                publish::publish(keyspace, channel, &SharedString::new(message));
            }
            if self.notified {
                publish::notify(keyspace, event.notification(), key);
            }
        }
    }
}
