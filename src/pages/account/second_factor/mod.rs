//! `/account/second-factor`: setting it up, recovery codes, switching it off. Secret and codes are shown in the answer to
//! the form that made them and on no page afterwards.

pub mod handlers;
pub mod page;
