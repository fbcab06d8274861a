//! Which database an entry is of, as a token that stays the same when the database's number changes. Only databases
//! with entries are kept, in maps: a server may have two billion of them.

use std::collections::BTreeMap;

use super::pages::Token;

pub struct Databases {
    tokens: BTreeMap<i32, Token>,
    /// Those that were not flushed.
    known: BTreeMap<Token, Database>,
    next: Token,
}

struct Database {
    number: i32,
    /// What its entries weigh.
    weight: usize,
}

impl Databases {
    /// What each takes in the nodes of both maps.
    const BYTES: usize = 96;

    pub const fn new() -> Databases {
        Databases {
            tokens: BTreeMap::new(),
            known: BTreeMap::new(),
            next: 0,
        }
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.known.len() * Databases::BYTES
    }

    /// An entry of this weight comes into a database. Returns the database's token.
    pub fn enter(&mut self, number: i32, weight: usize) -> Token {
        let token = *self.tokens.entry(number).or_insert(self.next);
        self.next = self.next.max(token + 1);
        let database = self
            .known
            .entry(token)
            .or_insert(Database { number, weight: 0 });
        database.weight += weight;
        token
    }

    /// An entry of this weight goes. Returns its database's number, `None` where that was flushed.
    pub fn leave(&mut self, token: Token, weight: usize) -> Option<i32> {
        let database = self.known.get_mut(&token)?;
        database.weight -= weight;
        Some(database.number)
    }

    /// Two databases have exchanged their numbers.
    pub fn swap(&mut self, first: i32, second: i32) {
        let tokens = [first, second].map(|number| self.tokens.remove(&number));
        for (token, number) in tokens.into_iter().zip([second, first]) {
            if let Some(token) = token
                && let Some(database) = self.known.get_mut(&token)
            {
                database.number = number;
                self.tokens.insert(number, token);
            }
        }
    }

    /// A database was emptied. Returns what its entries weigh, which are stale from now on.
    pub fn flush(&mut self, number: i32) -> usize {
        let token = self.tokens.remove(&number);
        let database = token.and_then(|token| self.known.remove(&token));
        database.map_or(0, |database| database.weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_anything_and_change() {
        let mut databases = Databases::new();
        let last = databases.enter(i32::MAX, 3);
        assert_eq!(databases.bytes(), Databases::BYTES, "none for the others");
        let first = databases.enter(0, 5);
        assert_eq!(databases.enter(i32::MAX, 1), last);
        databases.swap(i32::MAX, 7);
        databases.swap(7, 0);
        databases.swap(2, 3);
        databases.swap(0, 0);
        assert_eq!(databases.leave(last, 1), Some(0));
        assert_eq!(databases.leave(first, 0), Some(7));
        assert_eq!(databases.flush(0), 3);
        assert_eq!(databases.flush(0), 0);
        assert_eq!(databases.leave(last, 3), None);
        assert_ne!(databases.enter(0, 1), last);
        assert_eq!(databases.flush(7), 5);
    }

    #[test]
    fn each_of_200_000_keeps_its_number() {
        let mut databases = Databases::new();
        let tokens: Vec<_> = (0..200_000)
            .map(|number| databases.enter(number, 1))
            .collect();
        for (number, token) in (0..).zip(tokens) {
            assert_eq!(databases.leave(token, 1), Some(number));
        }
    }
}
