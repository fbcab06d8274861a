//! Records what a change does to members while it is applied, where the change is this server's own.

use super::changed::Changed;
use crate::core::time::Millis;
use crate::core::{MemberView, Observer};
use crate::events::Outbox;
use crate::expiry::orphans;
use crate::ffi::args::Args;
use crate::ffi::string::KeyName;
use crate::keys::WriteKey;

/// Records what a change does to members, for replication and events.
pub struct Recorder<'t, 'a> {
    outbox: &'t mut Outbox,
    members: Args<'a>,
    /// The members that were changed, if they are asked for.
    changed: Option<&'t mut Changed<'a>>,
    /// The sessions that there are not, if they are asked for.
    pub missing: Option<&'t mut Vec<&'a [u8]>>,
    /// The database and the name of the key, where there are orphans.
    orphans: Option<(i32, KeyName<'t>)>,
}

impl<'t, 'a> Recorder<'t, 'a> {
    /// Records for `outbox` what happens to members of a key.
    #[inline(always)]
    pub fn new(
        outbox: &'t mut Outbox,
        key: &WriteKey<'t>,
        members: Args<'a>,
        changed: Option<&'t mut Changed<'a>>,
    ) -> Recorder<'t, 'a> {
        let orphans = (!orphans::is_empty()).then(|| (key.context().db(), key.name()));
        Recorder {
            outbox,
            members,
            changed,
            missing: None,
            orphans,
        }
    }

    /// The members are forgotten: their time-outs as orphans are reported now.
    pub fn report_orphans(&mut self) {
        if let Some((db, key)) = self.orphans {
            for member in self.members.iter() {
                orphans::report_member(db, key, member, self.outbox);
            }
        }
    }
}

impl Observer for Recorder<'_, '_> {
    #[inline(always)]
    fn changed(&mut self, position: usize) {
        if let Some(changed) = &mut self.changed {
            changed.note(position, self.members);
        }
    }

    fn missing(&mut self, position: usize) {
        if let Some(missing) = &mut self.missing {
            missing.push(self.members.string(position).bytes());
        }
    }

    fn joined(&mut self, member: MemberView) {
        fail_at(member.name, b"fault:join");
        if let Some((db, key)) = self.orphans {
            orphans::report_member(db, key, member.name, self.outbox);
        }
        self.outbox.joined(member.name);
    }

    fn left(&mut self, member: MemberView) {
        self.outbox.left(member.name);
    }

    fn timed_out(&mut self, member: MemberView, retain: Millis) {
        fail_at(member.name, b"fault:timeout");
        self.outbox.timed_out(member.name, member.touch, retain);
    }

    fn updated(&mut self, member: MemberView) {
        self.outbox.updated(member.name);
    }
}

/// Panics at the member of this name, in the middle of a change.
#[cfg(feature = "faults")]
fn fail_at(name: &[u8], fault: &[u8]) {
    assert!(name != fault, "a fault that a test asked for");
}

#[cfg(not(feature = "faults"))]
fn fail_at(_name: &[u8], _fault: &[u8]) {}

/// Panics where one of the members of a replayed change has this name.
#[cfg(feature = "faults")]
pub fn fail_replayed<'a>(members: impl Iterator<Item = &'a [u8]>) {
    members.for_each(|name| fail_at(name, b"fault:replay"));
}

#[cfg(not(feature = "faults"))]
pub fn fail_replayed<'a>(_members: impl Iterator<Item = &'a [u8]>) {}
