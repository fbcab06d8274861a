//! Access control: key permissions let reads and writes through or refuse them, and commands are in the right
//! categories where the server can put a module's commands into categories.

use std::sync::LazyLock;

use redis::Value;

use crate::common::commands::{COMMANDS, Call, reads, writes};
use crate::common::{Client, Server, not_applicable, show};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// A connection of a new user with these rules beside all commands.
fn user(name: &str, rules: &str) -> Client {
    let mut client = SERVER.client();
    let line = format!("ACL SETUSER {name} on nopass +@all {rules}");
    assert_eq!(client.answer(&line), "OK");
    assert_eq!(client.answer(&format!("AUTH {name} any")), "OK");
    client
}

/// Whether a command was let through; anything but the refusal of its key is a failure.
#[track_caller]
fn is_allowed(client: &mut Client, call: &Call, key: &str) -> bool {
    let line = call.on(key);
    let answer = client.answer(&line);
    let refused = answer.starts_with("NOPERM");
    assert!(refused || !answer.starts_with("ERR"), "{line}: {answer}");
    !refused
}

#[test]
fn read_permission_lets_reads_through_and_no_writes() {
    SERVER.client().answer("PRESENCE.TOUCH read:key a");
    let mut reader = user("reader", "%R~read:*");
    for call in reads() {
        assert!(is_allowed(&mut reader, call, "read:key"), "{}", call.line);
        assert!(!is_allowed(&mut reader, call, "other:key"), "{}", call.line);
    }
    for call in writes() {
        assert!(!is_allowed(&mut reader, call, "read:key"), "{}", call.line);
    }
}

#[test]
fn write_permission_alone_lets_no_reads_through() {
    SERVER.client().answer("PRESENCE.TOUCH write:key a");
    let mut writer = user("writer", "%W~write:*");
    for call in reads() {
        assert!(!is_allowed(&mut writer, call, "write:key"), "{}", call.line);
    }
    let mut both = user("both", "%RW~write:*");
    for call in reads().chain(writes()) {
        assert!(is_allowed(&mut both, call, "write:key"), "{}", call.line);
        assert!(!is_allowed(&mut both, call, "other:key"), "{}", call.line);
    }
}

#[test]
fn every_key_of_mcount_is_checked() {
    let mut reader = user("counter", "%R~mine:*");
    assert_eq!(reader.answer("PRESENCE.MCOUNT mine:1 mine:2"), "[0, 0]");
    for line in [
        "PRESENCE.MCOUNT mine:1 other",
        "PRESENCE.MCOUNT other mine:1",
    ] {
        assert!(reader.answer(line).starts_with("NOPERM"), "{line}");
    }
}

#[test]
fn both_keys_of_an_intersection_are_checked() {
    let mut reader = user("friend", "%R~mine:*");
    for command in ["PRESENCE.INTER", "PRESENCE.INTERCARD"] {
        let answer = reader.answer(&format!("{command} mine:1 mine:2"));
        assert!(["[]", "0"].contains(&answer.as_str()), "{answer}");
        for keys in ["mine:1 other", "other mine:1"] {
            let line = format!("{command} {keys}");
            assert!(reader.answer(&line).starts_with("NOPERM"), "{line}");
        }
    }
}

#[test]
fn members_are_no_keys() {
    let mut client = user("members", "~own:*");
    assert_eq!(client.answer("PRESENCE.TOUCH own:1 other other:2"), "2");
    assert_eq!(
        client.answer("PRESENCE.TOUCHEX own:1 EX 5 MEMBERS 1 third"),
        "1"
    );
}

#[test]
fn a_command_can_be_given_and_taken_by_its_name() {
    let mut client = SERVER.client();
    client.answer("ACL SETUSER named on nopass ~* -@all +presence.count");
    client.answer("AUTH named any");
    assert_eq!(client.answer("PRESENCE.COUNT key"), "0");
    assert!(client.answer("PRESENCE.TOUCH key a").starts_with("NOPERM"));
}

#[test]
fn commands_are_in_their_categories_where_the_server_can() {
    let mut client = SERVER.client();
    let categories = client.strings(&["ACL", "CAT"]);
    let can_add = categories.iter().any(|category| category == "presence");
    let can_set = can_set_categories(&mut client);
    if !can_set {
        not_applicable("a module's commands are in no category, so these are in none");
    } else if !can_add {
        not_applicable(
            "a module adds no category; the commands are in all others that they belong to",
        );
    }
    for command in COMMANDS {
        let name = command.name;
        let reply = client.cmd(&["COMMAND", "INFO", &command.full_name()]);
        let Value::Array(entries) = &reply else {
            panic!("{reply:?}")
        };
        let Value::Array(entry) = &entries[0] else {
            panic!("{reply:?}")
        };
        let found = show(&entry[6]);
        let mut found: Vec<&str> = found
            .trim_matches(['[', ']'])
            .split(", ")
            .map(|word| word.trim_matches('"'))
            .filter(|word| !word.is_empty())
            .collect();
        found.sort_unstable();
        let mut expected: Vec<&str> = command.categories.split(' ').collect();
        if can_add {
            assert_eq!(found, expected, "{name}");
        } else if can_set {
            expected.retain(|category| *category != "@presence");
            assert_eq!(found, expected, "{name}");
        } else {
            // Redis 7.0 has no categories for a module's commands.
            assert_eq!(found, [""; 0], "{name}");
        }
    }
}

/// Whether the server puts a module's commands into categories: Redis from 7.2 on, and Valkey.
fn can_set_categories(client: &mut Client) -> bool {
    let info = client.text(&["INFO", "server"]);
    let version = info
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"));
    !version.expect("a version").starts_with("7.0.")
}

#[test]
fn the_category_gives_all_commands_where_there_is_one() {
    let mut client = SERVER.client();
    let answer = client.answer("ACL SETUSER category on nopass ~* -@all +@presence");
    if can_set_categories(&mut client) && answer == "OK" {
        client.answer("AUTH category any");
        // Writes first: they make the key that PRESENCE.INFO asks for.
        for call in writes().chain(reads()) {
            assert!(
                is_allowed(&mut client, call, "category:key"),
                "{}",
                call.line
            );
        }
        assert!(client.answer("GET key").starts_with("NOPERM"));
    } else {
        not_applicable("a module adds no category, and `+@presence` is refused");
        let unknown = "ERR Error in ACL SETUSER modifier '+@presence': Unknown command or category name in ACL";
        assert_eq!(answer, unknown);
        assert!(
            !client
                .strings(&["ACL", "CAT"])
                .contains(&"presence".to_string())
        );
    }
}
