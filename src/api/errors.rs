//! The numbers by which SDKs know an error (§C2.5), and how they are said.

use actix_web::http::StatusCode;

use crate::base::error::{ApiError, Error};

pub const NO_PLATFORM: u16 = 7000;
pub const STORE_PROBLEM: u16 = 7101;
pub const IN_USE: u16 = 7102;
pub const NO_RECEIPT: u16 = 7103;
pub const NO_ID: u16 = 7220;
pub const KEY_NOT_GOOD: u16 = 7224;
pub const KEY_UNKNOWN: u16 = 7225;
pub const MALFORMED: u16 = 7226;
pub const SECRET_FOR_APP: u16 = 7243;
pub const NO_CUSTOMER: u16 = 7259;
pub const SOME_ATTRIBUTES: u16 = 7263;
pub const NO_ATTRIBUTES: u16 = 7264;
pub const UNSUPPORTED: u16 = 7662;
pub const SUBSCRIBED: u16 = 7772;

/// 400: the call cannot be understood.
pub fn malformed(message: &str) -> Error {
    refuse(StatusCode::BAD_REQUEST, MALFORMED, message)
}

/// 400: the id may name nobody.
pub fn no_id(message: &str) -> Error {
    refuse(StatusCode::BAD_REQUEST, NO_ID, message)
}

/// 403: the key is known, and not good for this.
pub fn forbidden(code: u16, message: &str) -> Error {
    refuse(StatusCode::FORBIDDEN, code, message)
}

/// 404: nobody has this id.
pub fn no_customer() -> Error {
    refuse(StatusCode::NOT_FOUND, NO_CUSTOMER, "No customer has this App User ID.")
}

/// 404: the project has no such thing.
pub fn missing(message: &str) -> Error {
    refuse(StatusCode::NOT_FOUND, MALFORMED, message)
}

pub fn refuse(status: StatusCode, code: u16, message: &str) -> Error {
    ApiError { status, code, message: message.to_owned() }.into()
}
