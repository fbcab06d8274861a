//! The errors of a user's mistakes, which begin with Redis's own text and go on with what to do.

/// What the options of several commands take.
pub const WINDOW: &str = "WINDOW takes milliseconds from 1 to 315360000000";

/// The error of a command in which something else would have to stand.
pub fn syntax(expected: &str) -> String {
    format!("ERR syntax error, {expected}")
}

/// The error of a number that does not parse or is out of range.
pub fn no_number(takes: &str) -> String {
    format!("ERR value is not an integer or out of range, {takes}")
}
