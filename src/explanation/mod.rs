//! Explains in words why a customer has access or not. It is pure: it reads nothing but its arguments.

pub mod status_line;
