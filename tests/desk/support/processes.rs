//! Requests that come at the same time. On PostgreSQL two processes take turns in answering them, since several may run on
//! one database.

use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::test::TestRequest;
use dossier::base::ids::Ids;
use dossier::server::app::Application;

use super::{Answer, Desk, send, service};

/// Each process makes ids of its own: the clock of a desk stands still, so those of two processes of one node would be the same.
static NODES: AtomicI64 = AtomicI64::new(2);

/// Another process on the database of a desk.
pub struct OtherProcess(pub Application);

impl Desk {
    /// Starts another process, on PostgreSQL.
    pub fn other_process(&self) -> Option<OtherProcess> {
        if self.db.is_sqlite() {
            return None;
        }
        let config = (*self.application.config).clone();
        let db = super::database::open(&config.database_url, config.connections);
        let node = NODES.fetch_add(1, Ordering::Relaxed);
        let application = Application::new(db, self.clock.clone(), Ids::of_node(node), config);
        Some(OtherProcess(application.expect("a second process")))
    }

    /// Sends requests at the same time. The answers have the same order.
    pub async fn call_at_once(&self, requests: Vec<TestRequest>) -> Vec<Answer> {
        let other = self.other_process();
        let of = |place: usize| match &other {
            Some(other) if place % 2 == 1 => &other.0,
            Some(_) | None => &self.application,
        };
        let all = requests.into_iter().enumerate().map(|(place, request)| send(of(place), request));
        futures_util::future::join_all(all).await
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        close(&self.0);
    }
}

/// Stops the threads that write.
pub fn close(application: &Application) {
    service::forget(application);
    application.intake.close();
    application.attributes.close();
    application.log_ins.close();
    application.last_seen.close();
}
