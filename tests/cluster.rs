//! In a cluster every command goes by its key, members survive a slot's migration and a failover under load, and keys in
//! many slots are swept once and soon. One audience may be spread over several keys.

mod expiry;
mod failover;
mod load;
mod migration;
mod routing;
mod sharding;
