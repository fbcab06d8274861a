//! The presence set itself. Knows nothing of Redis; time is always an argument.
//!
//! [`PresenceSet`] is what a key holds. A set of a few members is [`small`], a block of bytes; a larger one is a
//! [`table`]: the [`names`] by hash, and a [`timeline`] over their times. `docs/design.md`
//! draws the whole.

mod agenda;
mod ahead;
mod arena;
mod bits;
mod blocks;
#[cfg(test)]
mod check;
mod chunk;
pub mod codec;
mod compact;
mod dump;
#[cfg(test)]
mod edges_test;
mod entries;
mod filter;
mod footprint;
mod hash;
mod head;
mod index;
mod leaf;
mod lifetime;
pub mod list;
pub mod member;
mod mixed;
mod mixed_chunk;
#[cfg(test)]
mod model;
mod names;
mod online;
mod place;
mod prefetch;
#[cfg(test)]
mod property_ops;
#[cfg(test)]
mod property_test;
mod rank;
mod relocate;
mod scan;
mod seen;
mod set;
mod settings;
mod small;
#[cfg(test)]
mod small_test;
mod sought;
mod squeeze;
mod table;
pub mod time;
mod timeline;
mod told;
#[cfg(test)]
mod told_test;
mod view;
mod walk;

pub use compact::Compact;
pub use list::{List, Span};
pub use relocate::Mover;
pub use scan::ScanCursor;
pub use seen::{Kept, Seen};
pub use set::{Error, PresenceSet, Touch, Touched};
pub use settings::{Peak, Settings};
pub use sought::Sought;
pub use table::BATCH;
