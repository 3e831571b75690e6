//! Which database errors mean "try again later" (503), and which mean an error in the program (500).

use diesel::result::{DatabaseErrorKind, Error};

use crate::base::error::Error as AppError;

/// The database is down, full or locked, or every connection is in use. Holds the reason for the log.
#[derive(Debug)]
pub struct Unavailable(pub String);

/// Whether the same request may succeed later, unchanged.
pub fn is_unavailable(error: &Error) -> bool {
    match error {
        Error::BrokenTransactionManager | Error::AlreadyInTransaction => true,
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection, _)
        | Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)
        | Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _)
        | Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, _) => true,
        Error::DatabaseError(_, information) => message_means_unavailable(information.message()),
        Error::RollbackErrorOnCommit { commit_error, .. } => is_unavailable(commit_error),
        _ => false,
    }
}

/// The error of a transaction that waited for a row which was gone then. The same work can be done a moment later.
pub fn changed_meanwhile() -> Error {
    let message = "could not obtain lock: a row was merged into another or deleted meanwhile".to_owned();
    Error::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(message))
}

/// Whether PostgreSQL has ended the transaction because it and another one waited for each other.
pub(super) fn is_deadlock(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(_, information) if information.message().contains(DEADLOCK))
}

const DEADLOCK: &str = "deadlock detected";

/// Compares the wording of SQLite and PostgreSQL, because Diesel has no kinds for these errors.
fn message_means_unavailable(message: &str) -> bool {
    const PHRASES: [&str; 14] = [
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
        "could not obtain lock",
        DEADLOCK,
        "connection to server",
    ];
    PHRASES.iter().any(|phrase| message.contains(phrase))
}

/// Lets `?` turn a failed query into "not found", "unavailable" or "internal error".
impl From<Error> for AppError {
    fn from(error: Error) -> AppError {
        match error {
            Error::NotFound => AppError::NotFound,
            error if is_unavailable(&error) => AppError::Unavailable(error.to_string()),
            error => AppError::Internal(error.to_string()),
        }
    }
}

impl From<Unavailable> for AppError {
    fn from(error: Unavailable) -> AppError {
        AppError::Unavailable(error.0)
    }
}

/// Logs the errors of the connection pool, without the database address (it may hold a password).
#[derive(Debug)]
pub(super) struct LogPoolErrors;

impl<E: std::error::Error> diesel::r2d2::HandleError<E> for LogPoolErrors {
    fn handle_error(&self, error: E) {
        tracing::warn!(error = %error.to_string().replace('\n', " "), "the pool could not open a database connection");
    }
}
