//! What tests make sets with, and see of them.

use crate::core::set::Settings;
use crate::core::time::Millis;
use crate::core::touch::Touch;
use crate::core::{List, PresenceSet, Span};

/// Settings without the rare ones.
pub fn settings(ttl: Millis, retain: Millis, linger: Option<Millis>) -> Settings {
    Settings {
        ttl,
        retain,
        linger,
        resolution: 0,
        cap: 0,
    }
}

/// Who is stored, with their touches, in order of time.
pub fn stored(set: &mut PresenceSet, now: Millis) -> Vec<(String, Touch)> {
    let list = List {
        span: Span::Within(Millis::MAX),
        reverse: true,
        offset: 0,
        limit: usize::MAX,
    };
    let mut stored = Vec::new();
    set.list(&list, now).each(|member| {
        let name = String::from_utf8_lossy(member.name).into_owned();
        stored.push((name, member.touch));
    });
    stored
}
