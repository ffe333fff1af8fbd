//! What the programs of the bench share: the peers, what they are asked to do, and the delaying proxy.

pub mod cpu;
pub mod delay;
pub mod median;
pub mod peer;
mod peers;
pub mod settings;
pub mod throughput;
pub mod workload;

/// Of all programs here. An error can cross threads.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
