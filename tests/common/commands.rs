//! The commands, as the contract has them: the one list from which tests that are about every command, every read or
//! every write take theirs. `server_table.rs` compares it with what a server says, so a command cannot be missing here.

use super::command::{keeps, makes};

pub use super::command::{Call, Command, Keys};

/// The calls of all commands that have a flag.
pub fn calls_of(flag: &str) -> impl Iterator<Item = &'static Call> {
    let commands = COMMANDS
        .iter()
        .filter(move |command| command.has_flag(flag));
    commands.flat_map(|command| command.calls)
}

/// The calls that read a key.
pub fn reads() -> impl Iterator<Item = &'static Call> {
    calls_of("readonly")
}

/// The calls of the commands that write, though some change nothing.
pub fn writes() -> impl Iterator<Item = &'static Call> {
    calls_of("write")
}

/// Replies to which time alone makes a difference.
const TIMED: &str = "nondeterministic_output";

const READ: Option<Keys> = Some(Keys {
    last: 0,
    access: "RO access",
});
/// A presence key, and a set or a sorted set.
const TWO_READ: Option<Keys> = Some(Keys {
    last: 1,
    access: "RO access",
});
const UPSERT: Option<Keys> = Some(Keys {
    last: 0,
    access: "RW update",
});
const REMOVE: Option<Keys> = Some(Keys {
    last: 0,
    access: "RW delete",
});

