//! The presence set itself. Knows nothing of Redis; time is always an argument.
//!
//! [`PresenceSet`] is what a key holds. A set of a few members is `small`, a block of bytes; a larger one is a
//! `table`: the names by hash (`index`), and a `timeline` over their times. Each folder's `mod.rs` lists what
//! the others may use of it; arrows go down in this order:
//!
//! ```text
//! dump      a set as bytes
//! set       the set: settings, peak, and what can be done with members
//! table     many members
//! timeline  in order of time          index  by name          small  a few members, as bytes
//! member    how a name is stored
//! memory    arenas, bits, prefetch
//! ```
//!
//! `docs/design.md` draws the whole.

pub mod dump;
mod index;
pub mod leb128;
pub mod member;
mod memory;
mod query;
mod rare_settings;
mod refs;
mod set;
mod small;
mod table;
#[cfg(test)]
mod tests;
pub mod time;
mod timeline;
mod touch;

pub use member::{LookupKey, MemberView};
pub use memory::{Mover, Uint};
pub use query::{List, Span};
pub use set::{
    Attachment, Change, Effects, Error, Members, Observer, Peak, PresenceSet, ScanCursor,
    SessionId, Settings, Since,
};
pub use table::{BATCH, MAX_GROUPS};
pub use touch::{Touch, TouchMode, TouchState};
