//! Why somebody does something, as they type it into a form. The audit log keeps it with the entry.

/// The maximum number of characters of a reason.
pub const MAX_REASON: usize = 255;

/// Why a text cannot be a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAReason {
    /// It holds a NUL character, which PostgreSQL cannot store.
    Nul,
    /// It has so many characters.
    TooLong(usize),
}

/// Parses a reason, without the space around it; `None` when it is empty.
///
/// # Errors
/// [`NotAReason`] for a text of more than [`MAX_REASON`] characters, or with a NUL character.
pub fn parse(typed: &str) -> Result<Option<String>, NotAReason> {
    let reason = typed.replace("\r\n", "\n").trim().to_owned();
    match reason.chars().count() {
        0 => Ok(None),
        _ if reason.contains('\0') => Err(NotAReason::Nul),
        length if length > MAX_REASON => Err(NotAReason::TooLong(length)),
        _ => Ok(Some(reason)),
    }
}

impl NotAReason {
    pub fn sentence(self) -> String {
        match self {
            NotAReason::Nul => "The reason holds a NUL character, which cannot be stored.".into(),
            NotAReason::TooLong(length) => {
                format!("{length} characters are too many: a reason has at most {MAX_REASON}.")
            }
        }
    }
}
