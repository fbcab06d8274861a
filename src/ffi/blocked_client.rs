//! A client whose command goes on later: it waits for its reply while the server serves others.

use std::ptr::{NonNull, null_mut};

use redis_module::raw;

use super::api;
use super::context::Context;
use super::guard::guard;

/// Who has clients wait.
pub trait Waiting {
    /// Its name in the log.
    const WHAT: &'static str;

    /// A waiting client is gone. What was kept for it is to be dropped, its [`BlockedClient`] with it.
    fn gone(client: ClientId);
}

/// Tells one waiting client from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientId(NonNull<raw::RedisModuleBlockedClient>);

/// A client that waits. It has to be answered; dropped without, it goes on without a reply, as one that is gone does.
pub struct BlockedClient(ClientId);

impl BlockedClient {
    /// Has the client of the running command wait, where it [may](Context::may_block). The command replies nothing.
    pub fn block<W: Waiting>(ctx: Context) -> BlockedClient {
        // SAFETY: the context is that of a command whose client may be blocked. Without callbacks the reply is what is
        // written by `answer`; 0: without a time-out.
        let client = unsafe { api!(RedisModule_BlockClient)(ctx.as_ptr(), None, None, None, 0) };
        let id = ClientId(NonNull::new(client).expect("the server aborts where memory is short"));
        // SAFETY: the client is blocked, and the callback is one for blocked clients.
        unsafe { api!(RedisModule_SetDisconnectCallback)(client, Some(disconnected::<W>)) };
        BlockedClient(id)
    }

    pub fn id(&self) -> ClientId {
        self.0
    }

    /// Answers: `reply` writes the reply, and the client goes on.
    pub fn answer(self, reply: impl FnOnce(Context)) {
        let client = self.0.0.as_ptr();
        // SAFETY: the client is blocked until `self` is dropped, below. Its context is used on the main thread only, ends
        // before that, and is given back once.
        unsafe {
            let ctx = api!(RedisModule_GetThreadSafeContext)(client);
            reply(Context::new(ctx));
            api!(RedisModule_FreeThreadSafeContext)(ctx);
        }
    }
}

impl Drop for BlockedClient {
    fn drop(&mut self) {
        // SAFETY: blocked by `block`, unblocked once, which is due for one that is gone as well.
        unsafe { api!(RedisModule_UnblockClient)(self.0.0.as_ptr(), null_mut()) };
    }
}

/// # Safety
/// Called by the server only, with a client that was blocked and not yet unblocked.
unsafe extern "C" fn disconnected<W: Waiting>(
    _ctx: *mut raw::RedisModuleCtx,
    client: *mut raw::RedisModuleBlockedClient,
) {
    if let Some(client) = NonNull::new(client) {
        guard(W::WHAT, || W::gone(ClientId(client)));
    }
}
