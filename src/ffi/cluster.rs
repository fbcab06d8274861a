//! This node of a cluster.

use redis_module::raw;

use super::context::Context;
use super::{api, api_if_any};

/// The slot of a key of this name. `None`: the server does not say.
pub fn key_slot(name: &[u8]) -> Option<i32> {
    let slot_of = api_if_any!(RedisModule_ClusterKeySlotC)?;
    // SAFETY: the name has that many bytes.
    Some(unsafe { slot_of(name.as_ptr().cast(), name.len()) } as i32)
}

impl Context<'_> {
    /// The name of this node, where it is one of a cluster.
    pub fn cluster_node(self) -> Option<String> {
        const LEN: usize = raw::REDISMODULE_NODE_ID_LEN as usize;
        // SAFETY: the function takes nothing, and returns null or a name of this length, which is copied at once.
        let name = unsafe {
            let name: *const [u8; LEN] = api!(RedisModule_GetMyClusterID)().cast();
            name.as_ref()?
        };
        Some(String::from_utf8_lossy(name).into_owned())
    }
}
