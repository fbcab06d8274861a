//! A server of one page: it loads the module's file as a server does, hands it the few functions of the module API that
//! commands need, and counts every block of memory that the module asks for.
//!
//! A real server cannot tell its own allocations from the module's; here everything else is memory of the test. What the
//! module calls beside the functions below answers 0.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_longlong, c_void};
use std::os::unix::ffi::OsStrExt;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock};

use crate::common::module_file;

/// A string of the server's, to which the module has a pointer.
type Text = Vec<u8>;
/// A command of the module.
type Command = unsafe extern "C" fn(*mut Context, *mut *mut Text, c_int) -> c_int;
/// What the server passes with each call: the function that hands out all others stands first.
#[repr(C)]
struct Context(extern "C" fn(*const c_char, *mut *const c_void) -> c_int);

/// An open key: the value of the module's, or null.
struct Key {
    name: Text,
    value: *mut c_void,
}

/// An event of the server, and what the module has called when it happens.
#[repr(C)]
#[derive(Clone, Copy)]
struct Event {
    id: u64,
    version: u64,
}
type OnEvent = unsafe extern "C" fn(*mut Context, Event, u64, *mut c_void);
/// A child process was born.
const FORK: Event = Event { id: 13, version: 1 };
static ON_FORK: Mutex<Option<OnEvent>> = Mutex::new(None);

/// Blocks that the module has asked for so far, and strings of the server's that it has had made.
static STRINGS: AtomicUsize = AtomicUsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
/// Blocks and strings that the module has not given back.
static BLOCKS: AtomicUsize = AtomicUsize::new(0);
/// The time that commands see, in Unix µs.
static MICROS: AtomicI64 = AtomicI64::new(1_700_000_000_000_000);
/// What the server says of its state, `REDISMODULE_CTX_FLAGS_…`.
static FLAGS: AtomicI32 = AtomicI32::new(0);
/// How often a command's time was asked for.
static TIMES: AtomicUsize = AtomicUsize::new(0);
/// The last integer that was replied, and how many values were.
static INTEGER: AtomicI64 = AtomicI64::new(0);
static REPLIES: AtomicUsize = AtomicUsize::new(0);
/// The error that was replied.
static ERROR: Mutex<Option<String>> = Mutex::new(None);
/// The address of the module's value for each key, and of each command.
static KEYS: Mutex<Option<HashMap<Text, usize>>> = Mutex::new(None);
static COMMANDS: Mutex<Option<HashMap<String, Command>>> = Mutex::new(None);

/// The server with the module loaded. There is one in a process, as the module's state is.
pub struct Host(());

/// What a command did.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How many blocks of memory it asked for.
    pub allocations: usize,
    /// How many strings of the server's it had made, for what it replicates.
    pub strings: usize,
    /// The last integer it replied.
    pub integer: i64,
    /// How many values it replied.
    pub replies: usize,
}

impl Host {
    /// The server, for one test at a time.
    ///
    /// # Panics
    /// When the module refuses to be loaded.
    pub fn get() -> MutexGuard<'static, Host> {
        static HOST: OnceLock<Mutex<Host>> = OnceLock::new();
        let host = HOST.get_or_init(|| {
            load();
            Mutex::new(Host(()))
        });
        // A test that failed before leaves nothing half done: commands have run to their end.
        host.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Time passes.
    pub fn pass(&mut self, millis: i64) {
        MICROS.fetch_add(millis * 1000, Relaxed);
    }

    /// Whether the server keeps a log of changes, which begins with a fork that copies the data.
    pub fn log(&mut self, kept: bool) {
        const AOF: c_int = 1 << 6;
        FLAGS.store(if kept { AOF } else { 0 }, Relaxed);
        let on_fork = ON_FORK.lock().expect("no test panics with it");
        let on_fork = on_fork.expect("the module asks for it");
        // SAFETY: the module's callback, called as a server does.
        unsafe { on_fork(&mut Context(get_api), FORK, 0, null_mut()) };
    }

    /// How often the commands that `act` runs ask for the time, where they come from a primary or in a transaction of its.
    pub fn times_when_replayed(&mut self, act: impl FnOnce(&mut Host)) -> usize {
        const MULTI: c_int = 1 << 1;
        const REPLICATED: c_int = 1 << 12;
        let before = TIMES.load(Relaxed);
        let flags = FLAGS.swap(MULTI | REPLICATED, Relaxed);
        act(self);
        FLAGS.store(flags, Relaxed);
        TIMES.load(Relaxed) - before
    }

    /// Blocks of memory and strings that the module holds.
    pub fn blocks(&self) -> usize {
        BLOCKS.load(Relaxed)
    }

