//! A set as its users see it, compared with a naive [`model`] of one.

mod cap_test;
mod check;
mod compare;
mod edges_test;
mod golden_test;
mod model;
mod model_groups;
mod model_sessions;
mod property_lists;
mod property_ops;
mod property_sessions;
mod property_test;
mod resolution_test;
mod sets;
mod timeouts_test;
mod together_test;
mod witness;
