//! The form of a set with more than a few members: [`Table`].

mod batch;
#[cfg(test)]
mod check;
mod metadata;
mod relocate;
mod removal;
mod store;
mod timeouts;
mod walk;

pub use batch::{BATCH, Batch};
pub use store::{Old, Table};
pub use walk::Walk;
