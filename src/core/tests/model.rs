//! A presence set that is obviously right: a list of members, searched from end to end.

use std::collections::{HashMap, HashSet};

use super::model_groups::ModelGroup;
use super::model_sessions::ModelSession;
use crate::core::TouchMode;
use crate::core::set::{Peak, Settings};
use crate::core::time::Millis;
use crate::core::touch::Touch;
use crate::core::{List, Span};

/// The naive set. Members stand in the order of their newest touches.
pub struct Model {
    pub settings: Settings,
    pub peak: Peak,
    pub empty_since: Millis,
    pub untouched: bool,
    pub members: Vec<(Vec<u8>, Touch)>,
    pub metadata: HashMap<Vec<u8>, Vec<u8>>,
    pub sessions: Vec<ModelSession>,
    pub groups: Vec<ModelGroup>,
    /// The groups whose sessions end.
    pub dropping: Vec<ModelGroup>,
    /// The touches of members themselves who have sessions.
    pub own_touches: HashMap<Vec<u8>, Touch>,
}

pub fn is_online(touch: Touch, now: Millis) -> bool {
    touch.ttl > 0 && now < touch.at + touch.ttl
}

impl Model {
    pub fn new(settings: Settings, now: Millis) -> Model {
        Model {
            settings,
            peak: Peak::default(),
            empty_since: now,
            untouched: true,
            members: Vec::new(),
            metadata: HashMap::new(),
            sessions: Vec::new(),
            groups: Vec::new(),
            dropping: Vec::new(),
            own_touches: HashMap::new(),
        }
    }

    pub fn due(&self, touch: Touch) -> Millis {
        (touch.at + touch.ttl).max(touch.at + self.settings.retain)
    }

    pub fn remembers(&self, touch: Touch, now: Millis) -> bool {
        is_online(touch, now) || now < touch.at + self.settings.retain
    }

    pub fn get(&self, name: &[u8]) -> Option<Touch> {
        let found = self.members.iter().find(|(member, _)| member == name);
        found.map(|(_, touch)| *touch)
    }

    /// Whether the member has been touched so lately that another touch is not recorded.
    pub fn was_just_seen(&self, old: Touch, touch: Touch) -> bool {
        let within = self.settings.resolution.min(touch.ttl / 2);
        old.ttl == touch.ttl && (old.at..old.at + within).contains(&touch.at)
    }

    /// Whether a touch of these members is refused, since more would be online than the cap allows.
    pub fn is_capped(&self, names: &[Vec<u8>], touch: Touch, mode: TouchMode, now: Millis) -> bool {
        let cap = self.settings.cap as usize;
        if cap == 0 || mode == TouchMode::Replayed {
            return false;
        }
        let joins = |name: &&Vec<u8>| {
            let old = self.get(name);
            let stays = mode == TouchMode::Past
                && old.is_some_and(|old| self.remembers(old, now) && old.at > touch.at);
            is_online(touch, now) && !stays && !old.is_some_and(|old| is_online(old, now))
        };
        let newcomers = names.iter().filter(joins).collect::<HashSet<_>>().len();
        newcomers > 0 && self.count(Span::Online, now) + newcomers > cap
    }

    /// Whether the touch was recorded, and whether the member came online.
    pub fn touch(
        &mut self,
        name: &[u8],
        touch: Touch,
        mode: TouchMode,
        now: Millis,
    ) -> (bool, bool) {
        if self.is_owner(name)
            && let Some(touched) = self.touch_owner(name, touch, mode, now)
        {
            return touched;
        }
        let old = self.get(name);
        if mode == TouchMode::Now && old.is_some_and(|old| self.was_just_seen(old, touch)) {
            return (false, false);
        }
        if mode == TouchMode::Past {
            let known = old.filter(|old| self.remembers(*old, now));
            if known.is_some_and(|old| old.at > touch.at) {
                return (false, false);
            }
            if known.is_none() && self.due(touch) <= now {
                return (false, false);
            }
        }
        self.members.retain(|(member, _)| member != name);
        if touch.ttl == 0 && self.settings.retain == 0 {
            self.metadata.remove(name);
            if old.is_some() && self.members.is_empty() {
                self.empty_since = touch.at;
            }
            return (old.is_some(), false);
        }
        self.untouched = false;
        self.members.push((name.to_vec(), touch));
        let joined = is_online(touch, now) && !old.is_some_and(|old| is_online(old, now));
        (true, joined)
    }

