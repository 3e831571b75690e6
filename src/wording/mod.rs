//! What people read: numbers, times, sentences, names of countries. No HTTP, and no HTML but escaped text.

pub mod country;
pub mod preferences;
pub mod sentence;
pub mod text;
pub mod times;

pub use preferences::Preferences;
