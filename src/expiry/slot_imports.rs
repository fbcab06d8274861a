//! Slots that are being imported into this server and still belong to another.
//!
//! Valkey from 9.0 on and Redis from 8.4 on migrate slots atomically: the new owner is sent the keys and then a stream
//! of their changes, as a replica is, and takes over when it has caught up. Until then the old owner evicts, and its
//! evictions are in that stream. If this server evicted as well, members would be removed twice, and a key could be
//! deleted here that the old owner still has. So the eviction hands over the entries of such keys, and gets them back,
//! one by one, when the import has completed or failed.

use super::schedule::Entry;
use crate::ffi::cluster;
use crate::ffi::main_thread::MainThread;
use crate::ffi::slot_migration::{SlotImports, SlotRange};

struct Imports {
    /// The slots of each job.
    slots: Vec<(Vec<u8>, SlotRange)>,
    held: Vec<Entry>,
    /// What was held until an import ended, and has yet to have its turn.
    released: Vec<Vec<Entry>>,
}

static IMPORTS: MainThread<Imports> = MainThread::new(Imports {
    slots: Vec::new(),
    held: Vec::new(),
    released: Vec::new(),
});

/// Follows the server's events of imports.
pub struct Imported;

impl SlotImports for Imported {
    fn begin(job: &[u8], slots: impl Iterator<Item = SlotRange>) {
        let slots = slots.map(|slots| (job.to_vec(), slots));
        IMPORTS.borrow().slots.extend(slots);
    }

    fn end(job: &[u8]) {
        let mut imports = IMPORTS.borrow();
        imports.slots.retain(|(of, _)| of != job);
        let held = std::mem::take(&mut imports.held);
        imports.released.push(held);
    }
}

/// Holds the entry of a key that is being imported until the import ends. `None`: it is held.
pub fn hold(entry: Entry) -> Option<Entry> {
    let mut imports = IMPORTS.borrow();
    if imports.slots.is_empty() {
        return Some(entry);
    }
    let Some(slot) = cluster::key_slot(&entry.name) else {
        return Some(entry);
    };
    let holds = |(_, slots): &(Vec<u8>, SlotRange)| (slots.first..=slots.last).contains(&slot);
    if imports.slots.iter().any(holds) {
        imports.held.push(entry);
        return None;
    }
    Some(entry)
}

/// Whether there are entries to take back.
pub fn has_released() -> bool {
    !IMPORTS.borrow().released.is_empty()
}

/// Takes back an entry that was held.
pub fn take_released() -> Option<Entry> {
    let mut imports = IMPORTS.borrow();
    while let Some(entries) = imports.released.last_mut() {
        match entries.pop() {
            None => imports.released.pop(),
            entry => return entry,
        };
    }
    None
}
