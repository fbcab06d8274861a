//! One intersection: the elements are read part by part, and each part is looked up in batches.

use std::collections::HashMap;

use super::name_buffer::NameBuffer;
use crate::clock;
use crate::core::member::MAX_MEMBER;
use crate::core::time::Millis;
use crate::error::Result;
use crate::ffi::context::Context;
use crate::ffi::elements::Elements;
use crate::ffi::key::Mode;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::KeyName;
use crate::keys::ReadKey;

/// How many elements are read before they are looked up.
const PART: usize = 512;

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Who is online.
    Members,
    /// Who is online, each with the time when it was last seen.
    MembersWithSeen,
    /// How many are online.
    Count,
}

/// A search for the elements of a set that are online in a presence key.
pub struct Search {
    answer: Answer,
    /// The most members that are found.
    limit: usize,
    elements: Elements,
    /// Those that were read last.
    part: NameBuffer,
    /// Who was found online, and when last seen, if that is answered. It is a map since a set that changes while the
    /// search waits may show an element twice.
    found: HashMap<Box<[u8]>, Millis>,
    /// How the keys are opened next.
    mode: Mode,
}

impl Search {
    pub fn new(answer: Answer, limit: usize) -> Search {
        Search {
            answer,
            limit,
            elements: Elements::new(),
            part: NameBuffer::default(),
            found: HashMap::new(),
            mode: Mode::READ,
        }
    }

    /// Goes on for a part of the set at `other`. Returns whether there may be more to find.
    pub fn go_on(&mut self, keyspace: &mut Keyspace, key: KeyName, other: KeyName) -> Result<bool> {
        let now = clock::now(keyspace.context());
        self.part.clear();
        let part = &mut self.part;
        let more = self
            .elements
            .read(keyspace, other, self.mode, PART, |element| {
                // Longer ones are no members.
                if element.len() <= MAX_MEMBER {
                    part.push(element);
                }
            })?;
        // Also where no element was found: a key of another type is an error whatever the set holds.
        let key = ReadKey::open_in_mode(keyspace, key, self.mode, now)?;
        self.mode = Mode::READ.again();
        let Some(mut key) = key else {
            return Ok(false);
        };
        let (found, limit) = (&mut self.found, self.limit);
        let mut note = |name: &[u8], seen| {
            if found.len() < limit {
                found.insert(name.into(), seen);
            }
        };
        let names = self.part.iter();
        match self.answer {
            Answer::MembersWithSeen => key.set().look_up(names, now, |name, member| {
                if let Some(member) = member.filter(|member| member.touch.is_online(now)) {
                    note(name, member.touch.at);
                }
            }),
            Answer::Members | Answer::Count => key.set().are_online(names, now, |name, online| {
                if online {
                    note(name, 0);
                }
            }),
        }
        Ok(more && self.found.len() < self.limit)
    }

    /// Answers with what was found.
    pub fn reply(&self, ctx: Context) {
        if self.answer == Answer::Count {
            return ctx.reply_integer(self.found.len() as i64);
        }
        ctx.reply_array(self.found.len());
        for (name, seen) in &self.found {
            if self.answer == Answer::MembersWithSeen {
                ctx.reply_array(2);
                ctx.reply_bytes(name);
                ctx.reply_integer(*seen as i64);
            } else {
                ctx.reply_bytes(name);
            }
        }
    }
}
