//! The ports of a deployment.

/// Content-addressed storage and action cache; may be written to.
pub const CACHE: u16 = 50051;
/// Execution.
pub const SCHEDULER: u16 = 50052;
/// The same cache, whose action results nobody can write through this port.
pub const READ_ONLY_CACHE: u16 = 50053;
/// Where workers ask for work. Whoever reaches it can answer for any action.
pub const WORKER_API: u16 = 50061;
/// `GET /status`.
pub const HEALTH: u16 = 50071;
