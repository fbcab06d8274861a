//! The type of presence keys, `presence-`, and the callbacks by which the server handles its values: each file is named
//! for what it does, each callback for the API's name of it.

use redis_module::raw;

use crate::ffi::context::Context;
use crate::ffi::data_type::{DataType, TypeHandle};
use crate::ffi::log;

mod aof;
mod copy;
mod defrag;
mod digest;
mod memory;
mod rdb;
pub mod value;

use value::Value;

/// What TYPE answers; nine characters, of which the server makes the type's identity in dumps.
const NAME: &std::ffi::CStr = c"presence-";

static TYPE: TypeHandle<Value> = TypeHandle::new();

impl DataType for Value {
    #[inline]
    fn handle() -> &'static TypeHandle<Value> {
        &TYPE
    }
}

/// Says in the log that what is saved is not all that there was.
fn warn_of_damage() {
    log::warn("presence: a key that an internal error damaged is saved without its members");
}

/// Registers the type.
pub fn register(ctx: Context) -> Result<(), String> {
    // SAFETY: a plain structure of the server, for which all zeros means no callback.
    let mut methods: raw::RedisModuleTypeMethods = unsafe { std::mem::zeroed() };
    // The newest version that the oldest supported server, Redis 7.0, knows.
    methods.version = 4;
    methods.rdb_load = Some(rdb::rdb_load);
    methods.rdb_save = Some(rdb::rdb_save);
    methods.aof_rewrite = Some(aof::aof_rewrite);
    methods.digest = Some(digest::digest);
    methods.free = Some(memory::free);
    methods.free_effort2 = Some(memory::free_effort);
    methods.unlink2 = Some(memory::unlink);
    methods.mem_usage2 = Some(memory::mem_usage);
    methods.copy2 = Some(copy::copy);
    methods.defrag = Some(defrag::defrag);
    // SAFETY: each callback takes a value of the type for a boxed `Value`.
    unsafe { TYPE.register(ctx, NAME, rdb::VERSION, &mut methods) }
}
