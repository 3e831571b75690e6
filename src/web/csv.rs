//! Tables as CSV files.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Bytes;

use super::file;
use super::file::Source;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::Db;

/// How many rows one query reads.
pub const CHUNK: usize = 1_000;

/// Answers with a CSV file: the bytes in `first`, then the rest of the table, read while it is sent.
pub fn download(name: &str, db: Db, first: Bytes, table: impl Source) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(file::stream(db, first, table))
}

/// The name of a file, with the day in UTC: `sundial-active-2026-11-23.csv`.
pub fn file_name(project: &str, what: &str, now: Moment) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let project: String = project.chars().filter(is_plain).collect();
    let day = now.utc().map_or_else(String::new, |now| now.format("-%Y-%m-%d").to_string());
    format!("{project}-{what}{day}.csv")
}

/// Puts an apostrophe before a text that a spreadsheet would read as a formula. Other texts stay as they are.
pub fn harmless(text: &str) -> String {
    let starts = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];
    if text.starts_with(starts) { format!("'{text}") } else { text.to_owned() }
}

/// Encodes lines as CSV.
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
    fn a_text_that_begins_like_a_formula_gets_an_apostrophe() {
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