    /// Whether the member was online.
    pub fn leave(&mut self, name: &[u8], now: Millis) -> bool {
        let online = self.get(name).is_some_and(|touch| is_online(touch, now));
        if online {
            self.touch(name, Touch { at: now, ttl: 0 }, TouchMode::Now, now);
        }
        online
    }

    /// The touch that was there.
    pub fn forget(&mut self, name: &[u8], now: Millis) -> Option<Touch> {
        let forgotten = self.get(name)?;
        self.end_sessions(name);
        self.metadata.remove(name);
        self.members.retain(|(member, _)| member != name);
        if self.members.is_empty() {
            self.empty_since = now;
        }
        Some(forgotten)
    }

    /// Whether the member is there, and whether its metadata is another now.
    pub fn set_meta(
        &mut self,
        name: &[u8],
        blob: &[u8],
        judged: bool,
        now: Millis,
    ) -> (bool, bool) {
        let touch = self.get(name);
        if !touch.is_some_and(|touch| !judged || self.remembers(touch, now)) {
            return (false, false);
        }
        let old = match blob {
            [] => self.metadata.remove(name),
            blob => self.metadata.insert(name.to_vec(), blob.to_vec()),
        };
        (true, old.unwrap_or_default() != blob)
    }

    /// Those who have metadata though they are not remembered any more.
    pub fn forgotten_with_metadata(&self, names: &[Vec<u8>], now: Millis) -> Vec<Vec<u8>> {
        let is_forgotten = |name: &&Vec<u8>| {
            let has_any = self.metadata.contains_key(*name);
            has_any
                && !self
                    .get(name)
                    .is_some_and(|touch| self.remembers(touch, now))
        };
        names.iter().filter(is_forgotten).cloned().collect()
    }

    pub fn count(&self, span: Span, now: Millis) -> usize {
        let counted = |touch: &Touch| self.is_in(span, *touch, now);
        self.members
            .iter()
            .filter(|(_, touch)| counted(touch))
            .count()
    }

    fn is_in(&self, span: Span, touch: Touch, now: Millis) -> bool {
        match span {
            Span::Online => is_online(touch, now),
            Span::Within(window) => self.remembers(touch, now) && touch.at + window > now,
        }
    }

    pub fn judge_peak(&mut self, now: Millis) {
        let online = self.count(Span::Online, now) as u64;
        if online > self.peak.count {
            self.peak = Peak {
                count: online,
                at: now,
            };
        }
    }

    pub fn list(&self, list: &List, now: Millis) -> Vec<(Vec<u8>, Touch)> {
        let mut members: Vec<_> = self
            .members
            .iter()
            .filter(|(_, touch)| self.is_in(list.span, *touch, now))
            .cloned()
            .collect();
        members.sort_by_key(|(_, touch)| (touch.at, touch.ttl));
        if !list.reverse {
            members.reverse();
        }
        members
            .into_iter()
            .skip(list.offset)
            .take(list.limit)
            .collect()
    }

    pub fn evict(&mut self, cutoff: Millis, limit: usize) -> Vec<(Vec<u8>, Touch)> {
        let mut due: Vec<_> = self
            .members
            .iter()
            .filter(|(_, touch)| self.due(*touch) <= cutoff)
            .cloned()
            .collect();
        due.sort_by_key(|(_, touch)| (self.due(*touch), touch.ttl));
        due.truncate(limit);
        self.members.retain(|member| !due.contains(member));
        for (name, _) in &due {
            self.metadata.remove(name);
            self.end_sessions(name);
        }
        if let Some((_, last)) = due.last()
            && self.members.is_empty()
        {
            self.empty_since = self.due(*last);
        }
        due
    }
}
