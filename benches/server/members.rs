//! Which members commands are about.

use super::names::ids::Ids;
use super::names::random::Random;

/// Members of one kind of name.
#[derive(Clone, Copy)]
pub struct Members(pub Ids);

impl Members {
    /// `user:0000012345`
    pub const SHORT: Self = Self(Ids::Short);

    /// The first `count` members, each so many times, all in random order.
    pub fn shuffled(self, count: usize, times: usize, seed: u64) -> Vec<String> {
        let numbers = Random::new(seed).shuffled(count * times).into_iter();
        numbers.map(|number| self.0.name(number % count)).collect()
    }

    /// Random ones of the first `count` members.
    pub fn random(self, count: usize, picks: usize, seed: u64) -> Vec<String> {
        let mut random = Random::new(seed);
        let numbers = (0..picks).map(|_| random.below(count));
        numbers.map(|number| self.0.name(number)).collect()
    }

    /// The members of these numbers.
    pub fn of(self, numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
        let numbers = numbers.into_iter();
        numbers.map(|number| self.0.name(number)).collect()
    }
}
