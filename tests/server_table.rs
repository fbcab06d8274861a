//! The server's table of commands tells clients, proxies and access control all they need: flags, keys, documentation,
//! categories.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use redis::Value;

use crate::common::commands::{COMMANDS, Command, Keys};
use crate::common::{Client, Server, fields, show, text};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

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
fn every_command_of_the_module_is_in_the_table() {
    let mut listed = SERVER
        .client()
        .strings(&["COMMAND", "LIST", "FILTERBY", "MODULE", "presence"]);
    listed.sort();
    let mut expected = COMMANDS.map(|command| command.full_name());
    expected.sort();
    assert_eq!(listed, expected);
}

/// Of the table itself: tests that go over the calls miss nothing.
#[test]
fn every_command_with_keys_is_called_with_each_of_its_options() {
    for command in COMMANDS {
        // From a client it is an error.
        let is_for_clients = !["S", "T"].contains(&command.name);
        let lines = || command.calls.iter().map(|call| call.line);
        assert_eq!(
            command.keys.is_some() && is_for_clients,
            lines().next().is_some(),
            "{}",
            command.name
        );
        for line in lines() {
            let start = format!("{} key", command.name);
            assert!(line.starts_with(&start), "{line}");
        }
        for token in command.tokens().filter(|_| command.keys.is_some()) {
            let is_used = lines().any(|line| line.split(' ').any(|word| word == token));
            assert!(is_used, "{} {token}", command.name);
        }
    }
}

#[test]
fn command_info_has_the_flags_of_the_contract() {
    let mut client = SERVER.client();
    for command in COMMANDS {
        let name = command.name;
        let entry = info(&mut client, name);
        assert_eq!(show(&entry[0]), format!("\"PRESENCE.{name}\""));
        assert_eq!(show(&entry[1]), command.arity.to_string(), "{name}");
        let mut found = words(&entry[2]);
        found.retain(|flag| flag != "module");
        assert_eq!(found.join(" "), command.flags, "{name}");
        // First key, last key, step: what clients from before the key specifications go by.
        let expected = match command.keys {
            None => "0 0 0".into(),
            Some(Keys { last, .. }) => format!("1 {} 1", if last < 0 { last } else { 1 + last }),
        };
        let keys: Vec<String> = entry[3..6].iter().map(show).collect();
        assert_eq!(keys.join(" "), expected, "{name}");
    }
}

#[test]
fn command_info_has_one_key_specification_with_the_right_access() {
    let mut client = SERVER.client();
    for command in COMMANDS {
        let name = command.name;
        let entry = info(&mut client, name);
        let Some(Keys { last, access }) = command.keys else {
            assert_eq!(array(&entry[8]), [], "{name}");
            continue;
        };
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
            r#"["type", "index", "spec", ["index", 1]], "find_keys", ["type", "range", "spec", ["lastkey", {last}, "keystep", 1, "limit", 0]]]"#
        );
        assert_eq!(places, expected, "{name}");
    }
}

#[test]
fn command_info_has_the_tips() {
    for mut client in [SERVER.client(), SERVER.client3()] {
        for command in COMMANDS {
            let found = words(&info(&mut client, command.name)[7]);
            assert_eq!(found, command.tips, "{}", command.name);
        }
    }
}

#[test]
fn getkeys_finds_the_keys_and_only_those() {
    let mut client = SERVER.client();
    for command in COMMANDS {
        let Some(Keys { access, .. }) = command.keys else {
            continue;
        };
        let access = access.replace(' ', ", ");
        for call in command.calls {
            let line = call.on("key");
            let keys = || line.split(' ').filter(|word| word.starts_with("key"));
            let list = |items: Vec<String>| format!("[{}]", items.join(", "));
            assert_eq!(
                client.answer(&format!("COMMAND GETKEYS {line}")),
                list(keys().map(|key| format!("{key:?}")).collect()),
                "{line}"
            );
            assert_eq!(
                client.answer(&format!("COMMAND GETKEYSANDFLAGS {line}")),
                list(keys().map(|key| format!("[{key:?}, [{access}]]")).collect()),
                "{line}"
            );
        }
    }
    assert_eq!(
        client.answer("COMMAND GETKEYS PRESENCE.CLIENTS WINDOW 5"),
        "ERR The command has no key arguments"
    );
}

/// What COMMAND DOCS says of a command.
fn docs(client: &mut Client, command: &Command) -> BTreeMap<String, Value> {
    let name = command.full_name();
    let docs = client.fields(&["COMMAND", "DOCS", &name]);
    fields(docs[&name].clone())
}

#[test]
fn command_docs_has_a_summary_and_a_complexity() {
    let mut client = SERVER.client3();
    for command in COMMANDS {
        let name = command.name;
        let docs = docs(&mut client, &command);
        let field = |field: &str| text(docs[field].clone());
        assert!(
            field("summary").len() > 20 && field("summary").ends_with('.'),
            "{name}"
        );
        assert!(field("complexity").starts_with("O("), "{name}");
        assert_eq!(field("since"), command.since, "{name}");
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
    let mut client = SERVER.client3();
    for command in COMMANDS {
        let docs = docs(&mut client, &command);
        assert_eq!(
            syntax(&docs["arguments"]),
            command.arguments,
            "{}",
            command.name
        );
    }
}
