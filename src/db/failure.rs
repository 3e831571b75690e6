//! Which failures mean "not now" (503, try again) and which mean "our fault" (500).

use diesel::result::{DatabaseErrorKind, Error};

use crate::base::error::Error as OurError;

/// The database cannot serve now: away, full, locked, or every connection is taken.
#[derive(Debug)]
pub struct Unavailable(pub String);

/// Whether the same request may succeed later without anybody changing it.
pub fn is_unavailable(error: &Error) -> bool {
    match error {
        Error::BrokenTransactionManager | Error::AlreadyInTransaction => true,
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection, _)
        | Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)
        | Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _)
        | Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, _) => true,
        Error::DatabaseError(_, information) => says_not_now(information.message()),
        Error::RollbackErrorOnCommit { commit_error, .. } => is_unavailable(commit_error),
        _ => false,
    }
}

/// The words SQLite and PostgreSQL use; Diesel has no kinds for them.
fn says_not_now(message: &str) -> bool {
    const SIGNS: [&str; 13] = [
        "database is locked",
        "database or disk is full",
        "disk I/O error",
        "attempt to write a readonly database",
        "unable to open database file",
        "No space left on device",
        "terminating connection",
        "server closed the connection",
        "the database system is",
        "statement timeout",
        "lock timeout",
        "deadlock detected",
        "connection to server",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}

/// `?` on a query: nothing found, not now, or our fault.
impl From<Error> for OurError {
    fn from(error: Error) -> OurError {
        match error {
            Error::NotFound => OurError::NotFound,
            error if is_unavailable(&error) => OurError::Unavailable(error.to_string()),
            error => OurError::Internal(error.to_string()),
        }
    }
}

impl From<Unavailable> for OurError {
    fn from(error: Unavailable) -> OurError {
        OurError::Unavailable(error.0)
    }
}

/// The pool's own troubles go to the log, without the address it connects to.
#[derive(Debug)]
pub(super) struct LogPoolErrors;

impl<E: std::error::Error> diesel::r2d2::HandleError<E> for LogPoolErrors {
    fn handle_error(&self, error: E) {
        tracing::warn!(error = %error.to_string().replace('\n', " "), "a database connection could not be opened");
    }
}
