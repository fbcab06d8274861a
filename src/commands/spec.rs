//! What the server is told of a command beside its code: flags, key access, categories and documentation.

use std::ffi::CStr;
use std::ptr::null_mut;

use redis_module::raw;

use crate::arg::Arg;
use crate::error::Result;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::{api, api_if_any};

/// The body of a command.
pub type Run = fn(Context, &mut Keyspace, Args) -> Result;

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
    /// What is done to the keys: `READ`, `UPSERT` or `REMOVE`; or that there are none, `KEYLESS`.
    pub key_flags: u32,
    /// How clients of a cluster send it and join its replies, and that time alone can change the reply to it.
    pub tips: &'static CStr,
    pub summary: &'static CStr,
    pub complexity: &'static CStr,
    pub args: &'static [Arg],
}

impl Spec {
    /// The command has no keys.
    pub const KEYLESS: u32 = 0;
    /// Keys are read, and their content returned.
    pub const READ: u32 = raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS;
    /// Keys are changed or made.
    pub const UPSERT: u32 = raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_UPDATE;
    /// Something is removed from keys.
    pub const REMOVE: u32 = raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_DELETE;
}

/// The version of the module that had the first command.
const SINCE: &CStr = c"0.1.0";
/// The ACL category of the module, where the server lets a module add one.
const CATEGORY: &CStr = c"presence";

/// The server's form of a list of arguments. Parts are kept alive in `parts`; the server copies everything.
fn raw_args(
    args: &[Arg],
    parts: &mut Vec<Box<[raw::RedisModuleCommandArg]>>,
) -> Box<[raw::RedisModuleCommandArg]> {
    let mut list: Vec<_> = args
        .iter()
        .map(|arg| {
            let mut subargs = null_mut();
            if !arg.parts.is_empty() {
                let mut list = raw_args(arg.parts, parts);
                subargs = list.as_mut_ptr();
                parts.push(list);
            }
            raw::RedisModuleCommandArg {
                name: arg.name.as_ptr(),
                type_: arg.kind,
                key_spec_index: if arg.is_key { 0 } else { -1 },
                token: arg
                    .token
                    .map_or(null_mut(), |token| token.as_ptr().cast_mut()),
                flags: arg.flags as i32,
                subargs,
                ..NO_ARG
            }
        })
        .collect();
    list.push(NO_ARG);
    list.into_boxed_slice()
}

/// The end of a list.
const NO_ARG: raw::RedisModuleCommandArg = raw::RedisModuleCommandArg {
    name: null_mut(),
    type_: 0,
    key_spec_index: 0,
    token: null_mut(),
    summary: null_mut(),
    since: null_mut(),
    flags: 0,
    deprecated_since: null_mut(),
    subargs: null_mut(),
    display_text: null_mut(),
};

/// The layout of the structures below, as in `REDISMODULE_COMMAND_INFO_VERSION`, which is a macro.
static LAYOUT: raw::RedisModuleCommandInfoVersion = raw::RedisModuleCommandInfoVersion {
    version: 1,
    sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
    sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
    sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
};

/// Adds the module's ACL category where the server can. Says whether it could.
pub fn add_category(ctx: Context) -> bool {
    let Some(add) = api_if_any!(RedisModule_AddACLCategory) else {
        return false;
    };
    // SAFETY: the context is live, the name a C string.
    unsafe { add(ctx.as_ptr(), CATEGORY.as_ptr()) == raw::REDISMODULE_OK as i32 }
}

/// Registers a command. `entry` is its callback; `with_category` says whether the module's category exists.
pub fn register(
    ctx: Context,
    spec: &Spec,
    entry: raw::RedisModuleCmdFunc,
    with_category: bool,
) -> std::result::Result<(), String> {
    let failed = |what: &str| Err(format!("{what} of {:?} was refused", spec.name));
    let ok = raw::REDISMODULE_OK as i32;
    let name = spec.name.as_ptr();
    // SAFETY: the context is live, the strings C strings.
    let created = unsafe {
        let create = api!(RedisModule_CreateCommand);
        let flags = spec.flags.as_ptr();
        let (first, last, step) = match spec.last_key {
            _ if spec.key_flags == Spec::KEYLESS => (0, 0, 0),
            last if last < 0 => (1, last, 1),
            _ => (1, 1, 1),
        };
        create(ctx.as_ptr(), name, entry, flags, first, last, step)
    };
    if created != ok {
        return failed("the creation");
    }
    // SAFETY: the command was created above.
    let command = unsafe { api!(RedisModule_GetCommand)(ctx.as_ptr(), name) };

    let mut parts = Vec::new();
    let mut args = raw_args(spec.args, &mut parts);
    // SAFETY: plain structures of the server, for which all zeros is the empty value, and the end of the list.
    let mut keys: [raw::RedisModuleCommandKeySpec; 2] = unsafe { std::mem::zeroed() };
    if spec.key_flags != Spec::KEYLESS {
        keys[0].flags = spec.key_flags.into();
        keys[0].begin_search_type =
            raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
        keys[0].bs.index.pos = 1;
        keys[0].find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
        keys[0].fk.range.lastkey = spec.last_key;
        keys[0].fk.range.keystep = 1;
    }
    let info = raw::RedisModuleCommandInfo {
        version: &raw const LAYOUT,
        summary: spec.summary.as_ptr(),
        complexity: spec.complexity.as_ptr(),
        since: SINCE.as_ptr(),
        history: null_mut(),
        tips: spec.tips.as_ptr(),
        arity: spec.arity,
        key_specs: keys.as_mut_ptr(),
        args: args.as_mut_ptr(),
    };
    // SAFETY: the command exists; all the structure points to lives until the call returns, and is copied.
    if unsafe { api!(RedisModule_SetCommandInfo)(command, &raw const info) } != ok {
        return failed("the description");
    }

    if let Some(set) = api_if_any!(RedisModule_SetCommandACLCategories) {
        let mut categories = spec.categories.to_bytes().to_vec();
        if with_category {
            categories.push(b' ');
            categories.extend_from_slice(CATEGORY.to_bytes());
        }
        let categories = std::ffi::CString::new(categories).expect("no zero bytes in between");
        // SAFETY: the command exists, the text is a C string.
        if unsafe { set(command, categories.as_ptr()) } != ok {
            return failed("the ACL categories");
        }
    }
    Ok(())
}
