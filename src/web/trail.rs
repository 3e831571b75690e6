//! What the program learns about a request while it handles it: the matched route, who asked, and for which id. The
//! outermost layer can still read it when the answer is an error.

use std::sync::{Arc, OnceLock};

use actix_web::{HttpMessage, HttpRequest};

use super::layout::Frame;
use super::routes::Matched;

/// One request's trail, shared with the threads that work on it.
#[derive(Debug, Default)]
pub struct Trail {
    /// Names this request in the log and in the answer.
    pub reference: String,
    pub matched: OnceLock<Arc<Matched>>,
    pub frame: OnceLock<Arc<Frame>>,
    pub requester: OnceLock<Requester>,
    /// The app user id in the path.
    pub requested_id: OnceLock<String>,
    /// Set when that id is blocked: whether the person may unblock it.
    pub blocked: OnceLock<bool>,
}

/// The member of a project who asks, as the audit log records them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requester {
    pub project: i64,
    pub person: i64,
    pub role: &'static str,
}

impl Trail {
    pub fn new(reference: String) -> Arc<Trail> {
        Arc::new(Trail { reference, ..Trail::default() })
    }

    /// The trail that the edge made; an empty one for a request that did not pass the edge.
    pub fn from_request(req: &HttpRequest) -> Arc<Trail> {
        req.extensions().get::<Arc<Trail>>().cloned().unwrap_or_default()
    }
}
