//! What both benchmarks need: names and randomness.

pub mod ids;
pub mod random;
