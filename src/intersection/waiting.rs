//! Searches that are not over at once: each goes on for a bite of time, in turn, and other clients are served between two
//! bites.

use std::collections::VecDeque;

use super::search::Search;
use super::{BITE, go_on_for};
use crate::error::Error;
use crate::ffi::blocked_client::{BlockedClient, ClientId, Waiting};
use crate::ffi::context::Context;
use crate::ffi::guard::guard;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::main_thread::MainThread;
use crate::ffi::string::{KeyName, SharedString};
use crate::ffi::timer::Timer;

/// The searches that wait, the next one first.
static WAITING: MainThread<VecDeque<Waiter>> = MainThread::new(VecDeque::new());
static TIMER: Timer = Timer::new(WHAT, go_on);
const WHAT: &str = "an intersection";
/// ms between two bites: about as long as one takes, so that searches have half of the main thread at the most.
const PAUSE: i64 = 1;

/// A search, and the client that waits for it.
struct Waiter {
    client: BlockedClient,
    db: i32,
    key: SharedString,
    other: SharedString,
    search: Search,
}

struct Clients;

impl Waiting for Clients {
    const WHAT: &'static str = WHAT;

    fn gone(client: ClientId) {
        WAITING
            .borrow()
            .retain(|waiter| waiter.client.id() != client);
    }
}

/// Has the client of the running command, which [may be blocked](Context::may_block), wait while its search goes on.
pub fn wait(ctx: Context, key: KeyName, other: KeyName, search: Search) {
    let waiter = Waiter {
        client: BlockedClient::block::<Clients>(ctx),
        db: ctx.db(),
        key: SharedString::new(key.bytes()),
        other: SharedString::new(other.bytes()),
        search,
    };
    WAITING.borrow().push_back(waiter);
    if !TIMER.is_armed() {
        TIMER.arm(ctx, PAUSE);
    }
}

/// Arms the timer anew if the clock has stepped. Called from the server's cron.
pub fn check_timer(ctx: Context) {
    TIMER.check(ctx);
}

/// The next search goes on for a bite.
fn go_on(keyspace: &mut Keyspace) {
    let ctx = keyspace.context();
    let next = WAITING.borrow().pop_front();
    let Some(mut waiter) = next else { return };
    // Armed first: whatever becomes of this search, the others go on.
    TIMER.arm(ctx, PAUSE);
    ctx.select_db(waiter.db);
    let (key, other) = (waiter.key.borrow(), waiter.other.borrow());
    let search = &mut waiter.search;
    let outcome = guard(WHAT, || go_on_for(BITE, search, keyspace, key, other));
    match outcome.unwrap_or(Err(Error::Internal)) {
        Ok(true) => WAITING.borrow().push_back(waiter),
        Ok(false) => {
            let Waiter { client, search, .. } = waiter;
            client.answer(|ctx| search.reply(ctx));
        }
        Err(error) => waiter
            .client
            .answer(|ctx| ctx.reply_error(&error.to_string())),
    }
}
