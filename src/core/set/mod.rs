//! The set itself: [`PresenceSet`], and what can be done with one.

mod apply;
mod attach;
mod beat;
mod cap;
mod change;
mod detach;
mod distinct;
mod filter;
mod footprint;
mod groups;
mod lifetime;
mod list;
mod members;
mod metadata;
mod newest;
mod prefetch;
mod relocate;
mod removal;
mod resolution;
mod scan;
mod sessions;
mod settings;
mod timeouts;
mod touching;

pub use attach::Attachment;
pub use change::{Change, Effects, Members, Observer, Since};
pub(in crate::core) use members::Form;
pub use members::{Error, PresenceSet};
pub use scan::ScanCursor;
pub use sessions::SessionId;
pub use settings::{Peak, Settings};
