//! How much of everything: the sizes that the targets are about, or small ones for a quick look.

const SIZES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// Sizes of a run.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Whether the sizes are those of a quick look.
    pub quick: bool,
    /// Members of the key that most rows are about.
    pub members: usize,
    /// Commands with one member in one measurement.
    pub commands: usize,
    /// Members of the key that grows, is saved, loaded and unlinked.
    pub huge: usize,
    /// Members of the keys by which it is shown what growth costs; the last one has `huge`.
    pub sizes: &'static [usize],
    /// How many keys of three members.
    pub rooms: usize,
    /// Members of a key whose refreshes are replicated and logged.
    pub replicated: usize,
    /// Refreshes in a log that is loaded.
    pub refreshes: usize,
    /// Members of a key with many ttls that is replicated and logged.
    pub log: usize,
    /// How many keys there are in a storm that concerns all of them.
    pub keys: usize,
    /// How many rooms a second time out in a cluster.
    pub rooms_a_second: usize,
    /// Members in each of five per-minute sets.
    pub a_minute: usize,
}

impl Scale {
    /// The full sizes, or with `QUICK=1` in the environment the small ones.
    pub fn from_env() -> Self {
        if std::env::var("QUICK").is_ok_and(|quick| quick != "0") {
            Self {
                quick: true,
                members: 200_000,
                commands: 50_000,
                huge: 1_000_000,
                sizes: &SIZES[..4],
                rooms: 20_000,
                replicated: 50_000,
                refreshes: 500_000,
                log: 20_000,
                keys: 200_000,
                rooms_a_second: 50_000,
                a_minute: 20_000,
            }
        } else {
            Self {
                quick: false,
                members: 1_000_000,
                commands: 250_000,
                huge: 10_000_000,
                sizes: &SIZES,
                rooms: 100_000,
                replicated: 300_000,
                refreshes: 5_000_000,
                log: 100_000,
                keys: 1_000_000,
                rooms_a_second: 100_000,
                a_minute: 100_000,
            }
        }
    }
}

/// A number with commas: `1,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
