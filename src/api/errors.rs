//! The error codes that SDKs know (§C2.5), and a constructor for each kind of error.

use actix_web::http::StatusCode;

use crate::base::error::{ApiError, Error};

pub const NO_PLATFORM: u16 = 7000;
pub const STORE_PROBLEM: u16 = 7101;
pub const IN_USE: u16 = 7102;
pub const NO_RECEIPT: u16 = 7103;
pub const INVALID_ID: u16 = 7220;
pub const SECRET_KEY_NEEDED: u16 = 7224;
pub const KEY_UNKNOWN: u16 = 7225;
pub const MALFORMED: u16 = 7226;
pub const SECRET_FOR_APP: u16 = 7243;
pub const NO_CUSTOMER: u16 = 7259;
pub const SOME_ATTRIBUTES: u16 = 7263;
pub const NO_ATTRIBUTES: u16 = 7264;
pub use crate::base::error::KEY_REPEATED;
pub const UNSUPPORTED: u16 = 7662;
pub const SUBSCRIBED: u16 = 7772;

/// 400: the call cannot be understood.
pub fn malformed(message: &str) -> Error {
    refuse(StatusCode::BAD_REQUEST, MALFORMED, message)
}

/// 400: no customer can have this id.
pub fn invalid_id(message: &str) -> Error {
    refuse(StatusCode::BAD_REQUEST, INVALID_ID, message)
}

/// 403: the key is known, but of the wrong kind for this call.
pub fn forbidden(code: u16, message: &str) -> Error {
    refuse(StatusCode::FORBIDDEN, code, message)
}

/// 404: no customer has this id.
pub fn no_customer() -> Error {
    refuse(StatusCode::NOT_FOUND, NO_CUSTOMER, "No customer has this App User ID.")
}

/// 404: the project does not have what the call names.
pub fn missing(message: &str) -> Error {
    refuse(StatusCode::NOT_FOUND, MALFORMED, message)
}

pub fn refuse(status: StatusCode, code: u16, message: &str) -> Error {
    ApiError { status, code, message: message.to_owned() }.into()
}
