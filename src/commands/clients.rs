//! `PRESENCE.CLIENTS [WINDOW ms]`

use super::span::WINDOW;
use super::spec::Spec;
use crate::clients::{self, List};
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::{parse, settings};

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
    args: &[WINDOW],
};

pub fn run(ctx: Context, args: Args) -> Result {
    let mut window = None;
    let mut options = parse::Options::new(args, 1);
    while let Some(option) = options.next() {
        if option.eq_ignore_ascii_case(b"WINDOW") {
            parse::once(&mut window, parse::duration(options.value()?)?)?;
        } else {
            return Err(Error::Syntax);
        }
    }
    let window = window.unwrap_or_else(|| settings::of_new_keys().ttl);
    let list = List::for_user(ctx)?;
    let mut clients = list.iter().collect::<Result<Vec<_>>>()?;
    clients.retain(|client| !client.is_internal);
    // In the order in which they came: the server's own changes all the time.
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
