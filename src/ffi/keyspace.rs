//! The right to open keys.
//!
//! A value that a key holds is lent as `&mut`, so nobody else may come by it meanwhile: neither by opening the key once
//! more, nor in a callback of this module or another one that the server runs on our behalf. Each of these therefore takes
//! the one `Keyspace` of the callback exclusively, and an open key borrows it for as long as it is open. What is done with
//! a [`Context`] alone opens no key and runs nobody's code.

use super::context::Context;

/// The keys of the server, as a callback that may open some of them sees them.
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

    /// The server as the callback sees it.
    #[inline]
    pub fn context(&self) -> Context<'a> {
        self.ctx
    }
}
