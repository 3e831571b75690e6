//! Fresh authentication: before what cannot be taken back, somebody whose log-in is not recent types their password again,
//! in the same dialog, and the action goes on from there.

use actix_session::Session;

use crate::clock::Moment;
use crate::db::Db;
use crate::error::{Error, Refusal};
use crate::people::Member;
use crate::people::password::{Passwords, Verdict};
use crate::people::queries;
use crate::people::sessions::PERSON;
use crate::people::throttle::Attempt;

/// The dialog's field for it.
pub const FIELD: &str = "password";

/// What a check needs of the request.
pub struct Prover {
    pub passwords: Passwords,
    pub session: Session,
    pub throttle_key: Vec<u8>,
    /// Where the request came from.
    pub address: String,
    /// Of the clock that does not step back.
    pub steady: Moment,
}

impl Prover {
    /// Checks the typed password. On success the session goes on under a new key, as fresh as after a log-in.
    ///
    /// # Errors
    /// [`Error::Refused`] beside the field; [`Error::TooManyRequests`] after too many tries.
    pub async fn check(&self, db: &Db, member: &Member, attempt_id: i64, typed: Option<String>) -> Result<(), Error> {
        let asks = "Type your password: this cannot be taken back, and your log-in is more than 15 minutes old.";
        let typed = typed.filter(|typed| !typed.is_empty()).ok_or_else(|| Refusal::of(FIELD, asks))?;
        let email = member.person.email.clone();
        let attempt = Attempt::new(attempt_id, &self.throttle_key, &email, &self.address);
        let (counted, now) = (attempt.clone(), self.steady);
        let account = db.write(move |conn| {
            counted.count(conn, now)?;
            Ok::<_, Error>(queries::account(conn, &email)?)
        });
        let kept = account.await?.map(|(_, kept)| kept);
        if self.passwords.check(typed, kept).await? == Verdict::Wrong {
            return Err(Refusal::of(FIELD, "That is not your password.").into());
        }
        db.write(move |conn| Ok::<_, Error>(attempt.forget(conn)?)).await?;
        self.session.renew();
        let person = self.session.insert(PERSON, member.person.id);
        person.map_err(|error| Error::Internal(error.to_string()))
    }
}
