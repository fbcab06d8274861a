//! `PRESENCE.CLIENTS [WINDOW ms]`

use super::span::{self, WINDOW};
use super::spec::Spec;
use crate::clients::{self, List};
use crate::error::Result;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::defaults;

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.CLIENTS",
    flags: c"readonly admin",
    arity: -1,
    last_key: 0,
    categories: c"admin dangerous connection slow",
    key_flags: Spec::KEYLESS,
    tips: c"request_policy:all_nodes nondeterministic_output",
    summary: c"Returns the clients that are connected to this server.",
    complexity: c"O(N) for N clients, as CLIENT LIST",
    since: c"0.1.0",
    args: &[WINDOW],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let window = span::parse(args, 1)?.unwrap_or_else(|| defaults::of_new_keys().ttl);
    let list = List::for_user(keyspace)?;
    let mut clients = list.iter().collect::<Result<Vec<_>>>()?;
    clients.retain(|client| !client.is_internal);
    // By id, which is the order in which they connected: that of the server's list changes all the time.
    clients.sort_unstable_by_key(|client| client.id);
    ctx.reply_array(clients.len());
    for client in &clients {
        let number = |name: &str, number| {
            ctx.reply_bytes(name.as_bytes());
            ctx.reply_integer(number);
        };
        let text = |name: &str, text| {
            ctx.reply_bytes(name.as_bytes());
            ctx.reply_bytes(text);
        };
        let online = clients::is_online(client.last_interaction, list.now(), window);
        ctx.reply_map(8);
        number("id", client.id as i64);
        text("addr", client.addr);
        text("name", client.name);
        text("user", client.user);
        number("db", client.db);
        number("connected-at", client.connected_at);
        number("last-interaction", client.last_interaction);
        number("online", online.into());
    }
    Ok(())
}
