//! Sends one request to an endpoint: at most a minute for all of it, no redirects, no proxy, and only 200 is success
//! (§5.1).

use std::io::Read;
use std::time::{Duration, Instant};

use ureq::http::{HeaderName, HeaderValue, Request};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Error};

use super::resolver::{CheckedResolver, NotAllowed};
use crate::base::allowlist::{Allowlist, NOT_ALLOWED};

/// The time for a whole request, from the DNS lookup to the last byte of the answer.
pub const TIMEOUT: Duration = Duration::from_secs(60);
/// How many bytes of an answer's body are kept.
const KEPT: u64 = 4_096;

/// The HTTP client for deliveries. Clones share one agent.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    pub status: Option<u16>,
    /// The beginning of the answer's body.
    pub body: Option<String>,
    /// What went wrong when there is no answer, as a sentence.
    pub problem: Option<String>,
    /// How long the request took, in milliseconds.
    pub took_ms: i64,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        self.status == Some(200)
    }
}

impl Client {
    pub fn new(allowlist: Allowlist) -> Client {
        Client::with_timeout(allowlist, TIMEOUT)
    }

    /// A client with a shorter timeout, for tests.
    pub fn with_timeout(allowlist: Allowlist, timeout: Duration) -> Client {
        Client { agent: agent(allowlist, timeout) }
    }

    /// Posts a JSON body.
    pub fn post(&self, url: &str, headers: &[(String, String)], body: &str) -> Answer {
        let since = Instant::now();
        let answer = match request(url, headers, body) {
            Ok(request) => self.agent.run(request).map_or_else(|error| failed(&error), answered),
            Err(problem) => Answer { problem: Some(problem), ..Answer::default() },
        };
        Answer { took_ms: i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX), ..answer }
    }
}

/// What sends all requests to other servers: it connects to allowed addresses only, follows no redirects and uses no proxy.
/// `timeout` is for a whole request.
pub fn agent(allowlist: Allowlist, timeout: Duration) -> Agent {
    let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .https_only(!allowlist.allows_http)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        // No connection is reused, so that the allowlist checks the address of every request.
        .max_idle_connections(0)
        .timeout_global(Some(timeout))
        .user_agent(concat!("Dossier/", env!("CARGO_PKG_VERSION")))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), CheckedResolver { allowlist })
}

fn request<'a>(url: &str, headers: &[(String, String)], body: &'a str) -> Result<Request<&'a str>, String> {
    let mut request = Request::post(url).body(body).map_err(|error| sentence(&error.to_string()))?;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| sentence(&error.to_string()))?;
        let value = HeaderValue::from_str(value).map_err(|error| sentence(&error.to_string()))?;
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

fn answered(response: ureq::http::Response<Body>) -> Answer {
    let status = response.status().as_u16();
    let mut kept = Vec::new();
    // The status decides about success; of a body that breaks off, the part that arrived is kept.
    let read = response.into_body().into_reader().take(KEPT).read_to_end(&mut kept);
    if let Err(error) = read {
        tracing::debug!(%error, "the answer of a webhook endpoint broke off");
    }
    let body = String::from_utf8_lossy(&kept).replace('\0', "\u{FFFD}");
    Answer { status: Some(status), body: Some(body).filter(|body| !body.is_empty()), ..Answer::default() }
}

fn failed(error: &Error) -> Answer {
    Answer { problem: Some(describe_error(error)), ..Answer::default() }
}

/// What went wrong, for people: without IP addresses, and without technical terms if possible.
pub fn describe_error(error: &Error) -> String {
    match error {
        Error::Timeout(_) => "No answer within a minute.".into(),
        Error::HostNotFound => "The name of the server cannot be resolved.".into(),
        Error::ConnectionFailed => "No connection could be opened.".into(),
        Error::Other(other) if other.is::<NotAllowed>() => NOT_ALLOWED.into(),
        Error::Io(error) => describe_io_error(error),
        Error::Tls(_) | Error::NativeTls(_) => "The TLS connection failed: is the certificate valid?".into(),
        other => sentence(&other.to_string()),
    }
}

fn describe_io_error(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => "The server refused the connection.".into(),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "The server closed the connection.".into()
        }
        ErrorKind::UnexpectedEof => "The server closed the connection without an answer.".into(),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "The server cannot be reached.".into(),
        ErrorKind::TimedOut => "No answer in time.".into(),
        _ if error.to_string().contains("lookup") => "The name of the server cannot be resolved.".into(),
        _ => sentence(&error.to_string()),
    }
}

fn sentence(words: &str) -> String {
    format!("{}.", crate::wording::text::capitalised(words).trim_end_matches('.'))
}