    /// Runs a command.
    ///
    /// # Panics
    /// When it replies an error.
    pub fn run(&mut self, args: &[&[u8]]) -> Outcome {
        let mut texts: Vec<Text> = args.iter().map(|arg| arg.to_vec()).collect();
        let mut argv: Vec<*mut Text> = texts.iter_mut().map(std::ptr::from_mut).collect();
        let name = String::from_utf8_lossy(args[0]);
        let command = COMMANDS
            .lock()
            .expect("no test panics with it")
            .as_ref()
            .map(|all| all[&*name]);
        let command = command.expect("the module is loaded");
        let counters = [&ALLOCATIONS, &STRINGS, &REPLIES];
        let [allocations, strings, replies] = counters.map(|counter| counter.load(Relaxed));
        let mut ctx = Context(get_api);
        // SAFETY: the context and the strings live until the call returns.
        unsafe { command(&raw mut ctx, argv.as_mut_ptr(), argv.len() as c_int) };
        let error = ERROR.lock().expect("no test panics with it").take();
        assert_eq!(error, None, "{name}");
        Outcome {
            allocations: ALLOCATIONS.load(Relaxed) - allocations,
            strings: STRINGS.load(Relaxed) - strings,
            integer: INTEGER.load(Relaxed),
            replies: REPLIES.load(Relaxed) - replies,
        }
    }
}

/// Loads the module's file.
fn load() {
    let path = CString::new(module_file().as_os_str().as_bytes()).expect("a path");
    // SAFETY: C strings; the symbol is that of every module; the library is never unloaded.
    let loaded = unsafe {
        let library = libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        assert!(!library.is_null(), "{path:?} is no shared library");
        let on_load = libc::dlsym(library, c"RedisModule_OnLoad".as_ptr());
        assert!(!on_load.is_null(), "{path:?} is no module");
        let on_load: Command = std::mem::transmute(on_load);
        on_load(&mut Context(get_api), null_mut(), 0)
    };
    assert_eq!(loaded, 0, "the module refuses to be loaded");
}

/// Hands out the functions of the API.
extern "C" fn get_api(name: *const c_char, function: *mut *const c_void) -> c_int {
    // SAFETY: the module passes a C string.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    let address = match name.trim_start_matches("RedisModule_") {
        "Alloc" => alloc as *const c_void,
        "Calloc" => calloc as *const c_void,
        "Realloc" => realloc as *const c_void,
        "Free" => free as *const c_void,
        "MallocSize" => malloc_size as *const c_void,
        "SubscribeToServerEvent" => subscribe as *const c_void,
        "CreateCommand" => create_command as *const c_void,
        "GetCommand" | "CreateDataType" | "ModuleTypeGetType" => something as *const c_void,
        "CachedMicroseconds" => command_time as *const c_void,
        "MonotonicMicroseconds" => micros as *const c_void,
        "Milliseconds" => millis as *const c_void,
        "GetContextFlags" => flags as *const c_void,
        "CreateString" => create_string as *const c_void,
        "FreeString" => free_string as *const c_void,
        "StringPtrLen" => string_ptr_len as *const c_void,
        "OpenKey" => open_key as *const c_void,
        "CloseKey" => close_key as *const c_void,
        "KeyType" => key_type as *const c_void,
        "ModuleTypeGetValue" => get_value as *const c_void,
        "ModuleTypeSetValue" => set_value as *const c_void,
        "ReplyWithLongLong" => reply_integer as *const c_void,
        "ReplyWithError" => reply_error as *const c_void,
        "ReplyWithStringBuffer" | "ReplyWithNull" => reply as *const c_void,
        _ => nothing as *const c_void,
    };
    // SAFETY: the module passes the place of a function pointer.
    unsafe { function.write(address) };
    0
}

extern "C" fn nothing() -> usize {
    0
}

/// A handle that the module only passes back.
extern "C" fn something() -> *const c_void {
    static HANDLE: u8 = 0;
    (&raw const HANDLE).cast()
}

unsafe extern "C" fn alloc(size: usize) -> *mut c_void {
    ALLOCATIONS.fetch_add(1, Relaxed);
    BLOCKS.fetch_add(1, Relaxed);
    // SAFETY: any size may be asked for.
    unsafe { libc::malloc(size) }
}

unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    ALLOCATIONS.fetch_add(1, Relaxed);
    BLOCKS.fetch_add(1, Relaxed);
    // SAFETY: any size may be asked for.
    unsafe { libc::calloc(count, size) }
}

unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    ALLOCATIONS.fetch_add(1, Relaxed);
    BLOCKS.fetch_add(usize::from(block.is_null()), Relaxed);
    // SAFETY: the module passes a block of this allocator, or null.
    unsafe { libc::realloc(block, size) }
}

