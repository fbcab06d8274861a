//! By what a command is registered: its flags, key access, categories and documentation.

use std::ffi::{CStr, CString};

use crate::arg::Arg;
use crate::ffi::command::{self, ArgInfo, CommandInfo, Entry, KeyAccess};
use crate::ffi::context::Context;

/// A command as the server lists it.
pub struct Spec {
    pub name: &'static CStr,
    /// As `RedisModule_CreateCommand` takes them.
    pub flags: &'static CStr,
    /// The number of arguments with the name; negative for at least that many.
    pub arity: i32,
    /// The last key, counted from the first: 0 for one key, -1 for all arguments.
    pub last_key: i32,
    /// ACL categories beside `presence`.
    pub categories: &'static CStr,
    /// How it accesses its keys: `READ`, `UPSERT` or `REMOVE`; or `KEYLESS`.
    pub key_flags: Option<KeyAccess>,
    /// Command tips: how cluster clients route it and combine its replies, and whether its reply changes with time
    /// alone.
    pub tips: &'static CStr,
    pub summary: &'static CStr,
    pub complexity: &'static CStr,
    /// The version of the module that it came with.
    pub since: &'static CStr,
    pub args: &'static [Arg],
}

impl Spec {
    /// The command has no keys.
    pub const KEYLESS: Option<KeyAccess> = None;
    /// Keys are read, and their content returned.
    pub const READ: Option<KeyAccess> = Some(KeyAccess::Read);
    /// Keys are changed or made.
    pub const UPSERT: Option<KeyAccess> = Some(KeyAccess::Upsert);
    /// Something is removed from keys.
    pub const REMOVE: Option<KeyAccess> = Some(KeyAccess::Remove);
}

/// The ACL category of the module, where the server lets a module add one.
const CATEGORY: &CStr = c"presence";

/// The arguments as COMMAND DOCS shows them.
fn described(args: &'static [Arg]) -> Vec<ArgInfo<'static>> {
    let described = args.iter().map(|arg| ArgInfo {
        name: arg.name,
        kind: arg.kind,
        token: arg.token,
        optional: arg.optional,
        multiple: arg.multiple,
        parts: described(arg.parts),
    });
    described.collect()
}

/// Adds the module's ACL category. Returns whether the server can.
pub fn add_category(ctx: Context) -> bool {
    command::add_acl_category(ctx, CATEGORY)
}

/// Registers a command. `with_category` says whether the module's category exists.
pub fn register(
    ctx: Context,
    spec: &Spec,
    entry: Entry,
    with_category: bool,
) -> std::result::Result<(), String> {
    let mut categories = spec.categories.to_bytes().to_vec();
    if with_category {
        categories.push(b' ');
        categories.extend_from_slice(CATEGORY.to_bytes());
    }
    let categories = CString::new(categories).expect("no zero bytes in between");
    let info = CommandInfo {
        name: spec.name,
        flags: spec.flags,
        arity: spec.arity,
        keys: spec.key_flags.map(|access| (access, spec.last_key)),
        acl_categories: &categories,
        tips: spec.tips,
        summary: spec.summary,
        complexity: spec.complexity,
        since: spec.since,
        args: described(spec.args),
    };
    command::register(ctx, &info, entry)
}
