//! The keys of the REST API: public keys, which every copy of an app holds, and secret keys for servers. Dossier
//! stores only hashes, so it shows a key once.

mod model;
pub mod queries;
mod wrong;

pub use model::{Kind, PLATFORMS, Platform, Value, hash as hash_of, name, platform_of};
pub use queries::{Key, KeyProject, Line, NewKey};
pub use wrong::WrongKeys;
