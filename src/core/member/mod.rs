//! A member's name: the form it is stored in, its hash, and what a lookup knows of it.

#[allow(unsafe_code)] // the processor is asked first whether it has the instructions
mod aes;
mod hash;
mod key;
mod packed;
mod view;

pub use key::LookupKey;
pub use packed::{MAX_MEMBER, MAX_META, MAX_SESSION};
pub(in crate::core) use packed::{MAX_SHORT, Packed, Text, form};
pub use view::MemberView;
