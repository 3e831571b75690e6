//! The second factor of a log-in: codes of six digits that an app on the person's phone computes from a shared secret and
//! the time (TOTP, RFC 6238), and recovery codes for somebody without their phone.

mod qr;
pub mod queries;
mod recovery;
mod secret;

pub use qr::Picture;
pub use recovery::RecoveryCode;
pub use secret::Secret;
