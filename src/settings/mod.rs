//! The module's settings: `CONFIG SET presence.<name>`, lines in `redis.conf`, and load arguments.

mod number;
mod text;

use std::os::raw::c_int;

use redis_module::raw;

use crate::core::Settings;
use crate::core::time::{MAX_DURATION, Millis};
use crate::expiry::eviction;
use crate::ffi::api;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::{announcements, events};

use number::Number;
use text::Text;

const LONGEST: i64 = MAX_DURATION as i64;

static DEFAULT_TTL: Number = Number::new("default-ttl", 300_000, 1, LONGEST);
static DEFAULT_RETAIN: Number = Number::new("default-retain", 0, 0, LONGEST);
static DEFAULT_LINGER: Number = Number::new("default-linger", -1, -1, LONGEST);
static SWEEP_INTERVAL: Number =
    Number::new("sweep-interval", 100, 1, 60_000).applied_by(eviction::restart);
static SWEEP_BUDGET: Number = Number::new("sweep-budget", 1000, 100, 100_000);
static CLIENT_ANNOUNCE_FREQUENCY: Number =
    Number::new("client-announce-frequency", 0, 0, 86_400).applied_by(announcements::restart);
static CLIENT_ANNOUNCE_CHANNEL: Text = Text::new(
    "client-announce-channel",
    "__redis__:cli",
    "the name of a channel, not empty and without zero bytes",
    |name| !name.is_empty(),
);
static EVENTS: Text = Text::new(
    "events",
    "",
    "any of the letters j, l, t and m, or A for all",
    events::set_published,
);

static SETTINGS: [&dyn Setting; 8] = [
    &DEFAULT_TTL,
    &DEFAULT_RETAIN,
    &DEFAULT_LINGER,
    &SWEEP_INTERVAL,
    &SWEEP_BUDGET,
    &EVENTS,
    &CLIENT_ANNOUNCE_FREQUENCY,
    &CLIENT_ANNOUNCE_CHANNEL,
];

/// The settings of a key that is made now.
pub fn of_new_keys() -> Settings {
    Settings {
        ttl: DEFAULT_TTL.get() as Millis,
        retain: DEFAULT_RETAIN.get() as Millis,
        linger: Millis::try_from(DEFAULT_LINGER.get()).ok(),
    }
}

/// ms between two runs of the eviction.
pub fn sweep_interval() -> i64 {
    SWEEP_INTERVAL.get()
}

/// µs that one run of the eviction may take.
pub fn sweep_budget() -> u64 {
    SWEEP_BUDGET.get() as u64
}

/// s between two announcements of the connected clients, 0 for none.
pub fn announce_frequency() -> u64 {
    CLIENT_ANNOUNCE_FREQUENCY.get() as u64
}

/// The channel of the announcements.
pub fn announce_channel() -> Vec<u8> {
    CLIENT_ANNOUNCE_CHANNEL.get()
}

/// One setting, whatever its type.
trait Setting: Sync {
    /// Its name without `presence.`.
    fn name(&self) -> &'static str;

    /// Whether nothing at all is a value of it.
    fn may_be_empty(&self) -> bool {
        false
    }

    /// Registers it with the server, where a load argument is given with that as its default.
    fn register(&'static self, ctx: Context, given: Option<&[u8]>) -> Result<(), Refused>;
}

/// Why a setting was not registered.
enum Refused {
    /// The load argument is not what it says here: `a number between 1 and 5`.
    MustBe(String),
    /// The server would not have it.
    ByServer,
}

/// What the server answered to a registration.
fn registered(answer: c_int) -> Result<(), Refused> {
    match answer == raw::REDISMODULE_OK as c_int {
        true => Ok(()),
        false => Err(Refused::ByServer),
    }
}

/// Registers the settings. Load arguments, pairs of a name and a value, stand in for the defaults; what the server's
/// configuration says goes before them.
pub fn register(ctx: Context, args: Args) -> Result<(), String> {
    for (setting, given) in SETTINGS.iter().zip(arguments(args)?) {
        let name = setting.name();
        if given.is_some_and(needs_quotes) {
            ctx.warn(&format!(
                "presence: the argument '{name}' needs quotes, which CONFIG REWRITE does not write; \
                 give it as a line of its own, presence.{name}"
            ));
        }
        setting.register(ctx, given).map_err(|why| match why {
            Refused::MustBe(what) => {
                let value = String::from_utf8_lossy(given.unwrap_or_default());
                format!("the argument '{name}' must be {what}, not '{value}'")
            }
            Refused::ByServer => format!("the setting {name} was refused"),
        })?;
    }
    // SAFETY: the context is live, and all settings are registered.
    if unsafe { api!(RedisModule_LoadConfigs)(ctx.as_ptr()) } != raw::REDISMODULE_OK as c_int {
        return Err("the server's configuration has a bad presence setting".into());
    }
    Ok(())
}

/// Whether a value without quotes is another one, or several.
fn needs_quotes(value: &[u8]) -> bool {
    let splits = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'\x0b' | b'"' | b'\'');
    value.iter().any(splits)
}

/// The setting of this name, as load arguments have it.
fn index_of(name: &[u8]) -> Option<usize> {
    SETTINGS
        .iter()
        .position(|setting| setting.name().as_bytes().eq_ignore_ascii_case(name))
}

/// The value that the load arguments give each setting, in the settings' order.
///
/// CONFIG REWRITE writes an empty value as nothing, and with that line the server starts the next time: another name, or
/// the end, may follow the name of a setting that can be empty.
fn arguments(args: Args<'_>) -> Result<[Option<&[u8]>; SETTINGS.len()], String> {
    let mut given = [None; SETTINGS.len()];
    let mut args = args.iter().peekable();
    while let Some(name) = args.next() {
        let index = index_of(name);
        let name = String::from_utf8_lossy(name).to_lowercase();
        let Some(index) = index else {
            let known: Vec<_> = SETTINGS.iter().map(|setting| setting.name()).collect();
            let known = known.join(", ");
            return Err(format!("unknown argument '{name}', known are: {known}"));
        };
        let is_left_out = SETTINGS[index].may_be_empty()
            && args.peek().is_none_or(|next| index_of(next).is_some());
        let value = match is_left_out {
            true => Some(&b""[..]),
            false => args.next(),
        };
        let Some(value) = value else {
            return Err(format!("the argument '{name}' lacks its value"));
        };
        if given[index].replace(value).is_some() {
            return Err(format!("the argument '{name}' is given twice"));
        }
    }
    Ok(given)
}
