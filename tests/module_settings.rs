//! The module's settings: `CONFIG GET` and `SET`, lines in `redis.conf`, load arguments; a bad value or an unknown name
//! stops the load with a clear log line.

use std::collections::BTreeMap;

use crate::common::{Client, Server, module_path, not_applicable};

/// Name, default, lowest and highest value.
const NUMBERS: [(&str, i64, i64, i64); 7] = [
    ("default-ttl", 300_000, 1, 315_360_000_000),
    ("default-retain", 0, 0, 315_360_000_000),
    ("default-linger", -1, -1, 315_360_000_000),
    ("sweep-interval", 100, 1, 60_000),
    ("sweep-budget", 1000, 100, 100_000),
    ("client-announce-frequency", 0, 0, 86_400),
    ("max-meta", 4096, 0, 65_535),
];

/// A setting that is text: name, default, other values, and bad ones with what a value must be.
type Text = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
);

const TEXTS: [Text; 2] = [
    (
        "client-announce-channel",
        "__redis__:cli",
        &["c", "{my} channel*", "caf\u{e9}:\"'\\"],
        &["", "a\0b"],
        "the name of a channel, not empty and without zero bytes",
    ),
    (
        "events",
        "",
        &["j", "A", "mtlj"],
        &["x", "jx", "J", "j l", "j\0"],
        "any of the letters j, l, t, m and u, or A for all",
    ),
];

/// All settings of the module, by their names without `presence.`.
fn settings(client: &mut Client) -> BTreeMap<String, String> {
    let fields = client.fields(&["CONFIG", "GET", "presence.*"]);
    fields
        .into_iter()
        .map(|(name, value)| {
            let name = name
                .strip_prefix("presence.")
                .expect("the module's")
                .to_string();
            (name, crate::common::text(value))
        })
        .collect()
}

fn defaults() -> BTreeMap<String, String> {
    let numbers = NUMBERS
        .iter()
        .map(|(name, value, ..)| (name.to_string(), value.to_string()));
    let texts = TEXTS
        .iter()
        .map(|(name, value, ..)| (name.to_string(), value.to_string()));
    numbers.chain(texts).collect()
}

/// The settings that differ from the defaults.
fn changed(server: &Server) -> Vec<String> {
    let defaults = defaults();
    settings(&mut server.client())
        .into_iter()
        .filter(|(name, value)| defaults[name] != *value)
        .map(|(name, value)| format!("{name} {value}"))
        .collect()
}

#[test]
fn config_get_shows_them_with_their_defaults() {
    let server = Server::start();
    assert_eq!(settings(&mut server.client()), defaults());
}

#[test]
fn config_set_changes_them_within_their_bounds() {
    let server = Server::start();
    let mut client = server.client();
    for (name, _, lowest, highest) in NUMBERS {
        let mut set = |value: &str| client.answer(&format!("CONFIG SET presence.{name} {value}"));
        for value in [lowest, highest] {
            assert_eq!(set(&value.to_string()), "OK", "{name} {value}");
        }
        for value in [
            (lowest - 1).to_string(),
            (highest + 1).to_string(),
            "x".into(),
            String::new(),
        ] {
            let answer = set(&value);
            let failed =
                format!("ERR CONFIG SET failed (possibly related to argument 'presence.{name}')");
            assert!(answer.starts_with(&failed), "{name} {value}: {answer}");
        }
        assert_eq!(settings(&mut client)[name], highest.to_string());
    }
    let unknown = client.answer("CONFIG SET presence.no-such 1");
    assert!(
        unknown.starts_with(
            "ERR Unknown option or number of arguments for CONFIG SET - 'presence.no-such'"
        ),
        "{unknown}"
    );
}

#[test]
fn config_set_changes_texts_and_refuses_bad_ones() {
    let server = Server::start();
    let mut client = server.client();
    for (name, default, values, bad, must_be) in TEXTS {
        let full = format!("presence.{name}");
        for value in values.iter().chain([&default]) {
            client.cmd(&["CONFIG", "SET", &full, value]);
            assert_eq!(settings(&mut client)[name], *value);
            for bad in bad {
                let error = client.err(&["CONFIG", "SET", &full, bad]);
                assert_eq!(
                    error,
                    format!(
                        "ERR CONFIG SET failed (possibly related to argument '{full}') - argument must be {must_be}"
                    )
                );
                assert_eq!(settings(&mut client)[name], *value, "after {bad:?}");
            }
        }
        // Of two settings that are set together, both are or none.
        let other = "presence.sweep-interval";
        client.err(&["CONFIG", "SET", &full, values[0], other, "0"]);
        assert_eq!(settings(&mut client)[name], default);
        client.err(&["CONFIG", "SET", other, "50", &full, bad[0]]);
        assert_eq!(settings(&mut client)["sweep-interval"], "100");
    }
}

