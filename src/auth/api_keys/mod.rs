//! The keys of the REST API: an app's public one, which every copy of the app holds, and secret ones for servers. Only
//! hashes are kept, so a key is shown once.

mod model;
pub mod queries;

pub use model::{Kind, PLATFORMS, Platform, Value, hash as hash_of, name, platform_of};
pub use queries::{Key, Line, NewKey};
