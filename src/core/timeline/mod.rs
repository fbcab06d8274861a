//! Members in order of time: [`Timeline`].

#[cfg(test)]
mod check;
mod chunk;
mod chunk_room;
mod chunk_tree;
mod compact;
mod insert;
mod lazy_heap;
mod log;
mod mixed;
mod online;
mod rank;
mod refresh;
mod sparse_queue;
mod timeouts;

pub use chunk::Entry;
pub use log::Timeline;
pub use mixed::view::{Gap, View};
pub use online::First;
pub use rank::Cursor;
