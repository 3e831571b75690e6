//! The routes and layers that answer a desk's requests: built once for each process, as a server builds them.

use std::cell::RefCell;
use std::sync::Arc;

use actix_http::Request;
use actix_service::boxed::{RcService, rc_service};
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::test;
use dossier::base::config::Config;
use dossier::server::app::{Application, app};

/// What answers requests to one process.
pub type Routed = RcService<Request, ServiceResponse<BoxBody>, actix_web::Error>;

thread_local! {
    /// Each process has a configuration of its own, by which it is known here.
    static BUILT: RefCell<Vec<(Arc<Config>, Routed)>> = const { RefCell::new(Vec::new()) };
}

/// The service of this process on this thread.
pub async fn of(application: &Application) -> Routed {
    if let Some(built) = find(application) {
        return built;
    }
    let service = rc_service(test::init_service(app(application)).await);
    BUILT.with_borrow_mut(|built| built.push((application.config.clone(), service.clone())));
    service
}

/// Lets go of what belongs to a process that has ended.
pub fn forget(application: &Application) {
    let theirs = BUILT.with_borrow_mut(|built| {
        let is_theirs = |(config, _): &mut (Arc<Config>, Routed)| Arc::ptr_eq(config, &application.config);
        built.extract_if(.., is_theirs).collect::<Vec<_>>()
    });
    drop(theirs);
}

fn find(application: &Application) -> Option<Routed> {
    BUILT.with_borrow(|built| {
        let own = built.iter().find(|(config, _)| Arc::ptr_eq(config, &application.config));
        own.map(|(_, service)| service.clone())
    })
}
