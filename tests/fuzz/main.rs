//! Fuzzing: what reads text from outside never panics, never takes long, and keeps its promises whatever it is given.
//!
//! Each target tries its corpus (`corpus/<target>.json`, texts that are known to be awkward), then the corpus changed at
//! random, then random text. `cargo test` tries a few hundred of these, `tests/long/fuzz` a million. A text that fails is
//! printed in its shortest form; it goes into the corpus with the fix.

mod cursors;
mod deliveries;
mod ids;
mod inputs;
mod notes;
mod searches;
