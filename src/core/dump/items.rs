//! A dump in memory, for tests.

use std::collections::VecDeque;

use super::codec::Corrupt;
use super::format::{Sink, Source};

/// What a dump is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A number.
    Number(u64),
    /// A string of bytes.
    Bytes(Vec<u8>),
}

/// A dump, item by item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items(pub VecDeque<Item>);

impl Sink for Items {
    fn write_number(&mut self, number: u64) {
        self.0.push_back(Item::Number(number));
    }

    fn write_bytes(&mut self, bytes: &[u8]) {
        self.0.push_back(Item::Bytes(bytes.to_vec()));
    }
}

impl Source for Items {
    type Bytes = Vec<u8>;

    fn read_number(&mut self) -> Result<u64, Corrupt> {
        match self.0.pop_front() {
            Some(Item::Number(number)) => Ok(number),
            _ => Err(Corrupt),
        }
    }

    fn read_bytes(&mut self) -> Result<Vec<u8>, Corrupt> {
        match self.0.pop_front() {
            Some(Item::Bytes(bytes)) => Ok(bytes),
            _ => Err(Corrupt),
        }
    }
}
