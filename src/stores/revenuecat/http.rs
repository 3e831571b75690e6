//! One call to the API: short limits, no redirects, no proxy, and an answer that is JSON or counts as none.

use std::io::Read;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::http::header::{AUTHORIZATION, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderMap, Request};
use ureq::{Agent, Body, Error, Timeout};

use super::secrets::Secrets;
use crate::base::allowlist::{Allowlist, NOT_ALLOWED};
use crate::endpoints::{NotAllowed, agent, describe_error};

/// The longest that a call takes, from the look-up of the name to the last byte, in seconds.
pub const LONGEST_CALL: u64 = 20;
/// The largest answer that is read, in bytes: a page of 100 subscriptions has some 200 KB.
const LARGEST: u64 = 2 << 20;
/// How many bytes of an unexpected answer are shown.
const SHOWN: usize = 200;
/// The most seconds that the other side can make us wait.
const LONGEST_WAIT: i64 = 3_600;

/// The characters that stand for themselves in a path segment (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The client. Clones share it.
#[derive(Clone)]
pub struct Upstream {
    agent: Agent,
    timeout: Duration,
}

/// Where a call goes, and the key that it carries.
pub struct Access<'a> {
    pub base_url: &'a str,
    pub key: &'a str,
    /// The other key of the connection, if it has one: no answer may repeat it either.
    pub other_key: Option<&'a str>,
}

/// A call: what is asked of which path.
pub struct Call<'a> {
    pub method: Method,
    /// It begins with a slash.
    pub path: &'a str,
    pub body: Option<&'a Value>,
    /// The key by which the other side does it once, where it has such keys.
    pub once: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Delete,
}

/// An answer in JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
    /// How many bytes it had.
    pub length: usize,
    /// In how many seconds it may be asked again, if it said so.
    pub retry_after: Option<i64>,
}

/// There is no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// Nothing has left this machine, or nobody has taken it.
    NotSent(String),
    /// It may have arrived.
    Unclear(String),
}

impl Reply {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the other side says in its own words, with its status where it says nothing.
    pub fn words(&self) -> String {
        let said = self.body.get("message").and_then(Value::as_str).map(str::trim).unwrap_or_default();
        match said {
            "" => format!("It answered {} without a word.", self.status),
            said => said.chars().filter(|letter| !letter.is_control()).take(500).collect(),
        }
    }
}

impl Lost {
    pub fn words(&self) -> &str {
        match self {
            Lost::NotSent(words) | Lost::Unclear(words) => words,
        }
    }
}

impl Upstream {
    pub fn new(allowlist: Allowlist) -> Upstream {
        Upstream::with_timeout(allowlist, Duration::from_secs(LONGEST_CALL))
    }

    /// A client with a shorter timeout, for tests.
    pub fn with_timeout(allowlist: Allowlist, timeout: Duration) -> Upstream {
        Upstream { agent: agent(allowlist, timeout), timeout }
    }

    /// The longest that a call takes.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Makes a call. It blocks. What it answers does not contain the keys.
    ///
    /// # Errors
    /// [`Lost`] when there is no answer, or one that is not JSON.
    pub fn call(&self, at: &Access<'_>, call: &Call<'_>) -> Result<Reply, Lost> {
        let secrets = Secrets([Some(at.key), at.other_key]);
        let mut reply = self.send(at, call).map_err(|lost| match lost {
            Lost::NotSent(words) => Lost::NotSent(secrets.cut(&words)),
            Lost::Unclear(words) => Lost::Unclear(secrets.cut(&words)),
        })?;
        secrets.cut_all(&mut reply.body);
        Ok(reply)
    }

    fn send(&self, at: &Access<'_>, call: &Call<'_>) -> Result<Reply, Lost> {
        let request = Request::builder()
            .method(call.method.name())
            .uri(format!("{}{}", at.base_url, call.path))
            .header(AUTHORIZATION, format!("Bearer {}", at.key))
            .header("accept", "application/json");
        let request = match call.once {
            Some(once) => request.header("idempotency-key", once),
            None => request,
        };
        let unsendable = |error: ureq::http::Error| Lost::NotSent(error.to_string());
        let answered = match call.method {
            Method::Post => {
                let text = call.body.map(Value::to_string).unwrap_or_default();
                self.agent.run(request.header("content-type", "application/json").body(text).map_err(unsendable)?)
            }
            Method::Get | Method::Delete => self.agent.run(request.body(()).map_err(unsendable)?),
        };
        read(answered.map_err(|error| lost(&error))?)
    }

