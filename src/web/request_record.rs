//! What handlers and layers record about a request: the matched route, the person, and the requested id. The outermost
//! layer reads it for the log and for error pages, because an error does not return the request.

use std::sync::{Arc, OnceLock};

use actix_web::{HttpMessage, HttpRequest};

use super::layout::Frame;
use super::routes::{Face, RouteEntry};
use crate::base::ids::{PersonId, ProjectId};

/// The record of one request, shared with the threads that work on it.
#[derive(Debug, Default)]
pub struct RequestRecord {
    /// A random text that identifies this request in the log and in the answer.
    pub reference: String,
    /// How the answer looks, which the path decides: an address without a route has a face, too.
    pub face: Face,
    pub matched: OnceLock<Arc<RouteEntry>>,
    pub frame: OnceLock<Arc<Frame>>,
    pub requester: OnceLock<Requester>,
    /// The app user id in the path.
    pub requested_id: OnceLock<String>,
    /// Set when that id is blocked: whether the person may unblock it.
    pub blocked: OnceLock<bool>,
}

/// The member of a project who sends the request, as the audit log records them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requester {
    pub project: ProjectId,
    /// The slug of the project.
    pub slug: String,
    pub person: PersonId,
    pub role: &'static str,
}

impl RequestRecord {
    pub fn new(reference: String, face: Face) -> Arc<RequestRecord> {
        Arc::new(RequestRecord { reference, face, ..RequestRecord::default() })
    }

    /// The record that the outermost layer has made; an empty one when the request did not pass that layer.
    pub fn from_request(req: &HttpRequest) -> Arc<RequestRecord> {
        req.extensions().get::<Arc<RequestRecord>>().cloned().unwrap_or_default()
    }
}
