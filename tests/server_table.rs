//! The server's table of commands tells clients, proxies and access control all they need: flags, keys, documentation,
//! categories.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use redis::Value;

use crate::common::{Client, Server, show, text};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// Replies to which time alone makes a difference.
const TIMED: &str = "nondeterministic_output";

/// The tips of each command.
const TIPS: [(&str, &[&str]); 17] = [
    ("TOUCH", &[TIMED]),
    ("TOUCHEX", &[TIMED]),
    ("LEAVE", &[TIMED]),
    ("FORGET", &[TIMED]),
    ("COUNT", &[TIMED]),
    // Clients ask slot by slot, and put the replies in the order of the keys.
    ("MCOUNT", &[TIMED, "request_policy:multi_shard"]),
    ("LIST", &[TIMED]),
    ("SCAN", &[TIMED]),
    ("ISONLINE", &[TIMED]),
    ("FILTER", &[TIMED]),
    ("SEEN", &[TIMED]),
    ("MAX", &[]),
    ("SETMAX", &[]),
    ("CONFIG", &[]),
    ("INFO", &[TIMED]),
    ("EVICT", &[]),
    // Clients ask every node, and join the arrays.
    ("CLIENTS", &[TIMED, "request_policy:all_nodes"]),
];

/// Of the commands with keys: name, arity, the contract's flags, the last key (0: the only one), and the key's flags.
const COMMANDS: [(&str, i64, &str, i64, &str); 16] = [
    ("TOUCH", -3, "denyoom fast write", 0, "RW update"),
    ("TOUCHEX", -5, "denyoom fast write", 0, "RW update"),
    ("LEAVE", -3, "fast write", 0, "RW delete"),
    ("FORGET", -3, "fast write", 0, "RW delete"),
    ("COUNT", -2, "fast readonly", 0, "RO access"),
    ("MCOUNT", -2, "fast readonly", -1, "RO access"),
    ("LIST", -2, "readonly", 0, "RO access"),
    ("SCAN", -3, "readonly", 0, "RO access"),
    ("ISONLINE", -3, "fast readonly", 0, "RO access"),
    ("FILTER", -3, "fast readonly", 0, "RO access"),
    ("SEEN", -3, "fast readonly", 0, "RO access"),
    ("MAX", 2, "fast readonly", 0, "RO access"),
    ("SETMAX", -4, "denyoom fast write", 0, "RW update"),
    ("CONFIG", -4, "denyoom fast write", 0, "RW update"),
    ("INFO", 2, "fast readonly", 0, "RO access"),
    ("EVICT", -3, "write", 0, "RW delete"),
];

fn array(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) | Value::Set(items) => items,
        other => panic!("not an array: {other:?}"),
    }
}

fn words(value: &Value) -> Vec<String> {
    let mut words: Vec<String> = array(value).iter().map(|word| text(word.clone())).collect();
    words.sort();
    words
}

/// One command's entry of COMMAND INFO.
fn info(client: &mut Client, name: &str) -> Vec<Value> {
    let reply = client.cmd(&["COMMAND", "INFO", &format!("presence.{name}")]);
    array(&array(&reply)[0]).to_vec()
}

#[test]
fn command_info_has_the_flags_of_the_contract() {
    let mut client = SERVER.client();
    for (name, arity, flags, last_key, _) in COMMANDS {
        let entry = info(&mut client, name);
        assert_eq!(show(&entry[0]), format!("\"PRESENCE.{name}\""));
        assert_eq!(show(&entry[1]), arity.to_string(), "{name}");
        let mut found = words(&entry[2]);
        found.retain(|flag| flag != "module");
        assert_eq!(found.join(" "), flags, "{name}");
        // First key, last key, step: what clients from before the key specifications go by.
        let last = if last_key < 0 { last_key } else { 1 };
        let keys: Vec<String> = entry[3..6].iter().map(show).collect();
        assert_eq!(keys.join(" "), format!("1 {last} 1"), "{name}");
    }
}

