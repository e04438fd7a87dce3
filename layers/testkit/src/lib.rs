//! Scripted services, manual clocks and the contract that every layer must pass.
mod channel;
mod rng;
pub mod scripted;
mod wall_clock;
pub use self::channel::{FrameSender, channel};
pub use self::rng::rng;
pub use self::scripted::{Call, Collecting, Scripted, Step};
pub use self::wall_clock::ManualWallClock;
pub mod contract;