#[test]
fn texts_come_from_load_arguments_and_the_configuration_file_and_are_rewritten() {
    for (name, _, values, bad, must_be) in TEXTS {
        for value in values {
            let quoted = format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
            let arguments = format!("{name} {quoted}");
            let expected = [format!("{name} {value}")];
            let server = Server::builder().module_args(&arguments).start();
            assert_eq!(changed(&server), expected);
            let mut server = Server::builder()
                .arg(&format!("presence.{arguments}"))
                .module_args(&format!("{name} {}", values[0]))
                .start();
            assert_eq!(changed(&server), expected);
            // Servers rewrite load arguments without quotes, and lines with them.
            let mut client = server.client();
            client.cmd(&["CONFIG", "SET", &format!("presence.{name}"), values[1]]);
            assert_eq!(client.answer("CONFIG REWRITE"), "OK");
            server.restart();
            assert_eq!(changed(&server), [format!("{name} {}", values[1])]);
        }
        for bad in bad {
            let quoted = format!("\"{}\"", bad.replace('\0', "\\x00"));
            let log = Server::builder()
                .module_args(&format!("{name} {quoted}"))
                .start_expecting_failure();
            let bad = bad.replace('\0', "\\0");
            let why = format!(
                "presence: not loaded, the argument '{name}' must be {must_be}, not '{bad}'"
            );
            assert!(log.contains(&why), "{log}");
            let log = Server::builder()
                .arg(&format!("presence.{name} {quoted}"))
                .start_expecting_failure();
            let why = format!("presence.{name} : argument must be {must_be}");
            assert!(log.contains(&why), "{log}");
        }
    }
}

