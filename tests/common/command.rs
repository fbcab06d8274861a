//! What tests know of a command.

/// A command, and how tests call it.
pub struct Command {
    /// Its name without `PRESENCE.`.
    pub name: &'static str,
    /// The version of the module that it came with.
    pub since: &'static str,
    /// The number of words, negative for at least that many.
    pub arity: i64,
    /// The flags, sorted.
    pub flags: &'static str,
    /// `None` for a command without keys.
    pub keys: Option<Keys>,
    /// The tips, sorted.
    pub tips: &'static [&'static str],
    /// The ACL categories, sorted, where the server can put a module's commands into all of them.
    pub categories: &'static str,
    /// The arguments with their types as the syntax line of a manual: `key:key [EX seconds:integer]`.
    pub arguments: &'static str,
    /// Calls on a key, in which each option is used: none for a command without keys.
    pub calls: &'static [Call],
}

/// The keys of a command: the first word, or all of them.
pub struct Keys {
    /// The last one, counted from the first; -1 for the last word.
    pub last: i64,
    /// What is done to them, as key specifications have it.
    pub access: &'static str,
}

/// A call that succeeds on a presence key. It puts nobody there but `new` and `other`, and removes nobody.
#[derive(Clone, Copy)]
pub struct Call {
    /// The words after `PRESENCE.`: `key` stands for the key, `key:none` for one that is missing.
    pub line: &'static str,
    /// What it answers where the key is missing.
    pub on_missing: &'static str,
    /// Whether it makes the key where it is missing.
    pub makes_key: bool,
}

impl Command {
    /// The name as the server lists it.
    pub fn full_name(&self) -> String {
        format!("PRESENCE.{}", self.name)
    }

    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.split(' ').any(|found| found == flag)
    }

    /// The words that stand for themselves or before a value: `EX`, `REV`.
    pub fn tokens(&self) -> impl Iterator<Item = &'static str> {
        let words = self.arguments.split(|c: char| !c.is_ascii_alphabetic());
        words.filter(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase()))
    }
}

impl Call {
    /// The call on this key, as a line.
    pub fn on(&self, key: &str) -> String {
        let words = self
            .line
            .split(' ')
            .map(|word| match word.strip_prefix("key") {
                Some(rest) => format!("{key}{rest}"),
                None => word.to_owned(),
            });
        let words: Vec<String> = words.collect();
        format!("PRESENCE.{}", words.join(" "))
    }
}

/// Answers this on a missing key, which stays missing.
pub(super) const fn keeps(line: &'static str, on_missing: &'static str) -> Call {
    Call {
        line,
        on_missing,
        makes_key: false,
    }
}

/// Makes a missing key and answers this.
pub(super) const fn makes(line: &'static str, on_missing: &'static str) -> Call {
    Call {
        line,
        on_missing,
        makes_key: true,
    }
}
