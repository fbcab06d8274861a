//! What a value takes, and what is done when it goes.

use super::value::Value;
use crate::core::time::Millis;
use crate::expiry::watch_list;
use crate::ffi::alloc;
use crate::ffi::data_type::KeyContext;
use crate::ffi::string::KeyName;

/// What the server itself allocates for each value of a module and does not count: two structures of 16 bytes.
const SERVER_OVERHEAD: usize = 32;

/// Bytes that a key takes, for `MEMORY USAGE`; `block` is the size of the value's own block. Nothing is sampled. For a
/// small set the allocator is asked for the usable size of its blocks; a large one has blocks of the allocator's size
/// classes.
pub fn usage(value: &Value, block: usize, key: &KeyContext) -> usize {
    let blocks = match value.buffer() {
        None => value.bytes(),
        Some(buffer) => block + alloc::size_of_block(buffer),
    };
    let entry = watched_name(value, key).map(|name| watch_list::entry_bytes(name.bytes()));
    SERVER_OVERHEAD + blocks + entry.unwrap_or(0)
}

/// A key is removed, by anything but a flush: its entry in the watch list is stale from now on.
pub fn unlink(value: &Value, key: &KeyContext) {
    if let Some(name) = watched_name(value, key) {
        watch_list::outlive(name.bytes());
    }
}

/// The key's name, if it is watched.
fn watched_name<'a>(value: &Value, key: &KeyContext<'a>) -> Option<KeyName<'a>> {
    match value.queued() {
        Millis::MAX => None,
        _ => key.name(),
    }
}
