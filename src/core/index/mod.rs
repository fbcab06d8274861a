//! Finding members by name: [`Names`].

mod extendible;
mod names;
mod segment;

pub use names::{MAX_NAMES, NameRef, Names};
