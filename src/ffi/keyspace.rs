//! The right to open keys, as a token.
//!
//! An open key lends its value as `&mut`. That is sound only if nothing else can reach the value meanwhile: neither a
//! second handle of the same key, nor a callback, of this module or another, that the server runs while it serves a
//! call of ours. So there is one `Keyspace` per callback, an open key borrows it exclusively, and whatever may run
//! other code (calling a command, sending a keyspace notification) borrows it exclusively too. What a [`Context`]
//! offers does neither.

use super::context::Context;

/// The keys of the server, as seen by a callback that may open them.
pub struct Keyspace<'a> {
    ctx: Context<'a>,
}

impl<'a> Keyspace<'a> {
    /// # Safety
    /// Only for a callback that the server runs on its main thread, with that callback's context, and once in it.
    #[inline]
    pub(super) unsafe fn new(ctx: Context<'a>) -> Keyspace<'a> {
        Keyspace { ctx }
    }

    /// The callback's context.
    #[inline]
    pub fn context(&self) -> Context<'a> {
        self.ctx
    }
}
