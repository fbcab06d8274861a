//! `COPY`.

use super::value::Value;
use crate::expiry::watch_list;
use crate::ffi::data_type::KeyContext;

/// A copy of a value, for another key, which is watched.
pub fn copy(value: &Value, keys: &KeyContext) -> Option<Box<Value>> {
    let mut copy = value.duplicate()?;
    if let Some(name) = keys.to_name()
        && let Some(due) = copy.set().and_then(|set| set.next_look())
    {
        copy.set_queued(watch_list::watch(keys.to_db(), name.bytes(), due));
    }
    Some(copy)
}