unsafe extern "C" fn free(block: *mut c_void) {
    BLOCKS.fetch_sub(usize::from(!block.is_null()), Relaxed);
    // SAFETY: the module passes a block of this allocator, or null.
    unsafe { libc::free(block) }
}

unsafe extern "C" fn malloc_size(block: *mut c_void) -> usize {
    // SAFETY: the module passes a block of this allocator.
    unsafe { libc::malloc_usable_size(block) }
}

unsafe extern "C" fn create_command(_ctx: *mut c_void, name: *const c_char, run: Command) -> c_int {
    // SAFETY: the module passes a C string.
    let name = unsafe { CStr::from_ptr(name) }
        .to_string_lossy()
        .into_owned();
    let mut commands = COMMANDS.lock().expect("no test panics with it");
    commands.get_or_insert_default().insert(name, run);
    0
}

extern "C" fn subscribe(_ctx: *mut c_void, event: Event, call: OnEvent) -> c_int {
    if event.id == FORK.id {
        *ON_FORK.lock().expect("no test panics with it") = Some(call);
    }
    0
}

extern "C" fn command_time() -> i64 {
    TIMES.fetch_add(1, Relaxed);
    micros()
}

extern "C" fn micros() -> i64 {
    MICROS.load(Relaxed)
}

extern "C" fn flags() -> c_int {
    FLAGS.load(Relaxed)
}

extern "C" fn millis() -> i64 {
    MICROS.load(Relaxed) / 1000
}

unsafe extern "C" fn create_string(_ctx: *mut c_void, bytes: *const u8, len: usize) -> *mut Text {
    STRINGS.fetch_add(1, Relaxed);
    BLOCKS.fetch_add(1, Relaxed);
    // SAFETY: the module passes so many bytes.
    let text = unsafe { std::slice::from_raw_parts(bytes, len) }.to_vec();
    Box::into_raw(Box::new(text))
}

unsafe extern "C" fn free_string(_ctx: *mut c_void, text: *mut Text) {
    BLOCKS.fetch_sub(1, Relaxed);
    // SAFETY: made by `create_string`, given back once.
    drop(unsafe { Box::from_raw(text) });
}

unsafe extern "C" fn string_ptr_len(text: *const Text, len: *mut usize) -> *const u8 {
    // SAFETY: the module passes one of the strings it got, and a place for the length or null.
    unsafe {
        if !len.is_null() {
            len.write((*text).len());
        }
        (*text).as_ptr()
    }
}

unsafe extern "C" fn open_key(_ctx: *mut c_void, name: *const Text, mode: c_int) -> *mut Key {
    const WRITE: c_int = 1 << 1;
    // SAFETY: the module passes one of the strings it got.
    let name = unsafe { &*name }.clone();
    let keys = KEYS.lock().expect("no test panics with it");
    let value = keys.as_ref().and_then(|keys| keys.get(&name)).copied();
    match value {
        None if mode & WRITE == 0 => null_mut(),
        _ => Box::into_raw(Box::new(Key {
            name,
            value: value.unwrap_or(0) as *mut c_void,
        })),
    }
}

unsafe extern "C" fn close_key(key: *mut Key) {
    // SAFETY: made by `open_key`, closed once.
    drop(unsafe { Box::from_raw(key) });
}

unsafe extern "C" fn key_type(key: *const Key) -> c_int {
    const EMPTY: c_int = 0;
    const MODULE: c_int = 6;
    // SAFETY: the key is open.
    if unsafe { (*key).value.is_null() } {
        EMPTY
    } else {
        MODULE
    }
}

unsafe extern "C" fn get_value(key: *const Key) -> *mut c_void {
    // SAFETY: the key is open.
    unsafe { (*key).value }
}

unsafe extern "C" fn set_value(key: *mut Key, _of: *const c_void, value: *mut c_void) -> c_int {
    // SAFETY: the key is open.
    let key = unsafe { &mut *key };
    key.value = value;
    let mut keys = KEYS.lock().expect("no test panics with it");
    keys.get_or_insert_default()
        .insert(key.name.clone(), value as usize);
    0
}

extern "C" fn reply() -> c_int {
    REPLIES.fetch_add(1, Relaxed);
    0
}

extern "C" fn reply_integer(_ctx: *mut c_void, number: c_longlong) -> c_int {
    INTEGER.store(number, Relaxed);
    reply()
}

unsafe extern "C" fn reply_error(_ctx: *mut c_void, text: *const c_char) -> c_int {
    // SAFETY: the module passes a C string.
    let text = unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned();
    *ERROR.lock().expect("no test panics with it") = Some(text);
    reply()
}
