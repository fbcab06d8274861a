//! The documentation is true: the pages of the commands agree with what a server says of them, every example gives what
//! it shows, the settings and counters are those there are, and links lead somewhere.

mod examples;
mod listening;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use redis::Value;

use crate::common::commands::COMMANDS;
use crate::common::{Client, Server, not_applicable, text};

/// A file of this checkout, with its path from there.
fn read(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The paths of all documents: those beside the README, and what is in docs/, clients/ and examples/.
fn documents() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = Vec::from(["docs", "clients", "examples"].map(|folder| root.join(folder)));
    let mut files = list(root);
    while let Some(folder) = folders.pop() {
        let (inner, pages) = list(&folder).into_iter().partition(|path| path.is_dir());
        folders.extend::<Vec<_>>(inner);
        files.extend::<Vec<_>>(pages);
    }
    for file in files {
        if file.extension().is_some_and(|extension| extension == "md") {
            let path = file.strip_prefix(root).expect("it is below");
            found.push(path.to_str().expect("names are UTF-8").to_owned());
        }
    }
    found.sort();
    found
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries
        .map(|entry| entry.expect("readable").path())
        .collect()
}

/// The commands that have a page, in capitals, with the text of the page.
fn pages() -> BTreeMap<String, String> {
    let documents = documents().into_iter();
    let pages = documents.filter_map(|path| {
        let name = path.strip_prefix("docs/commands/")?.strip_suffix(".md")?;
        let command = format!("PRESENCE.{}", name.to_uppercase());
        (name != "README").then(|| (command, read(&path)))
    });
    pages.collect()
}

/// The commands of the module, in capitals.
fn commands(client: &mut Client) -> Vec<String> {
    let mut names = client.strings(&["COMMAND", "LIST", "FILTERBY", "MODULE", "presence"]);
    names
        .iter_mut()
        .for_each(|name| name.make_ascii_uppercase());
    names.sort();
    names
}

/// A field of a RESP3 map.
fn field<'a>(map: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Map(pairs) = map else {
        panic!("not a map: {map:?}")
    };
    let pair = pairs.iter().find(|(key, _)| text(key.clone()) == name);
    pair.map(|(_, value)| value)
}

/// A field that is a string; an empty one where there is none.
fn text_of(map: &Value, name: &str) -> String {
    field(map, name).map_or_else(String::new, |value| text(value.clone()))
}

/// The elements of an array or a set; none where there is nothing.
fn elements(value: Option<&Value>) -> &[Value] {
    match value {
        None => &[],
        Some(Value::Array(elements) | Value::Set(elements)) => elements,
        Some(other) => panic!("not an array: {other:?}"),
    }
}

fn words(value: Option<&Value>) -> BTreeSet<String> {
    let words = elements(value).iter();
    words.map(|word| text(word.clone())).collect()
}

/// Arguments as COMMAND DOCS describes them, the way Redis's own pages write them.
fn syntax(arguments: &[Value], separator: &str) -> String {
    let written: Vec<String> = arguments.iter().map(argument).collect();
    written.join(separator)
}

fn argument(argument: &Value) -> String {
    let flags = words(field(argument, "flags"));
    let (kind, token) = (text_of(argument, "type"), text_of(argument, "token"));
    let parts = elements(field(argument, "arguments"));
    let mut written = match kind.as_str() {
        "pure-token" => token.clone(),
        "oneof" => syntax(parts, " | "),
        "block" => syntax(parts, " "),
        _ => text_of(argument, "name"),
    };
    if flags.contains("multiple") {
        written = format!("{written} [{written} ...]");
    }
    if kind != "pure-token" && !token.is_empty() {
        written = format!("{token} {written}");
    }
    match kind.as_str() {
        _ if flags.contains("optional") => format!("[{written}]"),
        "oneof" => format!("<{written}>"),
        _ => written,
    }
}

/// The words of a text that are set as code.
fn code(text: &str) -> BTreeSet<String> {
    let words = text.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

/// The cells of the table rows of a text, without the heads of the tables.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_head = |index: usize| {
        lines[index].starts_with("| ---")
            || lines
                .get(index + 1)
                .is_some_and(|next| next.starts_with("| ---"))
    };
    let rows = (0..lines.len()).filter(|&index| lines[index].starts_with("| ") && !is_head(index));
    rows.map(|index| {
        let row = lines[index].trim_matches('|');
        row.split('|').map(str::trim).collect()
    })
    .collect()
}

/// The text under a heading of the second level.
fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n"))?;
    Some(rest.split("\n## ").next().unwrap_or(rest))
}

#[test]
fn every_command_has_a_page_and_every_page_a_command() {
    let server = Server::start();
    let commands = commands(&mut server.client());
    let pages: Vec<String> = pages().into_keys().collect();
    assert_eq!(pages, commands, "pages, and the commands of the server");
}

