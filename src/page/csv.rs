//! Tables as files: read and sent a piece at a time, so that their length costs neither memory nor a connection that is
//! held.

use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Bytes;
use futures_util::{Stream, stream};

use crate::clock::Moment;
use crate::db::{Conn, Db};
use crate::error::Error;

/// Rows to read at once.
pub const CHUNK: usize = 1_000;
/// Bytes sent at once …
const PIECE: usize = 16 * 1024;
/// … and how long the reader may take for them.
const PATIENCE: Duration = Duration::from_secs(30);

/// A table that is read from where it was left.
pub trait Table: Send + 'static {
    /// The next rows as lines; nothing once there are no more.
    ///
    /// # Errors
    /// What the database said.
    fn read(&mut self, conn: &mut Conn) -> Result<Vec<u8>, Error>;

    fn has_more(&self) -> bool;
}

/// The answer that sends `first`, then the rest of the table.
pub fn download(name: &str, db: Db, first: Bytes, table: impl Table) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(sent(db, first, table))
}

/// Whoever takes longer than [`PATIENCE`] for a piece is cut off: the file ends unfinished, which browsers report.
fn sent(db: Db, first: Bytes, table: impl Table) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold((db, table, first, Instant::now()), |(db, mut table, mut ready, given_at)| async move {
        if given_at.elapsed() > PATIENCE {
            return Err(Error::Slow);
        }
        while ready.is_empty() && table.has_more() {
            (table, ready) = db
                .read(move |conn| -> Result<_, Error> {
                    let bytes = table.read(conn)?;
                    Ok((table, Bytes::from(bytes)))
                })
                .await?;
        }
        let piece = ready.split_to(ready.len().min(PIECE));
        Ok((!piece.is_empty()).then(|| (piece, (db, table, ready, Instant::now()))))
    })
}

/// `sundial-active-2026-11-23.csv`
pub fn file_name(project: &str, what: &str, now: Moment) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let project: String = project.chars().filter(is_plain).collect();
    let day = now.utc().map_or_else(String::new, |now| now.format("-%Y-%m-%d").to_string());
    format!("{project}-{what}{day}.csv")
}

/// A text that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe in front.
pub fn harmless(text: &str) -> String {
    let starts = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];
    if text.starts_with(starts) { format!("'{text}") } else { text.to_owned() }
}

/// # Errors
/// When a line cannot be written, which memory never refuses.
pub fn written<const N: usize>(lines: impl Iterator<Item = [String; N]>) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(line).map_err(|error| Error::Internal(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_made_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=cmd|' /C calc'!A0", "\n=1"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for text in ["", "lena", "$RCAnonymousID:1", "a=1", " =1", "'", "نورا"] {
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn quotes_commas_and_line_ends_stay_inside_their_cell() {
        let cells = ["a\"b,c\r\nd".to_owned(), String::new(), String::new()];
        let text = String::from_utf8(written(std::iter::once(cells)).expect("a line")).expect("UTF-8");
        assert_eq!(text, "\"a\"\"b,c\r\nd\",,\n");
    }

    #[test]
    fn a_file_name_holds_nothing_but_plain_letters() {
        let name = file_name("a\"/../b\r\n", "one-time", Moment(1_795_453_200_000));
        assert_eq!(name, "ab-one-time-2026-11-23.csv");
    }
}
