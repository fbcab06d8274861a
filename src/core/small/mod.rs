//! The form of a set with few members: [`Small`], one block of bytes.

mod block;
mod head;

pub use block::Small;