pub const COMMANDS: [Command; 29] = [
    Command {
        name: "TOUCH",
        since: "0.1.0",
        arity: -3,
        flags: "denyoom fast write",
        keys: UPSERT,
        tips: &[TIMED],
        categories: "@fast @presence @write",
        arguments: "key:key member:string [member ...]",
        calls: &[makes("TOUCH key new", "1")],
    },
    Command {
        name: "TOUCHEX",
        since: "0.1.0",
        arity: -5,
        flags: "denyoom fast write",
        keys: UPSERT,
        tips: &[TIMED],
        categories: "@fast @presence @write",
        arguments: "key:key [EX seconds:integer | PX milliseconds:integer] [AT unix-time-milliseconds:unix-time] \
                    MEMBERS count:integer member:string [member ...]",
        calls: &[
            makes("TOUCHEX key MEMBERS 1 new", "1"),
            makes("TOUCHEX key EX 300 MEMBERS 2 other new", "2"),
            makes(
                "TOUCHEX key PX 315360000000 AT 1700000000000 MEMBERS 1 new",
                "1",
            ),
            keeps("TOUCHEX key PX 1 AT 1700000000000 MEMBERS 1 new", "0"),
        ],
    },
    Command {
        name: "LEAVE",
        since: "0.1.0",
        arity: -3,
        flags: "fast write",
        keys: REMOVE,
        tips: &[TIMED],
        categories: "@fast @presence @write",
        arguments: "key:key member:string [member ...]",
        calls: &[keeps("LEAVE key nobody none", "0")],
    },
    Command {
        name: "FORGET",
        since: "0.1.0",
        arity: -3,
        flags: "fast write",
        keys: REMOVE,
        tips: &[TIMED],
        categories: "@fast @presence @write",
        arguments: "key:key member:string [member ...]",
        calls: &[keeps("FORGET key nobody none", "0")],
    },
    Command {
        name: "COUNT",
        since: "0.1.0",
        arity: -2,
        flags: "fast readonly",
        keys: READ,
        tips: &[TIMED],
        categories: "@fast @presence @read",
        arguments: "key:key [WINDOW milliseconds:integer]",
        calls: &[
            keeps("COUNT key", "0"),
            keeps("COUNT key WINDOW 200000", "0"),
        ],
    },
    Command {
        name: "MCOUNT",
        since: "0.1.0",
        arity: -2,
        flags: "fast readonly",
        keys: Some(Keys {
            last: -1,
            access: "RO access",
        }),
        // Clients ask slot by slot, and put the replies in the order of the keys.
        tips: &[TIMED, "request_policy:multi_shard"],
        categories: "@fast @presence @read",
        arguments: "key:key [key ...]",
        calls: &[
            keeps("MCOUNT key", "[0]"),
            keeps("MCOUNT key key:none", "[0, 0]"),
            keeps("MCOUNT key:none key key", "[0, 0, 0]"),
        ],
    },
    Command {
        name: "INTER",
        since: "0.1.0",
        arity: -3,
        flags: "readonly",
        keys: TWO_READ,
        tips: &[TIMED, "nondeterministic_output_order"],
        categories: "@presence @read @slow",
        arguments: "key:key other:key [LIMIT limit:integer] [WITHSEEN]",
        calls: &[
            keeps("INTER key key:none", "[]"),
            keeps("INTER key key:none LIMIT 5 WITHSEEN", "[]"),
        ],
    },
    Command {
        name: "INTERCARD",
        since: "0.1.0",
        arity: -3,
        flags: "readonly",
        keys: TWO_READ,
        tips: &[TIMED],
        categories: "@presence @read @slow",
        arguments: "key:key other:key [LIMIT limit:integer]",
        calls: &[
            keeps("INTERCARD key key:none", "0"),
            keeps("INTERCARD key key:none LIMIT 5", "0"),
        ],
    },
    Command {
        name: "LIST",
        since: "0.1.0",
        arity: -2,
        flags: "readonly",
        keys: READ,
        tips: &[TIMED],
        categories: "@presence @read @slow",
        arguments: "key:key [WINDOW milliseconds:integer] [REV] [LIMIT offset:integer count:integer] [WITHSEEN] [WITHTTL] \
                    [WITHMETA]",
        calls: &[
            keeps("LIST key", "[]"),
            keeps("LIST key LIMIT 0 0", "[]"),
            keeps("LIST key WINDOW 200000 REV LIMIT 0 10 WITHSEEN", "[]"),
            keeps("LIST key WITHSEEN WITHTTL", "[]"),
            keeps("LIST key WITHMETA", "[]"),
        ],
    },
    Command {
        name: "SCAN",
        since: "0.1.0",
        arity: -3,
        flags: "readonly",
        keys: READ,
        tips: &[TIMED],
        categories: "@presence @read @slow",
        arguments: "key:key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
        calls: &[
            keeps("SCAN key 0", r#"["0", []]"#),
            keeps("SCAN key 0 COUNT 1000", r#"["0", []]"#),
            keeps("SCAN key 17 MATCH a* COUNT 5", r#"["0", []]"#),
        ],
    },
    Command {
        name: "ISONLINE",
        since: "0.1.0",
        arity: -3,
        flags: "fast readonly",
        keys: READ,
        tips: &[TIMED],
        categories: "@fast @presence @read",
        arguments: "key:key member:string [member ...]",
        calls: &[keeps("ISONLINE key ann old nobody", "[0, 0, 0]")],
    },
    Command {
        name: "FILTER",
        since: "0.1.0",
        arity: -3,
        flags: "fast readonly",
        keys: READ,
        tips: &[TIMED],
        categories: "@fast @presence @read",
        arguments: "key:key member:string [member ...]",
        calls: &[keeps("FILTER key ann old nobody", "[]")],
    },
    Command {
        name: "SEEN",
        since: "0.1.0",
        arity: -3,
        flags: "fast readonly",
        keys: READ,
        tips: &[TIMED],
        categories: "@fast @presence @read",
        arguments: "key:key member:string [member ...]",
        calls: &[keeps("SEEN key ann old nobody", "[nil, nil, nil]")],
    },
    Command {
        name: "MAX",
        since: "0.1.0",
        arity: 2,
        flags: "fast readonly",
        keys: READ,
        tips: &[],
        categories: "@fast @presence @read",
        arguments: "key:key",
        calls: &[keeps("MAX key", "[0, nil]")],
    },
    Command {
        name: "SETMAX",
        since: "0.1.0",
        arity: -4,
        flags: "denyoom fast write",
        keys: UPSERT,
        tips: &[],
        categories: "@fast @presence @write",
        arguments: "key:key peak:integer at-ms:unix-time [GT]",
        calls: &[
            makes("SETMAX key 5 1700000000000", "OK"),
            makes("SETMAX key 7 1700000000000 GT", "1"),
            keeps("SETMAX key 0 0", "OK"),
            keeps("SETMAX key 0 0 GT", "0"),
        ],
    },
    Command {
        name: "ATTACH",
        since: "0.1.0",
        arity: -4,
        flags: "denyoom fast write",
        keys: UPSERT,
        tips: &[TIMED],
        categories: "@fast @presence @write",
        arguments: "key:key member:string session:string [EX seconds:integer | PX milliseconds:integer] \
                    [GROUP group:string] [META blob:string]",
        calls: &[
            makes("ATTACH key new phone", "1"),
            makes("ATTACH key other laptop EX 300 META blob", "1"),
            makes("ATTACH key new tab PX 315360000000 GROUP gateway", "1"),
        ],
    },
    Command {
        name: "BEAT",
        since: "0.1.0",
        arity: -5,
        flags: "denyoom fast write",
        keys: UPSERT,
        tips: &[TIMED],
        categories: "@fast @presence @write",
        arguments: "key:key [EX seconds:integer | PX milliseconds:integer] \
                    SESSIONS count:integer session:string [session ...]",
        calls: &[
            keeps("BEAT key SESSIONS 1 none", r#"["none"]"#),
            keeps("BEAT key EX 300 SESSIONS 2 none no", r#"["none", "no"]"#),
            keeps("BEAT key PX 5 SESSIONS 1 none", r#"["none"]"#),
        ],
    },
    Command {
        name: "DETACH",
        since: "0.1.0",
        arity: -5,
        flags: "fast write",
        keys: REMOVE,
        tips: &[TIMED],
        categories: "@fast @presence @write",
        arguments: "key:key [GRACE milliseconds:integer] SESSIONS count:integer session:string [session ...]",
        calls: &[
            keeps("DETACH key SESSIONS 2 none no", "0"),
            keeps("DETACH key GRACE 5000 SESSIONS 1 none", "0"),
        ],
    },
    Command {
        name: "SESSIONS",
        since: "0.1.0",
        arity: 3,
        flags: "fast readonly",
        keys: READ,
        tips: &[TIMED],
        categories: "@fast @presence @read",
        arguments: "key:key member:string",
        calls: &[keeps("SESSIONS key nobody", "[]")],
    },
    Command {
        name: "LEASE",
        since: "0.1.0",
        arity: -5,
        flags: "denyoom fast write",
        keys: UPSERT,
        tips: &[],
        categories: "@fast @presence @write",
        arguments: "key:key group:string [group ...] EX seconds:integer | PX milliseconds:integer",
        calls: &[
            makes("LEASE key gateway EX 300", "OK"),
            makes("LEASE key gateway other PX 300000", "OK"),
        ],
    },
    Command {
        name: "DROP",
        since: "0.1.0",
        arity: -3,
        flags: "write",
        keys: REMOVE,
        tips: &[],
        categories: "@presence @slow @write",
        arguments: "key:key group:string [group ...]",
        calls: &[keeps("DROP key none", "0"), keeps("DROP key none no", "0")],
    },
    Command {
        name: "SETMETA",
        since: "0.1.0",
        arity: -4,
        flags: "denyoom fast write",
        keys: UPSERT,
        tips: &[],
        categories: "@fast @presence @write",
        arguments: "key:key member:string blob:string [SESSION session:string]",
        calls: &[
            keeps("SETMETA key nobody blob", "0"),
            keeps("SETMETA key nobody blob SESSION none", "0"),
        ],
    },
    Command {
        name: "META",
        since: "0.1.0",
        arity: -3,
        flags: "fast readonly",
        keys: READ,
        tips: &[TIMED],
        categories: "@fast @presence @read",
        arguments: "key:key member:string [member ...]",
        calls: &[
            keeps("META key nobody", "[nil]"),
            keeps("META key nobody nobody", "[nil, nil]"),
        ],
    },
    Command {
        name: "CONFIG",
        since: "0.1.0",
        arity: -4,
        flags: "denyoom fast write",
        keys: UPSERT,
        tips: &[],
        categories: "@fast @presence @write",
        arguments: "key:key [TTL milliseconds:integer] [RETAIN milliseconds:integer] [LINGER milliseconds:integer] \
                    [RESOLUTION milliseconds:integer] [CAP members:integer]",
        calls: &[
            makes("CONFIG key TTL 300000", "OK"),
            makes("CONFIG key TTL 300000 RETAIN 600000 LINGER -1", "OK"),
            makes("CONFIG key RESOLUTION 2000", "OK"),
            makes("CONFIG key TTL 300000 RESOLUTION 0", "OK"),
            makes("CONFIG key CAP 500", "OK"),
        ],
    },
    Command {
        name: "INFO",
        since: "0.1.0",
        arity: 2,
        flags: "fast readonly",
        keys: READ,
        tips: &[TIMED],
        categories: "@fast @presence @read",
        arguments: "key:key",
        calls: &[keeps("INFO key", "ERR no such key")],
    },
    Command {
        name: "EVICT",
        since: "0.1.0",
        arity: -3,
        flags: "write",
        keys: REMOVE,
        tips: &[],
        categories: "@presence @slow @write",
        arguments: "key:key cutoff-ms:unix-time [LIMIT count:integer]",
        calls: &[keeps("EVICT key 0", "0"), keeps("EVICT key 0 LIMIT 5", "0")],
    },
    Command {
        name: "T",
        since: "0.1.0",
        arity: 3,
        flags: "denyoom fast write",
        keys: UPSERT,
        tips: &[],
        categories: "@fast @presence @write",
        arguments: "key:key touch:string",
        // An error from a client.
        calls: &[],
    },
    Command {
        name: "S",
        since: "0.1.0",
        arity: 4,
        flags: "denyoom fast write",
        keys: UPSERT,
        tips: &[],
        categories: "@fast @presence @write",
        arguments: "key:key change:string sessions:string",
        // An error from a client.
        calls: &[],
    },
    Command {
        name: "CLIENTS",
        since: "0.1.0",
        arity: -1,
        flags: "admin readonly",
        keys: None,
        // Clients ask every node, and join the arrays.
        tips: &[TIMED, "request_policy:all_nodes"],
        categories: "@admin @connection @dangerous @presence @slow",
        arguments: "[WINDOW milliseconds:integer]",
        calls: &[],
    },
];
