//! Events: members who joined, left, timed out or have other metadata, and new peaks. There are two ways to hear of them, both off by
//! default: a Pub/Sub message that names the member, on a channel for each key and kind of event, and a keyspace
//! notification.
//!
//! Only the server that makes a change, a primary, publishes it. Like those of PUBLISH, its messages reach subscribers
//! of its replicas through replication, and in a cluster subscribers of every node through the cluster bus.
//! Notifications stay on the server, as its own do.
//!
//! A time-out is reported by the eviction (`expiry/`) or by the member's next touch, whichever comes first. [`epoch`]
//! decides which time-outs of members who are still remembered are this server's to report.

mod epoch;

use std::ffi::CStr;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::core::Touch;
use crate::core::time::Millis;
use crate::ffi::context::{Context, InfoSection};
use crate::ffi::keyspace::Keyspace;
use crate::ffi::main_thread::MainThread;
use crate::ffi::string::{KeyName, SharedString};
use crate::ffi::{keyspace_events, publish};
use crate::settings::Text;
use crate::{clock, metrics};

use epoch::Epoch;

/// Something that happens to a member, or to a key's peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Join = 1,
    Leave = 2,
    Timeout = 4,
    /// A new peak; its count stands in the place of the member.
    Max = 8,
    /// The metadata of a member is another one.
    Update = 16,
}

impl Event {
    /// By its letter in `presence.events`.
    const LETTERS: [(u8, Event); 5] = [
        (b'j', Event::Join),
        (b'l', Event::Leave),
        (b't', Event::Timeout),
        (b'm', Event::Max),
        (b'u', Event::Update),
    ];

    /// Its name in a channel.
    fn name(self) -> &'static str {
        match self {
            Event::Join => "join",
            Event::Leave => "leave",
            Event::Timeout => "timeout",
            Event::Max => "max",
            Event::Update => "update",
        }
    }

    /// The keyspace notification.
    fn notification(self) -> &'static CStr {
        match self {
            Event::Join => c"presence.join",
            Event::Leave => c"presence.leave",
            Event::Timeout => c"presence.timeout",
            Event::Max => c"presence.max",
            Event::Update => c"presence.update",
        }
    }
}

const ALL: u8 = Event::Join as u8
    | Event::Leave as u8
    | Event::Timeout as u8
    | Event::Max as u8
    | Event::Update as u8;

/// The set of events that are published, as bits.
static PUBLISHED: AtomicU8 = AtomicU8::new(0);
static EPOCH: MainThread<Epoch> = MainThread::new(Epoch::new());

/// Which events are published.
pub static EVENTS: Text = Text::new(
    "events",
    "",
    "any of the letters j, l, t, m and u, or A for all",
    set_published,
);

/// Takes a value of `presence.events`: any of the letters, or `A` for all. `false`: it is something else.
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

/// Called with every run of the eviction.
pub fn run() {
    let (now, steady) = (clock::wall(), clock::monotonic_micros() / 1000);
    EPOCH.borrow().run(now, steady, wants_timeouts());
}

/// The data is loaded.
pub fn loaded() {
    EPOCH.borrow().loaded(clock::wall());
}

/// This server has become a primary.
pub fn promoted() {
    EPOCH.borrow().promoted(clock::wall());
}

/// This server has become a replica.
pub fn demoted() {
    EPOCH.borrow().demoted(clock::wall());
}

/// The link to the primary is up.
pub fn link_up() {
    EPOCH.borrow().link_up();
}

/// The link to the primary went down.
pub fn link_down(ctx: Context) {
    let silence = ctx.info(InfoSection::Replication, c"master_last_io_seconds_ago");
    EPOCH.borrow().link_down(clock::wall(), silence);
}

/// Whether the settings ask for time-outs.
fn wants_timeouts() -> bool {
    PUBLISHED.load(Ordering::Relaxed) & Event::Timeout as u8 != 0 || keyspace_events::notifies()
}

/// The events of one key, in order. They are counted when they are added, and sent once the key is closed:
/// notifications run the code of other modules.
pub struct Outbox {
    /// The time of the eviction that causes them, whose lag is shown; `None` if it is a command.
    evicted_at: Option<Millis>,
    published: u8,
    notified: bool,
    /// The events, each with the length of its message.
    events: Vec<(Event, usize)>,
    /// The messages, one after the other.
    messages: Vec<u8>,
}

impl Outbox {
    /// An empty one, for what a command does.
    #[inline]
    pub fn new() -> Outbox {
        Outbox {
            evicted_at: None,
            published: PUBLISHED.load(Ordering::Relaxed),
            notified: keyspace_events::notifies(),
            events: Vec::new(),
            messages: Vec::new(),
        }
    }

    /// An empty one, for an eviction at `now`.
    pub fn of_eviction(now: Millis) -> Outbox {
        Outbox {
            evicted_at: Some(now),
            ..Outbox::new()
        }
    }

    /// Drops the events.
    pub fn clear(&mut self) {
        self.events.clear();
        self.messages.clear();
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// A member came online.
    #[inline]
    pub fn joined(&mut self, member: &[u8]) {
        metrics::JOINS.add(1);
        self.add(Event::Join, member);
    }

    /// A member left.
    pub fn left(&mut self, member: &[u8]) {
        metrics::LEAVES.add(1);
        self.add(Event::Leave, member);
    }

    /// A member timed out whose time-out was not reported yet, as far as this server knows. `retain` is its key's.
    pub fn timed_out(&mut self, member: &[u8], touch: Touch, retain: Millis) {
        let epoch = EPOCH.borrow();
        if epoch.counts(touch, retain) {
            metrics::TIMEOUTS.add(1);
            if let Some(now) = self.evicted_at {
                metrics::TIMEOUT_LAG.set(now.saturating_sub(touch.due(0)));
            }
        }
        if epoch.publishes(touch, retain) {
            self.add(Event::Timeout, member);
        }
    }

    /// A member has other metadata.
    pub fn updated(&mut self, member: &[u8]) {
        self.add(Event::Update, member);
    }

    /// More members are online than ever before.
    pub fn new_peak(&mut self, peak: u64) {
        if self.sends(Event::Max) {
            self.add(Event::Max, peak.to_string().as_bytes());
        }
    }

    #[inline]
    fn sends(&self, event: Event) -> bool {
        self.notified || self.published & event as u8 != 0
    }

    #[inline]
    fn add(&mut self, event: Event, message: &[u8]) {
        if self.sends(event) {
            self.events.push((event, message.len()));
            self.messages.extend_from_slice(message);
        }
    }

    /// Publishes the messages and sends the notifications.
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
                keyspace_events::notify(keyspace, event.notification(), key);
            }
        }
    }
}