    /// Reads a path.
    ///
    /// # Errors
    /// As [`Upstream::call`].
    pub fn get(&self, at: &Access<'_>, path: &str) -> Result<Reply, Lost> {
        self.call(at, &Call { method: Method::Get, path, body: None, once: None })
    }
}

impl Method {
    const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        }
    }
}

/// A path segment of any text. What consists of dots alone would lead to another folder.
pub fn segment(text: &str) -> String {
    if matches!(text, "." | "..") {
        return text.replace('.', "%2E");
    }
    utf8_percent_encode(text, SEGMENT).to_string()
}

fn read(response: ureq::http::Response<Body>) -> Result<Reply, Lost> {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    if (300..400).contains(&status) {
        let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("another address");
        return Err(Lost::Unclear(format!(
            "The address redirects to {}. Enter the address of the API itself.",
            shown(to)
        )));
    }
    let mut bytes = Vec::new();
    let whole = response.into_body().into_reader().take(LARGEST + 1).read_to_end(&mut bytes);
    if let Err(error) = whole {
        return Err(Lost::Unclear(format!("The answer broke off: {error}.")));
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
        return Err(Lost::Unclear("The answer is larger than 2 MB.".into()));
    }
    let length = bytes.len();
    let body = if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&bytes) };
    match body {
        Ok(body) if body.is_object() || !(200..300).contains(&status) => {
            Ok(Reply { status, retry_after: retry_after(&headers, &body), body, length })
        }
        // A proxy or a server that is too busy answers in its own way. What it says is no answer of the API.
        _ if matches!(status, 429 | 503) => {
            Ok(Reply { status, retry_after: retry_after(&headers, &Value::Null), body: Value::Null, length })
        }
        _ if bytes.is_empty() => Err(Lost::Unclear(format!("It answered {status} with nothing in it."))),
        _ => Err(Lost::Unclear(format!(
            "It answered {status} with something else than JSON: {}",
            shown(&String::from_utf8_lossy(&bytes))
        ))),
    }
}

fn retry_after(headers: &HeaderMap, body: &Value) -> Option<i64> {
    let named =
        headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| text.trim().parse().ok());
    let backoff = || body.get("backoff_ms").and_then(Value::as_i64).map(|ms| ms.div_euclid(1_000) + 1);
    named.or_else(backoff).map(|seconds: i64| seconds.clamp(0, LONGEST_WAIT))
}

fn shown(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|letter| !letter.is_control()).collect();
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Whether anything may have arrived. Only what fails before the request is written surely has not.
fn lost(error: &Error) -> Lost {
    let is_before = match error {
        Error::HostNotFound | Error::ConnectionFailed | Error::Tls(_) | Error::NativeTls(_) => true,
        Error::RequireHttpsOnly(_) | Error::BadUri(_) | Error::Http(_) => true,
        Error::Timeout(at) => matches!(at, Timeout::Resolve | Timeout::Connect),
        Error::Other(other) => other.is::<NotAllowed>(),
        Error::Io(error) => {
            error.kind() == std::io::ErrorKind::ConnectionRefused || error.to_string().contains("lookup")
        }
        _ => false,
    };
    let words = match error {
        Error::Timeout(_) => format!("No answer came within {LONGEST_CALL} seconds."),
        Error::Other(other) if other.is::<NotAllowed>() => NOT_ALLOWED.into(),
        other => describe_error(other),
    };
    if is_before { Lost::NotSent(words) } else { Lost::Unclear(words) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn any_id_is_one_segment() {
        assert_eq!(segment("$RCAnonymousID:ab12"), "%24RCAnonymousID%3Aab12");
        assert_eq!(segment("a/b ?#%.~é"), "a%2Fb%20%3F%23%25.~%C3%A9");
    }

    #[test]
    fn how_long_to_wait_is_read_from_the_header_or_the_body_and_has_a_limit() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers, &Value::Null), None);
        assert_eq!(retry_after(&headers, &json!({ "backoff_ms": 1500 })), Some(2));
        headers.insert(RETRY_AFTER, "7".parse().expect("a header"));
        assert_eq!(retry_after(&headers, &json!({ "backoff_ms": 1500 })), Some(7));
        headers.insert(RETRY_AFTER, "99999999".parse().expect("a header"));
        assert_eq!(retry_after(&headers, &Value::Null), Some(LONGEST_WAIT));
    }
}
