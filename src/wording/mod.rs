//! Numbers, times, sentences and country names as people read them. No HTTP, and of HTML only escaped text.

pub mod country;
pub mod environment;
pub mod preferences;
pub mod sentence;
pub mod text;
pub mod times;

pub use preferences::Preferences;
