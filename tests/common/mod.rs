//! What every test stands on: real servers, clients that panic with a useful message, and waiting without sleeping.
//!
//! ```ignore
//! let server = Server::start();
//! let mut client = server.client();
//! assert_eq!(client.int(&["PRESENCE.TOUCH", "room", "alice"]), 1);
//! assert_eq!(client.err(&["PRESENCE.COUNT"]), "ERR wrong number of arguments for 'PRESENCE.COUNT' command");
//! ```
//!
//! Settings come from the environment:
//! - `PRESENCE_MODULE`: the module to load, by default `target/release/libredis_presence.so` of this checkout;
//! - `PRESENCE_SERVER`: the server's binary, by default `redis-server`, else `valkey-server`, from the path;
//! - `PRESENCE_DOCKER`: an image of `make docker`. Each server is a container of it, with the image's own module;
//! - `PRESENCE_DOCKER_RUN`: the process that the containers are for, by its id;
//! - `PRESENCE_NOT_APPLICABLE`: a file for [`not_applicable`].

/// The arguments of a command from values of different types: text, bytes and numbers.
///
/// `client.int(&args!["PRESENCE.TOUCHEX", "room", "PX", 1500, "MEMBERS", 1, b"\0\xff"])`
macro_rules! args {
    ($($argument:expr),+ $(,)?) => {
        [$(redis::ToRedisArgs::to_redis_args(&$argument).concat()),+]
    };
}

mod applicable;
mod builder;
mod client;
mod clock;
mod cluster;
mod cluster_client;
mod command;
pub mod commands;
mod container;
mod copies;
mod dialog;
mod environment;
pub mod errors;
mod presence;
mod process;
mod program;
mod random;
mod replication;
mod running;
mod server;
mod subscriber;
mod touchex;
mod value;
mod wait;
mod wire;

pub use applicable::not_applicable;
pub use builder::Builder;
pub use client::Client;
pub use cluster::{AGREEMENT, Cluster};
pub use cluster_client::ClusterClient;
pub use copies::assert_same_everywhere;
pub use dialog::show;
pub use environment::{faulty_module, module_file, module_path};
pub use program::{PYTHON, Program};
pub use random::Random;
pub use replication::{wait_caught_up, wait_caught_up_within};
pub use server::Server;
pub use subscriber::Subscriber;
pub use touchex::touchex;
pub use value::{bytes, elements, fields, int, text};
pub use wait::{LIMIT, holds_within, wait_until};
pub use wire::{RawConnection, encode};
