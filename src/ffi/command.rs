//! Commands: by what one is registered, and the function that the server calls.

use std::ffi::CStr;
use std::fmt::Display;
use std::os::raw::c_int;
use std::ptr::null_mut;

use redis_module::raw;

use super::args::Args;
use super::context::Context;
use super::guard::guard;
use super::keyspace::Keyspace;
use super::{api, api_if_any};

const OK: c_int = raw::REDISMODULE_OK as c_int;

/// A command's implementation.
pub trait Command {
    /// Why it may fail; displayed as the error reply, code and message.
    type Error: Display;

    /// Its name in the log.
    const NAME: &'static str;
    /// The reply if it panics.
    const INTERNAL: Self::Error;

    /// Runs it. If it returns an error it has not replied, and the error is the reply.
    fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result<(), Self::Error>;
}

/// The function that the server calls for a command.
#[derive(Clone, Copy)]
pub struct Entry(raw::RedisModuleCmdFunc);

impl Entry {
    pub const fn of<C: Command>() -> Entry {
        Entry(Some(run::<C>))
    }
}

/// # Safety
/// Called by the server only, with a live context and `argc` valid strings.
unsafe extern "C" fn run<C: Command>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the server passes a live context and as many strings as it says, which are valid during this call.
    let (ctx, args) = unsafe { (Context::new(ctx), Args::new(argv, argc)) };
    // SAFETY: this is the callback's context, and the only one made for it.
    let mut keyspace = unsafe { Keyspace::new(ctx) };
    match guard(C::NAME, || C::run(ctx, &mut keyspace, args)) {
        Some(Ok(())) => {}
        Some(Err(error)) => ctx.reply_error(&error.to_string()),
        None => ctx.reply_error(&C::INTERNAL.to_string()),
    }
    OK
}

/// What a command is registered with.
pub struct CommandInfo<'a> {
    pub name: &'a CStr,
    /// As `RedisModule_CreateCommand` takes them.
    pub flags: &'a CStr,
    /// The number of arguments with the name; negative for at least that many.
    pub arity: i32,
    /// How it accesses its keys, and the last of them, counted from the first: 0 for one key, -1 for all arguments.
    /// `None`: it has no keys.
    pub keys: Option<(KeyAccess, i32)>,
    pub acl_categories: &'a CStr,
    pub tips: &'a CStr,
    pub summary: &'a CStr,
    pub complexity: &'a CStr,
    /// The version of the module that it came with.
    pub since: &'a CStr,
    pub args: Vec<ArgInfo<'a>>,
}

/// What a command does to its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAccess {
    /// They are read, and their content returned.
    Read,
    /// They are changed or made.
    Upsert,
    /// Something is removed from them.
    Remove,
}

impl KeyAccess {
    fn flags(self) -> u32 {
        match self {
            KeyAccess::Read => raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS,
            KeyAccess::Upsert => raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_UPDATE,
            KeyAccess::Remove => raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_DELETE,
        }
    }
}

/// An argument as COMMAND DOCS lists it.
pub struct ArgInfo<'a> {
    pub name: &'a CStr,
    pub kind: ArgKind,
    /// The keyword before it.
    pub token: Option<&'a CStr>,
    pub optional: bool,
    /// Whether it may be given several times.
    pub multiple: bool,
    pub parts: Vec<ArgInfo<'a>>,
}

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    Key,
    String,
    Integer,
    UnixTime,
    Pattern,
    /// A keyword alone.
    PureToken,
    /// One of its parts.
    OneOf,
    /// All of its parts, one after the other.
    Block,
}

impl ArgKind {
    fn raw(self) -> raw::RedisModuleCommandArgType {
        match self {
            ArgKind::Key => raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY,
            ArgKind::String => raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING,
            ArgKind::Integer => raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER,
            ArgKind::UnixTime => raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_UNIX_TIME,
            ArgKind::Pattern => raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PATTERN,
            ArgKind::PureToken => raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN,
            ArgKind::OneOf => raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_ONEOF,
            ArgKind::Block => raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK,
        }
    }
}

/// Adds an ACL category of the module's own. Returns whether the server can.
pub fn add_acl_category(ctx: Context, name: &CStr) -> bool {
    let Some(add) = api_if_any!(RedisModule_AddACLCategory) else {
        return false;
    };
    // SAFETY: the context is live, the name a C string.
    unsafe { add(ctx.as_ptr(), name.as_ptr()) == OK }
}

