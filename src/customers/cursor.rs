//! A place in a list whose newest row comes first.

use crate::base::clock::Moment;
use crate::base::ids::RowId;

/// The row after which a page of a list begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub active_at: Moment,
    /// The id of the customer; in the audit log the position of the entry.
    pub id: RowId,
}

impl Cursor {
    /// Reads what [`Cursor`]'s `Display` writes.
    pub fn parse(text: &str) -> Option<Cursor> {
        let is_well_formed = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (active_at, id) = text.split_at_checked(16).filter(|_| is_well_formed)?;
        let number = |digits| u64::from_str_radix(digits, 16).map(u64::cast_signed).ok();
        Some(Cursor { active_at: Moment(number(active_at)?), id: RowId(number(id)?) })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}{:016x}", self.active_at.millis(), self.id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for (active_at, id) in [(0, 1), (1_795_453_200_000, i64::MAX), (-5, 42), (i64::MIN, 0)] {
            let cursor = Cursor { active_at: Moment(active_at), id: RowId(id) };
            assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }
    }
}
