//! The type of presence keys, `presence-`, and its callbacks: a file for each purpose, with functions named for the
//! API's callbacks.

use std::ffi::CStr;

use crate::ffi::context::Context;
use crate::ffi::data_type::{
    AofWriter, DataType, Defrag, Digest, KeyContext, RdbReader, RdbWriter, TypeHandle,
};
use crate::ffi::log;
use crate::ffi::string::KeyName;

mod aof;
mod copy;
mod defrag;
mod digest;
mod memory;
mod rdb;
pub mod value;

use value::Value;

static TYPE: TypeHandle<Value> = TypeHandle::new();

impl DataType for Value {
    const NAME: &'static CStr = c"presence-";
    const VERSION: i32 = rdb::VERSION;

    #[inline]
    fn handle() -> &'static TypeHandle<Value> {
        &TYPE
    }

    fn rdb_load(reader: &RdbReader, version: i32) -> Option<Box<Value>> {
        rdb::load(reader, version)
    }

    fn rdb_save(&self, writer: &mut RdbWriter) {
        rdb::save(self, writer);
    }

    fn aof_rewrite(&self, key: KeyName, log: &AofWriter) {
        aof::rewrite(self, key, log);
    }

    fn digest(&self, digest: &mut Digest) {
        digest::add(self, digest);
    }

    fn mem_usage(&self, block: usize, key: &KeyContext) -> usize {
        memory::usage(self, block, key)
    }

    fn free_effort(&self) -> usize {
        self.allocations()
    }

    fn unlink(&self, key: &KeyContext) {
        memory::unlink(self, key);
    }

    fn copy(&self, keys: &KeyContext) -> Option<Box<Value>> {
        copy::copy(self, keys)
    }

    fn defrag(&mut self, from: usize, defrag: &mut Defrag) -> Option<usize> {
        self.relocate(from, defrag)
    }
}

/// Logs that a damaged key is saved without its members.
fn warn_of_damage() {
    log::warn("presence: a key that an internal error damaged is saved without its members");
}

/// Registers the type.
pub fn register(ctx: Context) -> Result<(), String> {
    TYPE.register(ctx)
}
