//! Fresh authentication: before an action that cannot be undone, a person whose log-in is not recent types their
//! password again, or a code of their second factor. They do so in the dialog of the action, which then runs at once.

use actix_session::{Session, SessionExt};
use actix_web::HttpRequest;

use crate::auth::password::{Passwords, Verdict};
use crate::auth::throttle::{Attempt, ThrottleKey};
use crate::auth::{PageRequest, Person, browser, queries, second_factor, sessions};
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::base::ids::PersonId;
use crate::base::monotonic::MonotonicClock;
use crate::db::Db;
use crate::web::shared;

/// The field of the dialog that takes the password or code.
pub const FIELD: &str = "password";

/// What a check needs of the request.
pub struct Prover {
    pub passwords: Passwords,
    pub session: Session,
    pub browser: String,
    pub throttle_key: Vec<u8>,
    /// The time by the [`MonotonicClock`].
    pub monotonic: Moment,
}

/// The password or code that was typed; `None` when the field is missing or empty.
pub fn typed(fields: &[(String, String)]) -> Option<String> {
    fields.iter().find(|(name, value)| name == FIELD && !value.is_empty()).map(|(_, value)| value.clone())
}

impl Prover {
    /// Takes what it needs from the request and the application.
    pub fn from_request(req: &HttpRequest) -> Result<Prover, Error> {
        Ok(Prover {
            passwords: shared::<Passwords>(req)?.as_ref().clone(),
            session: req.get_session(),
            browser: browser::describe(req),
            throttle_key: shared::<ThrottleKey>(req)?.0.clone(),
            monotonic: shared::<MonotonicClock>(req)?.now(),
        })
    }

    /// Checks what was typed: the password or, when the person `takes_codes` of a second factor, a code. On success the
    /// session gets a new key and counts as fresh, as after a log-in.
    ///
    /// # Errors
    /// [`Error::Refused`] when nothing was typed or it is wrong; [`Error::TooManyRequests`] after too many tries.
    pub async fn check(
        &self,
        db: &Db,
        request: &PageRequest,
        person: &Person,
        takes_codes: bool,
        typed: Option<String>,
    ) -> Result<(), Error> {
        let typed = typed.ok_or_else(|| Refusal::new(FIELD, "Type your password."))?;
        let is_right = match takes_codes && is_code(&typed) {
            true => self.is_right_code(db, request, person.id, typed).await?,
            false => self.is_right_password(db, request, person, typed).await?,
        };
        match is_right {
            true => {
                request.mark_proven();
                sessions::begin(&self.session, person.id, self.browser.clone())
            }
            false if takes_codes => Err(Refusal::new(FIELD, "That is neither your password nor a code.").into()),
            false => Err(Refusal::new(FIELD, "That is not your password.").into()),
        }
    }

    /// Counts a try of a code that somebody else checks.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] after too many tries.
    pub async fn count_code(&self, db: &Db, request: &PageRequest) -> Result<(), Error> {
        let attempt = Attempt::proof_code(request.next_id(), &self.throttle_key, request.session_row());
        let now = self.monotonic;
        db.write(move |conn| attempt.count(conn, now)).await
    }

    async fn is_right_password(
        &self,
        db: &Db,
        request: &PageRequest,
        person: &Person,
        typed: String,
    ) -> Result<bool, Error> {
        let (email, now) = (person.email.clone(), self.monotonic);
        let attempt = Attempt::proof(request.next_id(), &self.throttle_key, request.session_row());
        let counted = attempt.clone();
        let account = db.write(move |conn| {
            counted.count(conn, now)?;
            Ok::<_, Error>(queries::account(conn, &email)?)
        });
        let kept = account.await?.map(|account| account.password_hash);
        if self.passwords.check(typed, kept).await? == Verdict::Wrong {
            return Ok(false);
        }
        db.write(move |conn| Ok::<_, Error>(attempt.forget(conn)?)).await?;
        Ok(true)
    }

    async fn is_right_code(
        &self,
        db: &Db,
        request: &PageRequest,
        person: PersonId,
        typed: String,
    ) -> Result<bool, Error> {
        let attempt = Attempt::proof_code(request.next_id(), &self.throttle_key, request.session_row());
        let (now, monotonic) = (request.now, self.monotonic);
        db.write(move |conn| {
            attempt.count(conn, monotonic)?;
            let is_right = second_factor::queries::spend(conn, person, &typed, now)?;
            if is_right {
                attempt.forget(conn)?;
            }
            Ok(is_right)
        })
        .await
    }
}

/// Whether this is a code: six digits are too short for a password. Recovery codes work only when logging in.
fn is_code(typed: &str) -> bool {
    let digits = typed.chars().filter(|letter| !letter.is_whitespace());
    digits.clone().count() == 6 && digits.clone().all(|letter| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_a_code_and_anything_else_a_password() {
        assert!(is_code("123456") && is_code(" 123 456 "));
        assert!(!is_code("1234567") && !is_code("12345a") && !is_code("") && !is_code("7k2m-x9qd-4b0t-hw31"));
    }
}
