//! The header `Idempotency-Key`: a call that comes again with the same key is done once.

use actix_web::HttpRequest;

/// The longest key in bytes.
const LONGEST: usize = 255;

/// The key of a call, if it has one.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn key(req: &HttpRequest) -> Result<Option<String>, &'static str> {
    let Some(value) = req.headers().get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=LONGEST).contains(&key.len()));
    key.map(|key| Some(key.to_owned())).ok_or("Idempotency-Key must be 1 to 255 plain characters.")
}
