//! A setting that is a whole number between two bounds.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{Refused, Setting};
use crate::ffi::config::{self, Bounded, NumericConfig};
use crate::ffi::context::Context;
use crate::parse;

/// A number, its default and its bounds.
pub struct Number {
    name: &'static str,
    default: i64,
    min: i64,
    max: i64,
    apply: Option<fn(Context)>,
    value: AtomicI64,
}

impl Number {
    pub const fn new(name: &'static str, default: i64, min: i64, max: i64) -> Number {
        Number {
            name,
            default,
            min,
            max,
            apply: None,
            value: AtomicI64::new(default),
        }
    }

    /// Has `apply` called after a CONFIG SET has changed it, when all the settings of that command have their new
    /// values.
    pub const fn applied_by(mut self, apply: fn(Context)) -> Number {
        self.apply = Some(apply);
        self
    }

    pub fn get(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    /// Parses a load argument.
    fn read(&self, given: &[u8]) -> Result<i64, Refused> {
        let (min, max) = (self.min, self.max);
        let number = parse::integer(given);
        number
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| Refused::MustBe(format!("a number between {min} and {max}")))
    }
}

impl Setting for Number {
    fn name(&self) -> &'static str {
        self.name
    }

    fn register(&'static self, ctx: Context, given: Option<&[u8]>) -> Result<(), Refused> {
        let default = given.map_or(Ok(self.default), |given| self.read(given))?;
        let bounded = Bounded {
            default,
            min: self.min,
            max: self.max,
        };
        config::register_numeric(ctx, self.name, bounded, self)?;
        Ok(())
    }
}

impl NumericConfig for Number {
    fn get(&self) -> i64 {
        Number::get(self)
    }

    fn set(&self, value: i64) {
        self.value.store(value, Ordering::Relaxed);
    }

    fn apply(&self, ctx: Context) {
        if let Some(apply) = self.apply {
            apply(ctx);
        }
    }
}
