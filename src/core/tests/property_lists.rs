//! Pages and walks of the property test.

use std::collections::HashSet;

use super::model::is_online;
use super::property_test::{Run, assert_same, names};
use crate::core::time::Millis;
use crate::core::touch::Touch;
use crate::core::{List, TouchMode};

impl Run {
    pub fn list(&mut self, list: &List) {
        let expected = self.model.list(list, self.now);
        let times = |list: &[(Vec<u8>, Touch)]| -> Vec<Millis> {
            list.iter().map(|(_, touch)| touch.at).collect()
        };
        for set in &mut self.sets {
            let page = set.list(list, self.now);
            let mut listed = Vec::with_capacity(page.len());
            let len = page.len();
            page.each(|member| listed.push((member.name.to_vec(), member.touch)));
            assert_eq!(listed.len(), len);
            assert_same(&times(&listed), &times(&expected), "the order of a list");
            if !set.mixes_ttls() {
                assert_same(&listed, &expected, "the members of a list");
                continue;
            }
            // Who of those seen at one moment comes first is free, and who is still on the page.
            let known = |member: &&(Vec<u8>, Touch)| self.model.get(&member.0) == Some(member.1);
            assert_eq!(
                listed.iter().filter(known).count(),
                len,
                "with their touches"
            );
            let whole = list.limit.saturating_add(list.offset) >= self.model.members.len();
            let names: HashSet<_> = listed.into_iter().map(|(name, _)| name).collect();
            assert_eq!(names.len(), len, "nobody twice");
            let missing = expected.iter().find(|(name, _)| !names.contains(name));
            assert!(
                !whole || list.offset > 0 || missing.is_none(),
                "{missing:?}"
            );
        }
    }

    /// A walk over each set, during which others come, go and are touched.
    pub fn scan(&mut self, count: usize, touch: u32) {
        let now = self.now;
        let members = self.model.members.iter();
        let mut throughout: HashSet<_> = members
            .filter(|(_, touch)| is_online(*touch, now))
            .map(|(name, _)| name.clone())
            .collect();
        let mut at_any_time = throughout.clone();
        let mut walks = vec![(Some(0), HashSet::new()); self.sets.len()];
        for round in 0.. {
            for (set, (cursor, found)) in self.sets.iter().zip(&mut walks) {
                let next = cursor.map(|cursor| {
                    set.scan(cursor, count, now, |member| {
                        found.insert(member.name.to_vec());
                    })
                });
                *cursor = next.filter(|next| *next != 0);
            }
            if walks.iter().all(|(cursor, _)| cursor.is_none()) {
                break;
            }
            if round < 40 {
                let others = names(5, |i| touch + round * 5 + i);
                let (touched, leaving) = others.split_at(3);
                self.touch(touched, Touch { at: now, ttl: 1000 }, TouchMode::Now);
                self.leave(leaving);
                throughout.retain(|name| !leaving.contains(name));
                at_any_time.extend(touched.iter().cloned());
            }
        }
        for (_, found) in walks {
            assert!(throughout.is_subset(&found), "scan missed someone");
            assert!(found.is_subset(&at_any_time), "scan found a stranger");
        }
    }
}
