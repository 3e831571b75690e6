//! The answers that the HTTP library writes by itself, before a request reaches the program: 400 to what is not HTTP, 408 to a
//! head that does not arrive, 431 to one that is too large, 500. They are an empty head; this gives them what every answer
//! has: the headers, a request id that the log names, and a text for people.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;

use super::{headers, log};
use crate::base::{hex, random_bytes};

/// The library's heads are shorter.
const LONGEST: usize = 256;
const BEGINNING: &[u8] = b"HTTP/1.";
const END: &str = "\r\n\r\n";

/// Where in bytes that are about to be written such an answer begins: always the last one of its connection. No answer of the
/// program is one, because each has headers besides those of the library, or a body that does not end like that.
pub fn find(written: &[u8]) -> Option<usize> {
    if !written.ends_with(END.as_bytes()) {
        return None;
    }
    let from = written.len().saturating_sub(LONGEST);
    let last = written.get(from..)?;
    let at = last.windows(BEGINNING.len()).rposition(|bytes| bytes == BEGINNING)?;
    status(std::str::from_utf8(last.get(at..)?).ok()?)?;
    Some(from + at)
}

/// The whole answer for a head that [`find`] has found. It is logged like every answer.
pub fn complete(head: &[u8], is_https: bool) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(head).ok()?;
    let status = status(head)?;
    let reference = random_bytes::<8>().map(|bytes| hex(&bytes)).unwrap_or_default();
    log::library_answer(&reference, status);
    let mut added = HeaderMap::new();
    headers::add(&mut added, is_https, &reference);
    let added: String = added.iter().filter_map(|(name, value)| Some((name, value.to_str().ok()?))).map(line).collect();
    let (first, date) = (head.lines().next()?, head.lines().find(|line| line.starts_with("date: "))?);
    let body = format!("{status}\nReference: {reference}\n");
    let length = body.len();
    Some(
        format!(
            "{first}\r\ncontent-length: {length}\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\
             {date}\r\n{added}\r\n{body}"
        )
        .into(),
    )
}

fn line((name, value): (impl std::fmt::Display, &str)) -> String {
    format!("{name}: {value}\r\n")
}

/// The status of a head that is one of the library's: it has no header of its own.
fn status(head: &str) -> Option<StatusCode> {
    let mut lines = head.strip_suffix(END)?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let is_plain =
        |line: &str| line == "content-length: 0" || line.starts_with("connection: ") || line.starts_with("date: ");
    (lines.all(is_plain) && matches!(status, 400 | 408 | 431 | 500)).then(|| StatusCode::from_u16(status).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: Mon, 23 Nov 2026 17:00:00 GMT\r\n\r\n";

    #[test]
    fn a_bare_answer_is_found_alone_and_behind_another_one() {
        assert_eq!(find(BARE.as_bytes()), Some(0));
        let before = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        assert_eq!(find(format!("{before}{BARE}").as_bytes()), Some(before.len()));
        let closing = BARE.replace("\r\ndate", "\r\nconnection: close\r\ndate").replace("400 Bad Request", "431 Large");
        assert_eq!(find(closing.as_bytes()), Some(0));
    }

    #[test]
    fn answers_of_the_program_are_left_alone() {
        let with_header = BARE.replace("date:", "x-request-id: 1\r\ndate:");
        let others = [
            with_header.as_str(),
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\ndate: x\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "0\r\n\r\n",
            "\r\n\r\n",
            "",
            BARE.trim_end(),
        ];
        for other in others {
            assert_eq!(find(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn it_gets_the_headers_a_reference_and_a_text() {
        let whole = String::from_utf8(complete(BARE.as_bytes(), true).expect("an answer")).expect("text");
        let (head, body) = whole.split_once(END).expect("a head");
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
        for part in ["content-security-policy: ", "x-content-type-options: nosniff", "strict-transport-security: "] {
            assert!(head.contains(part), "{part}: {head}");
        }
        let reference = head.split("x-request-id: ").nth(1).and_then(|rest| rest.lines().next()).expect("a reference");
        assert_eq!((reference.len(), body), (16, format!("400 Bad Request\nReference: {reference}\n").as_str()));
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        assert!(
            !complete(BARE.as_bytes(), false).is_some_and(|whole| whole.windows(9).any(|part| part == b"transport"))
        );
    }
}
