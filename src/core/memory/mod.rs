//! Memory: stores, numbers and bits that take little of it, and what fetches and moves it. Knows nothing of members.

mod arena;
pub mod bits;
mod mover;
mod prefetch;
mod uint;

pub use arena::Arena;
pub use mover::{Mover, Steps};
pub use prefetch::prefetch;
pub use uint::Uint;
