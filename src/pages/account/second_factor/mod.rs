//! `/account/second-factor`: setting it up, recovery codes, switching it off. The secret and the codes are
//! shown once, in the answer to the form that made them.

pub mod handlers;
pub mod page;
