//! Why somebody has access or not, in words: pure, of values passed in.

pub mod status_line;
