//! `/projects/{p}/settings/test-accounts`: the pages to choose a filter, check who matches it and why, confirm with a
//! typed number, and watch the job.

mod handlers;
mod page;
mod progress;
mod review;

use crate::actions::show;
use crate::base::Permission::DeleteTestAccounts;
use crate::web::{Proof, Routes};

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/settings/test-accounts", |routes| {
        routes.get("", DeleteTestAccounts, page::show);
        routes.get("/review", DeleteTestAccounts, show::<review::ReviewPage>);
        routes.post("", DeleteTestAccounts, handlers::start).asks_for(Proof::Always);
        routes.get("/jobs/{job}", DeleteTestAccounts, progress::show);
    });
}

/// The path of these pages.
pub fn address(slug: &str) -> String {
    format!("/projects/{slug}/settings/test-accounts")
}
