//! A setting that is text.

use super::{Refused, Setting};
use crate::ffi::config::{self, StringConfig};
use crate::ffi::context::Context;
use crate::ffi::main_thread::MainThread;

/// A text, its default and its check. No value contains a zero byte: the server takes defaults as C strings.
pub struct Text {
    name: &'static str,
    default: &'static str,
    /// What a value must be, as an error says it: `a set of letters`.
    must_be: &'static str,
    take: fn(&[u8]) -> bool,
    /// `None`: it has not been registered yet.
    value: MainThread<Option<Vec<u8>>>,
}

impl Text {
    /// `take` is called with each new value, and returns whether it accepts it. If so, it may keep what it has parsed:
    /// the value applies from then on. If not, the old one still applies.
    pub const fn new(
        name: &'static str,
        default: &'static str,
        must_be: &'static str,
        take: fn(&[u8]) -> bool,
    ) -> Text {
        Text {
            name,
            default,
            must_be,
            take,
            value: MainThread::new(None),
        }
    }

    /// The current value.
    pub fn get(&self) -> Vec<u8> {
        match &*self.value.borrow() {
            Some(value) => value.clone(),
            None => self.default.into(),
        }
    }

    fn take(&self, value: &[u8]) -> bool {
        let taken = !value.contains(&0) && (self.take)(value);
        if taken {
            *self.value.borrow() = Some(value.to_vec());
        }
        taken
    }
}

impl Setting for Text {
    fn name(&self) -> &'static str {
        self.name
    }

    fn may_be_empty(&self) -> bool {
        self.default.is_empty()
    }

    fn register(&'static self, ctx: Context, given: Option<&[u8]>) -> Result<(), Refused> {
        let default = given.unwrap_or(self.default.as_bytes());
        if !self.take(default) {
            return Err(Refused::MustBe(self.must_be.into()));
        }
        config::register_string(ctx, self.name, default, self)?;
        Ok(())
    }
}

impl StringConfig for Text {
    fn get(&self) -> Vec<u8> {
        Text::get(self)
    }

    fn set(&self, value: &[u8]) -> Result<(), String> {
        match self.take(value) {
            true => Ok(()),
            false => Err(format!("argument must be {}", self.must_be)),
        }
    }
}
