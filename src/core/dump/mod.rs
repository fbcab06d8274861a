//! A set as bytes, and made of bytes.

mod codec;
mod format;
mod groups;
#[cfg(test)]
mod items;
mod members;
mod metadata;
mod sessions;

pub use codec::Corrupt;
pub use format::{Refused, Sink, Source};
pub use groups::StoredGroup;
#[cfg(test)]
pub use items::{Item, Items};
pub use sessions::StoredSession;
