//! `DEBUG DIGEST`: equal exactly if the states are.

use super::value::Value;
use crate::ffi::data_type::Digest;

/// Adds the settings, the peak and, in any order, each member with its time and ttl.
pub fn add(value: &Value, digest: &mut Digest) {
    let set = value.saved();
    let (settings, peak) = (set.settings(), set.peak());
    digest.number(settings.ttl as i64);
    digest.number(settings.retain as i64);
    digest.number(settings.linger_number());
    digest.number(peak.count as i64);
    digest.number(peak.at as i64);
    if set.is_empty() {
        digest.number(set.empty_since() as i64);
        digest.number(set.is_untouched().into());
    }
    // Without them the digest is that of versions that know of none.
    if settings.resolution > 0 {
        digest.number(settings.resolution as i64);
    }
    if settings.cap > 0 {
        digest.bytes(b"cap");
        digest.number(settings.cap as i64);
    }
    digest.end_sequence();
    set.each_in_order(|member| {
        digest.bytes(member.name);
        digest.number(member.touch.at as i64);
        digest.number(member.touch.ttl as i64);
        if let Some(meta) = member.meta {
            digest.bytes(meta);
        }
        digest.end_sequence();
    });
    set.each_session(|session| {
        digest.bytes(b"session");
        digest.number(session.member.is_some().into());
        for bytes in [session.member.unwrap_or_default(), session.id] {
            digest.bytes(bytes);
        }
        digest.number(session.touch.is_some().into());
        for touch in session.touch.into_iter().chain(session.own_touch) {
            digest.number(touch.at as i64);
            digest.number(touch.ttl as i64);
        }
        digest.bytes(session.meta.unwrap_or_default());
        digest.end_sequence();
    });
    let mut dropping = 0;
    set.each_group(|group| {
        digest.bytes(b"group");
        digest.bytes(&group.name);
        digest.number(group.lease.map_or(-1, |until| until as i64));
        // The order of those that are dropped, and of the parts of a group, is part of the state.
        dropping += i64::from(group.is_dropping || group.goes_on);
        digest.number(if group.is_dropping { dropping } else { 0 });
        digest.number(group.goes_on.into());
        group.sessions.iter().for_each(|id| digest.bytes(id));
        digest.end_sequence();
    });
}