#[test]
fn command_info_has_one_key_specification_with_the_right_access() {
    let mut client = SERVER.client();
    for (name, _, _, last_key, access) in COMMANDS {
        let entry = info(&mut client, name);
        let [spec] = array(&entry[8]) else {
            panic!("{name}: {:?}", entry[8])
        };
        let spec = show(spec);
        let (flags, places) = spec.split_once(r#"], "begin_search", "#).expect("a place");
        let flags = flags
            .strip_prefix(r#"["flags", ["#)
            .expect("the flags come first");
        let mut flags: Vec<&str> = flags.split(", ").collect();
        flags.sort_unstable();
        assert_eq!(flags.join(" "), access, "{name}: {spec}");
        let expected = format!(
            r#"["type", "index", "spec", ["index", 1]], "find_keys", ["type", "range", "spec", ["lastkey", {last_key}, "keystep", 1, "limit", 0]]]"#
        );
        assert_eq!(places, expected, "{name}");
    }
}

#[test]
fn command_info_has_the_tips() {
    for mut client in [SERVER.client(), SERVER.client3()] {
        for (name, tips) in TIPS {
            assert_eq!(words(&info(&mut client, name)[7]), tips, "{name}");
        }
    }
    let mut names: Vec<&str> = TIPS.iter().map(|(name, _)| *name).collect();
    names.retain(|name| *name != "CLIENTS");
    assert_eq!(names, COMMANDS.map(|(name, ..)| name));
}

#[test]
fn clients_has_no_keys_and_is_for_administrators() {
    let mut client = SERVER.client();
    let entry = info(&mut client, "CLIENTS");
    assert_eq!(show(&entry[0]), r#""PRESENCE.CLIENTS""#);
    assert_eq!(show(&entry[1]), "-1");
    let mut flags = words(&entry[2]);
    flags.retain(|flag| flag != "module");
    assert_eq!(flags, ["admin", "readonly"]);
    let keys: Vec<String> = entry[3..6].iter().map(show).collect();
    assert_eq!(keys.join(" "), "0 0 0");
    assert_eq!(array(&entry[8]), []);
    assert_eq!(
        client.answer("COMMAND GETKEYS PRESENCE.CLIENTS WINDOW 5"),
        "ERR The command has no key arguments"
    );
}

#[test]
fn every_command_of_the_module_is_in_this_file() {
    let mut listed = SERVER
        .client()
        .strings(&["COMMAND", "LIST", "FILTERBY", "MODULE", "presence"]);
    listed.sort();
    let names = COMMANDS.iter().map(|(name, ..)| *name);
    let mut expected: Vec<String> = names
        .chain(["CLIENTS"])
        .map(|name| format!("PRESENCE.{name}"))
        .collect();
    expected.sort();
    assert_eq!(listed, expected);
}

#[test]
fn getkeys_finds_the_keys_and_only_those() {
    SERVER.client().dialog(&[
        ("COMMAND GETKEYS PRESENCE.TOUCH k a b", r#"["k"]"#),
        (
            "COMMAND GETKEYS PRESENCE.TOUCHEX k EX 5 MEMBERS 2 a b",
            r#"["k"]"#,
        ),
        ("COMMAND GETKEYS PRESENCE.LEAVE k a b", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.FORGET k a b", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.COUNT k WINDOW 5", r#"["k"]"#),
        (
            "COMMAND GETKEYS PRESENCE.MCOUNT k l m",
            r#"["k", "l", "m"]"#,
        ),
        ("COMMAND GETKEYS PRESENCE.MCOUNT k", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.LIST k REV LIMIT 0 5", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.SCAN k 0 MATCH a", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.ISONLINE k a b", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.FILTER k a b", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.SEEN k a b", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.MAX k", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.SETMAX k 5 5 GT", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.CONFIG k TTL 5", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.INFO k", r#"["k"]"#),
        ("COMMAND GETKEYS PRESENCE.EVICT k 5", r#"["k"]"#),
        (
            "COMMAND GETKEYSANDFLAGS PRESENCE.TOUCH k a",
            r#"[["k", [RW, update]]]"#,
        ),
        (
            "COMMAND GETKEYSANDFLAGS PRESENCE.MCOUNT k l",
            r#"[["k", [RO, access]], ["l", [RO, access]]]"#,
        ),
    ]);
}

/// The documentation of all commands, as maps.
fn docs() -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut client = SERVER.client3();
    let names = COMMANDS.iter().map(|(name, ..)| *name);
    names
        .chain(["CLIENTS"])
        .map(|name| {
            let full = format!("PRESENCE.{name}");
            let docs = client.fields(&["COMMAND", "DOCS", &full]);
            let Value::Map(fields) = docs[&full].clone() else {
                panic!("{docs:?}")
            };
            let fields = fields
                .into_iter()
                .map(|(field, value)| (text(field), value))
                .collect();
            (name.to_string(), fields)
        })
        .collect()
}

#[test]
fn command_docs_has_a_summary_and_a_complexity() {
    for (name, docs) in docs() {
        let field = |field: &str| text(docs[field].clone());
        assert!(
            field("summary").len() > 20 && field("summary").ends_with('.'),
            "{name}"
        );
        assert!(field("complexity").starts_with("O("), "{name}");
        assert_eq!(field("since"), "0.1.0", "{name}");
        assert_eq!(field("group"), "module", "{name}");
        assert_eq!(field("module"), "presence", "{name}");
    }
}

/// The arguments as the syntax line of a manual: `key [EX seconds | PX milliseconds]`.
fn syntax(arguments: &Value) -> String {
    let lines: Vec<String> = array(arguments).iter().map(argument).collect();
    lines.join(" ")
}

fn argument(value: &Value) -> String {
    let Value::Map(pairs) = value else {
        panic!("{value:?}")
    };
    let field = |name: &str| {
        let found = pairs.iter().find(|(field, _)| text(field.clone()) == name);
        found.map(|(_, value)| value.clone())
    };
    let name = text(field("name").expect("a name"));
    let flags = field("flags")
        .map(|flags| words(&flags))
        .unwrap_or_default();
    let has = |flag: &str| flags.iter().any(|found| found == flag);
    let parts = || -> Vec<String> {
        let parts = field("arguments").expect("parts");
        array(&parts).iter().map(argument).collect()
    };
    let kind = text(field("type").expect("a type"));
    let mut line = match kind.as_str() {
        "oneof" => parts().join(" | "),
        "block" => parts().join(" "),
        "pure-token" => String::new(),
        _ if has("multiple") => format!("{name}:{kind} [{name} ...]"),
        _ => format!("{name}:{kind}"),
    };
    if let Some(token) = field("token") {
        line = format!("{} {line}", text(token)).trim_end().to_string();
    }
    if has("optional") {
        line = format!("[{line}]");
    }
    line
}

#[test]
fn command_docs_has_the_arguments_of_the_contract() {
    let docs = docs();
    for (name, expected) in [
        ("TOUCH", "key:key member:string [member ...]"),
        (
            "TOUCHEX",
            "key:key [EX seconds:integer | PX milliseconds:integer] [AT unix-time-milliseconds:unix-time] \
             MEMBERS count:integer member:string [member ...]",
        ),
        ("LEAVE", "key:key member:string [member ...]"),
        ("FORGET", "key:key member:string [member ...]"),
        ("COUNT", "key:key [WINDOW milliseconds:integer]"),
        ("MCOUNT", "key:key [key ...]"),
        (
            "LIST",
            "key:key [WINDOW milliseconds:integer] [REV] [LIMIT offset:integer count:integer] [WITHSEEN] [WITHTTL]",
        ),
        (
            "SCAN",
            "key:key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
        ),
        ("ISONLINE", "key:key member:string [member ...]"),
        ("FILTER", "key:key member:string [member ...]"),
        ("SEEN", "key:key member:string [member ...]"),
        ("MAX", "key:key"),
        ("SETMAX", "key:key peak:integer at-ms:unix-time [GT]"),
        (
            "CONFIG",
            "key:key [TTL milliseconds:integer] [RETAIN milliseconds:integer] [LINGER milliseconds:integer]",
        ),
        ("INFO", "key:key"),
        ("CLIENTS", "[WINDOW milliseconds:integer]"),
        ("EVICT", "key:key cutoff-ms:unix-time [LIMIT count:integer]"),
    ] {
        assert_eq!(syntax(&docs[name]["arguments"]), expected, "{name}");
    }
    assert_eq!(docs.len(), COMMANDS.len() + 1);
}
