//! A set as bytes, and made of bytes.

mod codec;
mod format;
#[cfg(test)]
mod items;
mod members;
mod metadata;

pub use codec::Corrupt;
pub use format::{Refused, Sink, Source};
#[cfg(test)]
pub use items::{Item, Items};