#[test]
fn each_page_says_what_the_server_says() {
    let server = Server::start();
    let mut client = server.client3();
    for (command, page) in pages() {
        let docs = client.cmd(&["COMMAND", "DOCS", &command]);
        let Value::Map(mut docs) = docs else {
            panic!("not a map: {docs:?}")
        };
        let (_, docs) = docs.pop().unwrap_or_else(|| panic!("no {command}"));
        let info = client.cmd(&["COMMAND", "INFO", &command]);
        let info = elements(elements(Some(&info)).first());

        let arguments = elements(field(&docs, "arguments"));
        let syntax = format!("{command} {}", syntax(arguments, " "));
        let head = format!("# {command}\n\n```\n{syntax}\n```\n\n| | |\n");
        assert!(page.starts_with(&head), "{command}: not {head}");

        let table: Vec<Vec<&str>> = rows(section_before_text(&page));
        let cells: BTreeMap<&str, &str> = table.iter().map(|row| (row[0], row[1])).collect();
        assert_eq!(
            cells["Available since"],
            text_of(&docs, "since"),
            "{command}"
        );
        assert_eq!(
            cells["Complexity"],
            text_of(&docs, "complexity"),
            "{command}"
        );

        let mut flags = words(info.get(2));
        flags.remove("module");
        assert_eq!(code(cells["Flags"]), flags, "{command}");

        let mut categories = code(cells["ACL categories"]);
        let row = COMMANDS.iter().find(|row| row.full_name() == command);
        let row = row.expect("a command of the contract");
        let meant = row.categories.split(' ').map(str::to_owned);
        let meant: BTreeSet<String> = meant.collect();
        assert_eq!(categories, meant, "{command}");
        // Redis 7.0 lets no module into its categories, 7.2 into its own only.
        let known = words(info.get(6));
        if known.is_empty() {
            not_applicable(
                "a module's commands are in no category; the pages' ones are checked against the contract",
            );
        } else {
            if !known.contains("@presence") {
                categories.remove("@presence");
            }
            assert_eq!(categories, known, "{command}");
        }

        let paragraphs = page.split("\n\n").skip(3);
        let summary = paragraphs.map(|text| text.replace('\n', " ")).next();
        assert_eq!(summary, Some(text_of(&docs, "summary")), "{command}");

        for heading in ["Return value", "Errors", "Examples"] {
            assert!(section(&page, heading).is_some(), "{command}: {heading}");
        }
        let options = section(&page, "Options").unwrap_or_default();
        let arguments = syntax.split_once(' ').map_or("", |(_, rest)| rest);
        for token in arguments.split(|c: char| !c.is_ascii_uppercase()) {
            let named = options.contains(&format!("`{token}"));
            assert!(token.is_empty() || named, "{command}: option {token}");
        }
    }
}

/// A page up to its first heading of the second level.
fn section_before_text(page: &str) -> &str {
    page.split("\n## ").next().unwrap_or(page)
}

#[test]
fn the_index_has_a_line_for_each_command() {
    let server = Server::start();
    let mut client = server.client3();
    let index = read("docs/commands/README.md");
    let mut listed: Vec<(String, String)> = Vec::new();
    for row in rows(section_before_text(&index)) {
        listed.push((row[0].to_owned(), row[1].to_owned()));
    }
    listed.sort();
    let mut expected = Vec::new();
    for command in commands(&mut client) {
        let docs = client.fields(&["COMMAND", "DOCS", &command]);
        let docs = docs.into_values().next().expect("the command is there");
        let page = command.trim_start_matches("PRESENCE.").to_lowercase();
        let link = format!("[{command}]({page}.md)");
        expected.push((link, text_of(&docs, "summary")));
    }
    expected.sort();
    assert_eq!(listed, expected);
}

#[test]
fn the_settings_are_those_of_the_server() {
    let server = Server::start();
    let mut client = server.client();
    let page = read("docs/settings.md");
    let rows = rows(section_before_text(&page));
    let mut documented = BTreeMap::new();
    for row in &rows {
        let [name, default, ..] = row[..] else {
            panic!("not a row of settings: {row:?}")
        };
        documented.insert(
            name.replace('`', ""),
            default.trim_matches(['`', '"']).to_owned(),
        );
    }
    let there = client.fields(&["CONFIG", "GET", "presence.*"]);
    let there: BTreeMap<String, String> = there
        .into_iter()
        .map(|(name, value)| (name, text(value)))
        .collect();
    assert_eq!(documented, there, "documented, and what CONFIG GET says");

    for row in &rows {
        let name = row[0].replace('`', "");
        // A setting that is no number says something else here.
        let Some((low, high)) = row[2].split_once(" to ") else {
            continue;
        };
        let [low, high] = [low, high].map(|bound| bound.parse::<i64>().expect("a bound"));
        for value in [low, high] {
            client.cmd(&args!["CONFIG", "SET", &name, value]);
        }
        for value in [low - 1, high + 1] {
            let error = client.err(&args!["CONFIG", "SET", &name, value]);
            let bounds = format!("between {low} and {high} inclusive");
            assert!(error.contains(&bounds), "{name} {value}: {error}");
        }
    }
}

#[test]
fn the_counters_are_those_of_info() {
    let server = Server::start();
    let page = read("docs/operations.md");
    let table = section(&page, "What the server counts").expect("the section");
    let mut documented: Vec<String> = rows(table)
        .iter()
        .map(|row| row[0].replace('`', ""))
        .collect();
    let info = server.client().text(&["INFO", "presence"]);
    let fields = info.lines().filter_map(|line| line.split_once(':'));
    let mut there: Vec<String> = fields.map(|(name, _)| name.to_owned()).collect();
    documented.sort();
    there.sort();
    assert_eq!(documented, there);
}

/// The anchors of a document's headings.
fn anchors(document: &str) -> BTreeSet<String> {
    let headings = document.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = kept.replace(' ', "-");
        kept.replace(|c: char| !c.is_alphanumeric() && c != '-', "")
    };
    headings.map(anchor).collect()
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for path in documents() {
        let document = read(&path);
        let folder = root.join(&path);
        let folder = folder.parent().expect("a file has a folder");
        for link in document.split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => root.join(&path),
                _ => folder.join(file),
            };
            let found = target.exists()
                && (anchor.is_empty() || {
                    let target = fs::read_to_string(target).expect("a document");
                    anchors(&target).contains(anchor)
                });
            if !found {
                broken.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