#[test]
fn the_defaults_act_on_keys_made_from_then_on() {
    let server = Server::start();
    let mut client = server.client();
    client.answer("PRESENCE.TOUCH old ann");
    client.answer("CONFIG SET presence.default-ttl 1234");
    let replies = client.together(&[
        "PRESENCE.TOUCH new ann",
        "PRESENCE.LIST new WITHTTL",
        "PRESENCE.TOUCH old bob",
        "PRESENCE.LEAVE old ann",
        "PRESENCE.LIST old WITHTTL",
    ]);
    assert_eq!(replies[1], r#"[["ann", 1234]]"#);
    assert_eq!(replies[4], r#"[["bob", 300000]]"#);
}

#[test]
fn load_arguments_stand_in_for_the_defaults() {
    let server = Server::builder()
        .module_args(
            "default-ttl 60000 DEFAULT-RETAIN 1 default-linger 0 sweep-interval 7 sweep-budget 500",
        )
        .start();
    assert_eq!(
        changed(&server),
        [
            "default-linger 0",
            "default-retain 1",
            "default-ttl 60000",
            "sweep-budget 500",
            "sweep-interval 7"
        ]
    );
    let replies = server
        .client()
        .together(&["PRESENCE.TOUCH room ann", "PRESENCE.LIST room WITHTTL"]);
    assert_eq!(replies[1], r#"[["ann", 60000]]"#);
}

#[test]
fn lines_of_the_configuration_file_hold() {
    let server = Server::builder()
        .arg("presence.default-ttl 45000")
        .arg("presence.sweep-budget 2000")
        .start();
    assert_eq!(changed(&server), ["default-ttl 45000", "sweep-budget 2000"]);
    let replies = server
        .client()
        .together(&["PRESENCE.TOUCH room ann", "PRESENCE.LIST room WITHTTL"]);
    assert_eq!(replies[1], r#"[["ann", 45000]]"#);
}

#[test]
fn config_rewrite_writes_what_was_set() {
    let mut server = Server::start();
    let mut client = server.client();
    client.dialog(&[
        ("CONFIG SET presence.default-ttl 99000", "OK"),
        ("CONFIG REWRITE", "OK"),
    ]);
    server.restart();
    assert_eq!(changed(&server), ["default-ttl 99000"]);
}

#[test]
fn a_bad_load_argument_stops_the_load_and_says_why() {
    for (arguments, why) in [
        (
            "no-such 1",
            "presence: not loaded, unknown argument 'no-such', known are: default-ttl, ",
        ),
        (
            "default-ttl 60000 colour blue",
            "presence: not loaded, unknown argument 'colour'",
        ),
        (
            "default-ttl",
            "presence: not loaded, the argument 'default-ttl' lacks its value",
        ),
        (
            "default-ttl 1 default-retain",
            "presence: not loaded, the argument 'default-retain' lacks its value",
        ),
        (
            "default-ttl 1 default-ttl 1",
            "presence: not loaded, the argument 'default-ttl' is given twice",
        ),
        (
            "default-ttl soon",
            "presence: not loaded, the argument 'default-ttl' must be a number between 1 and 315360000000, not 'soon'",
        ),
        (
            "default-ttl 0",
            "presence: not loaded, the argument 'default-ttl' must be a number between 1 and 315360000000, not '0'",
        ),
        (
            "default-retain 315360000001",
            "presence: not loaded, the argument 'default-retain' must be a number between 0 and 315360000000, not '315360000001'",
        ),
        (
            "default-linger -2",
            "presence: not loaded, the argument 'default-linger' must be a number between -1 and 315360000000, not '-2'",
        ),
        (
            "client-announce-frequency -1",
            "presence: not loaded, the argument 'client-announce-frequency' must be a number between 0 and 86400, not '-1'",
        ),
        (
            "client-announce-channel",
            "presence: not loaded, the argument 'client-announce-channel' lacks its value",
        ),
        (
            "sweep-interval 0",
            "presence: not loaded, the argument 'sweep-interval' must be a number between 1 and 60000, not '0'",
        ),
    ] {
        let log = Server::builder()
            .module_args(arguments)
            .start_expecting_failure();
        assert!(log.contains(why), "{arguments}: {log}");
        assert!(log.contains("Can't load module from"), "{arguments}: {log}");
    }
}

#[test]
fn a_bad_line_of_the_configuration_file_stops_the_start() {
    // The server knows which settings there are, and says this of one that there is not.
    let unknown = "Module Configuration detected without loadmodule directive";
    for (line, why) in [
        ("presence.default-ttl 0", "presence.default-ttl"),
        ("presence.default-linger -2", "presence.default-linger"),
        ("presence.sweep-budget x", "presence.sweep-budget"),
        (
            "presence.client-announce-frequency -1",
            "presence.client-announce-frequency",
        ),
        ("presence.no-such 1", unknown),
    ] {
        let log = Server::builder().arg(line).start_expecting_failure();
        assert!(log.contains(why), "{line}: {log}");
    }
}

/// CONFIG REWRITE writes an empty load argument as nothing.
#[test]
fn an_empty_list_of_events_outlives_a_rewrite() {
    for (arguments, expected) in [
        ("events \"\"", &[][..]),
        ("default-ttl 5000 EVENTS \"\"", &["default-ttl 5000"]),
        (
            "events \"\" default-ttl 5000 sweep-budget 500",
            &["default-ttl 5000", "sweep-budget 500"],
        ),
    ] {
        let mut server = Server::builder().module_args(arguments).start();
        assert_eq!(changed(&server), expected, "{arguments}");
        for _ in 0..2 {
            assert_eq!(server.client().answer("CONFIG REWRITE"), "OK");
            server.restart();
            assert_eq!(changed(&server), expected, "{arguments}");
        }
    }
    let log = Server::builder()
        .module_args("events colour sweep-budget 500")
        .start_expecting_failure();
    let why = "the argument 'events' must be any of the letters j, l, t, m and u, or A for all, not 'colour'";
    assert!(log.contains(why), "{log}");
}

#[test]
fn a_load_argument_that_no_rewrite_keeps_is_warned_of() {
    let warning = "presence: the argument 'client-announce-channel' needs quotes, which CONFIG REWRITE does not write; \
                   give it as a line of its own, presence.client-announce-channel";
    for (name, is_kept) in [
        ("my:clients", true),
        ("my clients", false),
        ("my'clients", false),
    ] {
        let line = format!("client-announce-channel \"{name}\"");
        let server = Server::builder().module_args(&line).start();
        assert_eq!(
            changed(&server),
            [format!("client-announce-channel {name}")]
        );
        assert_eq!(server.log().contains(warning), !is_kept, "{name}");
        // On a line of its own any name is kept.
        let mut server = Server::builder().arg(&format!("presence.{line}")).start();
        assert_eq!(server.client().answer("CONFIG REWRITE"), "OK");
        server.restart();
        assert_eq!(
            changed(&server),
            [format!("client-announce-channel {name}")]
        );
        assert!(!server.log().contains(warning), "{name}");
    }
}

/// The server finds unknown names after the load, and cannot unload a module with a data type: what the manual says.
#[test]
fn loadex_refuses_bad_values_and_arguments_and_works_after_an_unknown_name() {
    let server = Server::builder().without_module().start();
    let mut client = server.client();
    let path = module_path().display().to_string();
    let load = |settings: &[&str]| {
        let mut line = vec!["MODULE", "LOADEX", &path];
        line.extend(settings);
        line.iter().map(|word| word.to_string()).collect::<Vec<_>>()
    };
    let refused = "ERR Error loading the extension. Please check the server logs.";
    let bad = load(&["CONFIG", "presence.default-ttl", "0"]);
    assert_eq!(client.err(&bad), refused);
    let bad = load(&["ARGS", "nope", "0"]);
    assert_eq!(client.err(&bad), refused);
    // Some servers come with modules of their own.
    assert!(!client.answer("MODULE LIST").contains("presence"));
    let unknown = load(&[
        "CONFIG",
        "presence.default-ttl",
        "5000",
        "CONFIG",
        "presence.nope",
        "0",
        "ARGS",
        "sweep-budget",
        "500",
    ]);
    if client.raw(&unknown).is_err_and(|error| error.is_io_error()) {
        server.wait_log("crashed by signal");
        server.wait_log("Loadex configurations were not applied");
        not_applicable("the server crashes in its own moduleUnload, as the manual says");
        return;
    }
    assert_eq!(changed(&server), ["default-ttl 5000", "sweep-budget 500"]);
    let replies = client.together(&["PRESENCE.TOUCH room ann", "PRESENCE.LIST room WITHTTL"]);
    assert_eq!(replies[1], r#"[["ann", 5000]]"#);
    server.assert_clean_log();
}