/// Registers a command.
pub fn register(ctx: Context, info: &CommandInfo, entry: Entry) -> Result<(), String> {
    let failed = |what: &str| Err(format!("{what} of {:?} was refused", info.name));
    let (first, last, step) = match info.keys {
        None => (0, 0, 0),
        Some((_, last)) if last < 0 => (1, last, 1),
        Some((_, last)) => (1, 1 + last, 1),
    };
    let (name, flags) = (info.name.as_ptr(), info.flags.as_ptr());
    // SAFETY: the context is live, the strings C strings, which are copied.
    let created = unsafe {
        let create = api!(RedisModule_CreateCommand);
        create(ctx.as_ptr(), name, entry.0, flags, first, last, step)
    };
    if created != OK {
        return failed("the creation");
    }
    // SAFETY: the command was created above.
    let command = unsafe { api!(RedisModule_GetCommand)(ctx.as_ptr(), name) };
    if !describe(command, info) {
        return failed("the description");
    }
    if let Some(set) = api_if_any!(RedisModule_SetCommandACLCategories) {
        // SAFETY: the command exists, the text is a C string.
        if unsafe { set(command, info.acl_categories.as_ptr()) } != OK {
            return failed("the ACL categories");
        }
    }
    Ok(())
}

/// The layout of the structures below, as in `REDISMODULE_COMMAND_INFO_VERSION`, which is a macro.
static LAYOUT: raw::RedisModuleCommandInfoVersion = raw::RedisModuleCommandInfoVersion {
    version: 1,
    sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
    sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
    sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
};

/// Returns whether the server accepted it.
fn describe(command: *mut raw::RedisModuleCommand, info: &CommandInfo) -> bool {
    let mut parts = Vec::new();
    let mut args = raw_args(&info.args, &mut parts);
    // SAFETY: plain structures of the server, for which all zeros is the empty value, and the end of the list.
    let mut keys: [raw::RedisModuleCommandKeySpec; 2] = unsafe { std::mem::zeroed() };
    if let Some((access, last)) = info.keys {
        keys[0].flags = access.flags().into();
        keys[0].begin_search_type =
            raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
        keys[0].bs.index.pos = 1;
        keys[0].find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
        keys[0].fk.range.lastkey = last;
        keys[0].fk.range.keystep = 1;
    }
    let raw_info = raw::RedisModuleCommandInfo {
        version: &raw const LAYOUT,
        summary: info.summary.as_ptr(),
        complexity: info.complexity.as_ptr(),
        since: info.since.as_ptr(),
        history: null_mut(),
        tips: info.tips.as_ptr(),
        arity: info.arity,
        key_specs: keys.as_mut_ptr(),
        args: args.as_mut_ptr(),
    };
    // SAFETY: the command exists; all the structure points to lives until the call returns, and is copied.
    unsafe { api!(RedisModule_SetCommandInfo)(command, &raw const raw_info) == OK }
}

/// The server's form of a list of arguments. Parts are kept alive in `parts`; the server copies everything.
fn raw_args(
    args: &[ArgInfo],
    parts: &mut Vec<Box<[raw::RedisModuleCommandArg]>>,
) -> Box<[raw::RedisModuleCommandArg]> {
    let mut list: Vec<_> = args.iter().map(|arg| raw_arg(arg, parts)).collect();
    list.push(NO_ARG);
    list.into_boxed_slice()
}

fn raw_arg(
    arg: &ArgInfo,
    parts: &mut Vec<Box<[raw::RedisModuleCommandArg]>>,
) -> raw::RedisModuleCommandArg {
    let mut subargs = null_mut();
    if !arg.parts.is_empty() {
        let mut list = raw_args(&arg.parts, parts);
        subargs = list.as_mut_ptr();
        parts.push(list);
    }
    let mut flags = raw::REDISMODULE_CMD_ARG_NONE;
    if arg.optional {
        flags |= raw::REDISMODULE_CMD_ARG_OPTIONAL;
    }
    if arg.multiple {
        flags |= raw::REDISMODULE_CMD_ARG_MULTIPLE;
    }
    raw::RedisModuleCommandArg {
        name: arg.name.as_ptr(),
        type_: arg.kind.raw(),
        key_spec_index: if arg.kind == ArgKind::Key { 0 } else { -1 },
        token: arg
            .token
            .map_or(null_mut(), |token| token.as_ptr().cast_mut()),
        flags: flags as c_int,
        subargs,
        ..NO_ARG
    }
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
