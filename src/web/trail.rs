//! What becomes known about a request on its way in, kept where the outermost layer can still read it when the answer is
//! an error: the route it matched, who asked, and what for.

use std::sync::{Arc, OnceLock};

use actix_web::{HttpMessage, HttpRequest};

use super::layout::Frame;
use super::routes::Matched;

/// One request's trail, shared with the threads that work on it.
#[derive(Debug, Default)]
pub struct Trail {
    /// The name of this request in the log and in the answer.
    pub reference: String,
    pub matched: OnceLock<Arc<Matched>>,
    pub frame: OnceLock<Arc<Frame>>,
    pub asking: OnceLock<Asking>,
    /// The app user id in the path.
    pub sought: OnceLock<String>,
    /// That id is blocked; holds whether the person may unblock it.
    pub blocked: OnceLock<bool>,
}

/// A member of a project, as the log names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    pub project: i64,
    pub person: i64,
    pub role: &'static str,
}

impl Trail {
    pub fn new(reference: String) -> Arc<Trail> {
        Arc::new(Trail { reference, ..Trail::default() })
    }

    /// The trail the edge laid; an empty one for a request that did not pass it.
    pub fn from_request(req: &HttpRequest) -> Arc<Trail> {
        req.extensions().get::<Arc<Trail>>().cloned().unwrap_or_default()
    }
}
