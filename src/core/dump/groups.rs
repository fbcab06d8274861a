//! Groups in a dump: blocks of groups, one after the other. Their sessions are there before.
//!
//! A group is a row of numbers (LEB128) and strings, each with its length before it: flags, the name, when the lease is over
//! if the flags say that there is one, how many sessions follow, and their ids in the order of their attachment. A group
//! of many sessions comes in several parts, of which the second and each one after it has a flag for that and no name.

use super::codec::Corrupt;
use super::metadata::take;
use crate::core::leb128;
use crate::core::member::{LookupKey, MAX_SESSION};
use crate::core::set::PresenceSet;
use crate::core::time::{MAX_DURATION, MAX_TIME, Millis};

/// So many sessions are in one part.
const PART: usize = if cfg!(test) { 3 } else { 1000 };
/// A block is given out when it has this many bytes.
const BLOCK: usize = 32 * 1024;
/// The group's sessions end.
const DROPPING: u64 = 1;
/// It has a lease.
const LEASED: u64 = 2;
/// It is the one before, and goes on.
const GOES_ON: u64 = 4;

/// A part of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGroup {
    /// The group's name; empty of one whose sessions end.
    pub name: Vec<u8>,
    /// Whether its sessions end.
    pub is_dropping: bool,
    /// When its lease is over.
    pub lease: Option<Millis>,
    /// Whether it is the group before, which goes on.
    pub goes_on: bool,
    /// The ids of its sessions, in the order of their attachment.
    pub sessions: Vec<Vec<u8>>,
}

impl PresenceSet {
    /// Calls `f` with all groups, part by part. Added in this order they make the same set.
    pub fn each_group(&self, mut f: impl FnMut(StoredGroup)) {
        let Some(sessions) = self.table().and_then(|table| table.sessions.as_deref()) else {
            return;
        };
        let Some(groups) = sessions.groups() else {
            return;
        };
        for group in groups.in_order() {
            let mut ids = groups.sessions(group.number).peekable();
            let mut goes_on = false;
            loop {
                let part = ids.by_ref().take(PART);
                f(StoredGroup {
                    name: group.name.to_vec(),
                    is_dropping: group.is_dropping,
                    lease: group.lease,
                    goes_on,
                    sessions: part
                        .map(|id| sessions.with_id(id, <[u8]>::to_vec))
                        .collect(),
                });
                goes_on = true;
                if ids.peek().is_none() {
                    break;
                }
            }
        }
    }

    /// Calls `f` with blocks of all groups.
    pub fn encode_groups(&self, mut f: impl FnMut(&[u8])) {
        let mut block = Vec::new();
        self.each_group(|group| {
            write(&mut block, &group);
            if block.len() >= BLOCK {
                f(&block);
                block.clear();
            }
        });
        if !block.is_empty() {
            f(&block);
        }
    }

    /// Adds the groups of a block, whose sessions are there.
    pub fn restore_groups(&mut self, mut block: &[u8]) -> Result<(), Corrupt> {
        while !block.is_empty() {
            self.restore_group(&mut block)?;
        }
        Ok(())
    }

    fn restore_group(&mut self, rest: &mut &[u8]) -> Result<(), Corrupt> {
        let flags = leb128::read(rest).ok_or(Corrupt)?;
        if flags > (DROPPING | LEASED | GOES_ON) {
            return Err(Corrupt);
        }
        let [is_dropping, is_leased, goes_on] =
            [DROPPING, LEASED, GOES_ON].map(|flag| flags & flag != 0);
        let name = take(rest, MAX_SESSION)?;
        let lease = is_leased
            .then(|| leb128::read(rest).ok_or(Corrupt))
            .transpose()?;
        let count = leb128::read(rest).ok_or(Corrupt)?;
        let is_late = lease.is_some_and(|until| until > MAX_TIME + MAX_DURATION);
        if is_late || name.is_empty() != is_dropping || is_dropping && is_leased {
            return Err(Corrupt);
        }
        if count == 0 && (is_dropping || !is_leased || goes_on) {
            return Err(Corrupt);
        }
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(take(rest, MAX_SESSION)?);
        }
        let all = self.make_sessions();
        let mut sessions = Vec::with_capacity(ids.len());
        for id in ids {
            let session = all.find(&LookupKey::with_hash(id)).ok_or(Corrupt)?;
            sessions.push(session);
        }
        let restored = all.change_groups(|groups| {
            let group = match (goes_on, is_dropping) {
                (true, true) => groups.last_dropping(),
                (true, false) => groups.named(name),
                (false, true) => Some(groups.add_dropping()),
                (false, false) if groups.named(name).is_some() => None,
                (false, false) => groups.make(name),
            }?;
            for session in sessions {
                if groups.of(session).is_some() {
                    return None;
                }
                groups.join(session, group);
            }
            if let (Some(until), false) = (lease, goes_on) {
                groups.set_lease(group, until);
            }
            Some(())
        });
        restored.ok_or(Corrupt)
    }
}

fn write(block: &mut Vec<u8>, group: &StoredGroup) {
    let flag = |is_there, flag| if is_there { flag } else { 0 };
    let flags = flag(group.is_dropping, DROPPING)
        | flag(group.lease.is_some(), LEASED)
        | flag(group.goes_on, GOES_ON);
    leb128::write(block, flags);
    let write = |bytes: &[u8], block: &mut Vec<u8>| {
        leb128::write(block, bytes.len() as u64);
        block.extend_from_slice(bytes);
    };
    write(&group.name, block);
    if let Some(until) = group.lease {
        leb128::write(block, until);
    }
    leb128::write(block, group.sessions.len() as u64);
    for id in &group.sessions {
        write(id, block);
    }
}
