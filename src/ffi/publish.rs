//! Messages to subscribers.

use super::api;
use super::context::Context;
use super::keyspace::Keyspace;
use super::string::SharedString;

/// Publishes a message to this server's subscribers and those of its replicas, in a cluster to those of every node.
pub fn publish(keyspace: &mut Keyspace, channel: &SharedString, message: &SharedString) {
    let ctx = keyspace.context();
    if !ctx.is_in_cluster() && publish_replicated(keyspace, channel, message) {
        return;
    }
    publish_here(ctx, channel, message);
}

/// Publishes a message to this server's own subscribers, in a cluster to those of every node.
pub fn publish_here(ctx: Context, channel: &SharedString, message: &SharedString) {
    // SAFETY: the context and the strings are live; the server copies what it sends.
    unsafe {
        api!(RedisModule_PublishMessage)(
            ctx.as_ptr(),
            channel.borrow().as_ptr(),
            message.borrow().as_ptr(),
        );
    }
}

/// Calls PUBLISH, and has it replicated to replicas but not to the append-only file. Returns whether the server has
/// that command, which may be renamed away.
fn publish_replicated(
    keyspace: &mut Keyspace,
    channel: &SharedString,
    message: &SharedString,
) -> bool {
    // SAFETY: the context and the strings are live; the format takes two strings, and has the call replicated (`!`),
    // but not to the append-only file (`A`). The reply is freed once.
    unsafe {
        let reply = api!(RedisModule_Call)(
            keyspace.context().as_ptr(),
            c"PUBLISH".as_ptr(),
            c"!Ass".as_ptr(),
            channel.borrow().as_ptr(),
            message.borrow().as_ptr(),
        );
        if reply.is_null() {
            return false;
        }
        api!(RedisModule_FreeCallReply)(reply);
    }
    true
}
