//! Rewriting the append-only file without an RDB preamble: the commands that make a key.

use super::value::Value;
use crate::core::{Settings, Touch};
use crate::ffi::data_type::AofWriter;
use crate::ffi::string::KeyName;
use crate::wire::{self, Packing};

/// Bytes of a touch that is full.
const FULL: usize = 4096;

/// Emits the making of the key, a touch for each run of members with the same time and ttl, their metadata, and the peak. The touches
/// set no peak: their times go back and forth, and the peak need not be one of the members who are left.
pub fn rewrite(value: &Value, key: KeyName, log: &AofWriter) {
    if value.is_damaged() {
        super::warn_of_damage();
    }
    let set = value.saved();
    let settings = set.settings();
    // Without retention the touch of a member who left removes it, but this one is stored until it is evicted.
    let first = Settings {
        retain: settings.retain.max(1),
        ..settings
    };
    let mut left = false;
    set.each_in_order(|member| left |= member.touch.ttl == 0);
    let begin = |settings| match set.is_untouched() {
        true => wire::create(log, key, settings, set.empty_since()),
        false => wire::empty(log, key, settings, set.empty_since()),
    };
    begin(if left { &first } else { &settings });
    let mut touches = Touches {
        log,
        key,
        touch: None,
        members: Packing::new(),
    };
    set.each_in_order(|member| touches.add(member.name, member.touch));
    touches.flush();
    if set.has_metadata() {
        set.each_in_order(|member| {
            if let Some(meta) = member.meta {
                wire::set_meta(log, key, member.name, meta);
            }
        });
    }
    set.encode_sessions(|block| wire::stored(log, key, wire::STORED, block));
    set.encode_groups(|block| wire::stored(log, key, wire::GROUPS, block));
    if left && first != settings {
        begin(&settings);
    }
    wire::set_peak(log, key, set.peak());
}

/// A run of members with the same touch.
struct Touches<'a> {
    log: &'a AofWriter<'a>,
    key: KeyName<'a>,
    touch: Option<Touch>,
    members: Packing,
}

impl Touches<'_> {
    fn add(&mut self, name: &[u8], touch: Touch) {
        if self.touch != Some(touch) || self.members.bytes().len() >= FULL {
            self.flush();
            self.touch = Some(touch);
            self.members.begin(touch, false);
        }
        self.members.add(name);
    }

    fn flush(&mut self) {
        if self.touch.take().is_some() {
            wire::packed_touch(self.log, self.key, &self.members);
        }
    }
}
