//! The form of a set with more than a few members: [`Table`].

mod batch;
#[cfg(test)]
mod check;
mod followers;
mod metadata;
mod owners;
mod relocate;
mod removal;
mod sessions;
mod store;
mod timeouts;
mod touching;
mod walk;

pub use batch::{BATCH, Batch};
pub use sessions::{Emptied, MAX_GROUPS, Sessions};
pub use store::Table;
pub use touching::Met;
pub use walk::Walk;
