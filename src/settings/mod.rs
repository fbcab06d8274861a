//! Settings: `CONFIG SET presence.<name>`, a line in `redis.conf`, or a load argument. Each is declared where it is
//! used; `lib.rs` lists them.

mod number;
mod text;

use crate::ffi::args::Args;
use crate::ffi::config;
use crate::ffi::context::Context;

pub use number::Number;
pub use text::Text;

/// One setting, whatever its type.
pub trait Setting: Sync {
    /// Its name without `presence.`.
    fn name(&self) -> &'static str;

    /// Whether its value may be empty.
    fn may_be_empty(&self) -> bool {
        false
    }

    /// Registers it with the server. A load argument becomes its default.
    fn register(&'static self, ctx: Context, given: Option<&[u8]>) -> Result<(), Refused>;
}

/// Why a setting was not registered.
pub enum Refused {
    /// The load argument is not of this kind: `a number between 1 and 5`.
    MustBe(String),
    /// The server refused it.
    ByServer,
}

impl From<config::Refused> for Refused {
    fn from(_: config::Refused) -> Refused {
        Refused::ByServer
    }
}

/// Registers the settings. Load arguments, pairs of a name and a value, replace the defaults; the server's
/// configuration takes precedence over both.
pub fn register<const N: usize>(
    ctx: Context,
    args: Args,
    settings: &[&'static dyn Setting; N],
) -> Result<(), String> {
    for (setting, given) in settings.iter().zip(arguments(args, settings)?) {
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
    config::load(ctx)
        .map_err(|_| "the server's configuration has a bad presence setting".to_string())
}

/// Whether a value would be another one, or several, without quotes.
fn needs_quotes(value: &[u8]) -> bool {
    let splits = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'\x0b' | b'"' | b'\'');
    value.iter().any(splits)
}

/// The index of the setting of this name, in any case.
fn index_of(settings: &[&dyn Setting], name: &[u8]) -> Option<usize> {
    settings
        .iter()
        .position(|setting| setting.name().as_bytes().eq_ignore_ascii_case(name))
}

/// The value that the load arguments give each setting, in the settings' order.
///
/// CONFIG REWRITE writes an empty load argument as nothing, and the server must start from that line: so the name of a
/// setting that may be empty may be followed by another name or the end.
fn arguments<'a, const N: usize>(
    args: Args<'a>,
    settings: &[&dyn Setting; N],
) -> Result<[Option<&'a [u8]>; N], String> {
    let mut given = [None; N];
    let mut args = args.iter().peekable();
    while let Some(name) = args.next() {
        let index = index_of(settings, name);
        let name = String::from_utf8_lossy(name).to_lowercase();
        let Some(index) = index else {
            let known: Vec<_> = settings.iter().map(|setting| setting.name()).collect();
            let known = known.join(", ");
            return Err(format!("unknown argument '{name}', known are: {known}"));
        };
        let is_left_out = settings[index].may_be_empty()
            && args
                .peek()
                .is_none_or(|next| index_of(settings, next).is_some());
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
