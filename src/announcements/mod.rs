//! Announcements: who is connected to this server, as one JSON message on `presence.client-announce-channel`, every
//! `presence.client-announce-frequency` seconds and when a client connects or disconnects.
//!
//! Each announcement lists all clients anew, since there is no event for a client's last interaction. It does so in
//! time slices with pauses in between, so that no other client waits, however many there are. While the frequency is 0
//! nothing runs; only the ids of connected clients are kept, since the server cannot list them a few at a time.
//!
//! A server announces its own clients to its own subscribers: the messages are not replicated. In a cluster they go to
//! all nodes, so there each names its node.

mod gathering;
mod message;
mod pace;

use std::collections::BTreeSet;

use crate::clients::List;
use crate::error::Result;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::main_thread::MainThread;
use crate::ffi::publish::publish_here;
use crate::ffi::string::SharedString;
use crate::ffi::timer::Timer;
use crate::settings::{Number, Text};
use crate::{clock, defaults};

use gathering::Gathering;
use pace::Pace;

/// s between two announcements of the connected clients, 0 for none.
pub static FREQUENCY: Number =
    Number::new("client-announce-frequency", 0, 0, 86_400).applied_by(restart);
/// The channel of the announcements.
pub static CHANNEL: Text = Text::new(
    "client-announce-channel",
    "__redis__:cli",
    "the name of a channel, not empty and without zero bytes",
    |name| !name.is_empty(),
);

static TIMER: Timer = Timer::new("the announcements of clients", tick);
static STATE: MainThread<State> = MainThread::new(State {
    connected: BTreeSet::new(),
    pace: Pace::new(),
    gathering: None,
});

struct State {
    /// The ids of the connected clients, from the server's events.
    connected: BTreeSet<u64>,
    pace: Pace,
    /// The announcement that is being made.
    gathering: Option<Gathering>,
}

/// How long one slice may take, in µs.
const SLICE: u64 = 500;
/// A slice is followed by a pause of this many times what it took: a quarter of one core at most.
const REST: u64 = 3;
/// ms until the next try, while no announcement may be made.
const RETRY: i64 = 100;

impl State {
    /// The announcement that is being made, or a new one if one is due.
    fn go_on(&mut self, now: u64, frequency: u64) -> Option<Gathering> {
        if let Some(gathering) = self.gathering.take() {
            return Some(gathering);
        }
        if now < self.pace.due(frequency) {
            return None;
        }
        self.pace.begun = now;
        Some(Gathering::new())
    }
}

fn frequency() -> u64 {
    FREQUENCY.get() as u64
}

/// Starts to follow who is connected, and to announce if the settings say so.
pub fn start(keyspace: &mut Keyspace) {
    // Nobody yet at the server's start, but the module may be loaded later.
    if let Ok(list) = List::of_all(keyspace) {
        let ids = list.iter().flatten().map(|client| client.id);
        STATE.borrow().connected.extend(ids);
    }
    restart(keyspace.context());
}

/// The frequency has changed: the next interval begins now.
pub fn restart(ctx: Context) {
    let mut state = STATE.borrow();
    state.gathering = None;
    state.pace = Pace::new();
    state.pace.begun = clock::monotonic_micros();
    match frequency() {
        0 => TIMER.stop(ctx),
        frequency => arm(ctx, state.pace.due(frequency)),
    }
}

/// A client has connected.
pub fn joined(ctx: Context, id: u64) {
    let mut state = STATE.borrow();
    state.connected.insert(id);
    changed(ctx, &mut state);
}

/// A client has disconnected. For one that was refused there was no event when it came.
pub fn left(ctx: Context, id: u64) {
    let mut state = STATE.borrow();
    if state.connected.remove(&id) {
        if let Some(gathering) = &mut state.gathering {
            gathering.left(id);
        }
        changed(ctx, &mut state);
    }
}

fn changed(ctx: Context, state: &mut State) {
    let frequency = frequency();
    if frequency == 0 {
        return;
    }
    let is_first = state.pace.changes.is_none();
    state.pace.change(clock::monotonic_micros());
    // While an announcement is being made the timer runs its slices.
    if is_first && state.gathering.is_none() {
        arm(ctx, state.pace.due(frequency));
    }
}

/// Keeps the timer going where the clock has stepped back.
pub fn check_timer(ctx: Context) {
    TIMER.check(ctx);
}

/// Has the timer run at `due`, in µs.
fn arm(ctx: Context, due: u64) {
    let wait = due.saturating_sub(clock::monotonic_micros());
    TIMER.arm(ctx, wait.div_ceil(1000).max(1) as i64);
}

/// Run by the timer, which is armed only while the frequency is not 0.
fn tick(keyspace: &mut Keyspace) {
    let ctx = keyspace.context();
    let frequency = frequency();
    let start = clock::monotonic_micros();
    if ctx.is_loading() || ctx.is_paused() {
        // What was gathered will be outdated.
        STATE.borrow().gathering = None;
        return TIMER.arm(ctx, RETRY);
    }
    let Some(mut gathering) = STATE.borrow().go_on(start, frequency) else {
        let due = STATE.borrow().pace.due(frequency);
        return arm(ctx, due);
    };
    match gather(keyspace, &mut gathering, start + SLICE) {
        Ok(true) => publish(ctx, &gathering),
        Ok(false) => {
            STATE.borrow().gathering = Some(gathering);
            let took = clock::monotonic_micros() - start;
            return TIMER.arm(ctx, (took * REST).div_ceil(1000) as i64);
        }
        Err(error) => ctx.warn(&format!("presence: clients are not announced, {error}")),
    }
    let mut state = STATE.borrow();
    state.pace.publish(clock::monotonic_micros());
    arm(ctx, state.pace.due(frequency));
}

/// Asks for clients, a batch at a time, until `deadline`. Returns whether these were all.
fn gather(keyspace: &mut Keyspace, gathering: &mut Gathering, deadline: u64) -> Result<bool> {
    loop {
        let asked = gathering.next(&STATE.borrow().connected);
        if asked.is_empty() {
            return Ok(true);
        }
        let list = List::of(keyspace, &asked)?;
        gathering.add(&asked, list.iter())?;
        if clock::monotonic_micros() >= deadline {
            return Ok(false);
        }
    }
}

fn publish(ctx: Context, gathering: &Gathering) {
    let window = defaults::of_new_keys().ttl;
    let message = message::write(
        gathering.clients(),
        clock::wall(),
        window,
        ctx.cluster_node().as_deref(),
    );
    let channel = SharedString::new(&CHANNEL.get());
    let message = SharedString::new(&message);
    publish_here(ctx, &channel, &message);
}
