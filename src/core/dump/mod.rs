//! A set as bytes, and made of bytes.

mod codec;
mod members;

pub use codec::{Corrupt, Encoder, MAX_BLOCK};
