//! Memory: stores, numbers and bits that take little of it, and what fetches and moves it. Knows nothing of members.

mod arena;
pub mod bits;
mod mover;
#[allow(unsafe_code)] // a hint to the processor has no safe form
mod prefetch;
mod uint;

pub use arena::Arena;
pub use mover::{Mover, Steps};
pub use prefetch::prefetch;
pub use uint::Uint;
