//! The progress of a job. The page refreshes by itself until the job is done.

use actix_web::http::header::{ContentType, HeaderName};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::address;
use crate::actions;
use crate::auth::PageRequest;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::operations::test_accounts::{Job, jobs};
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::stores::revenuecat::queries::connected;
use crate::web::{Layout, Section};
use crate::wording::sentence::Stamp;
use crate::wording::text::{count, grouped};

const REFRESH: HeaderName = HeaderName::from_static("refresh");
/// Seconds until the page refreshes.
const INTERVAL: &str = "2";

#[derive(Template)]
#[template(path = "settings/test_accounts/job.html")]
struct JobPage {
    layout: Layout,
    nav: Nav,
    address: String,
    progress: Progress,
    /// The page of requests, where RevenueCat is asked first.
    requests: Option<String>,
}

/// A job as the pages show it.
pub struct Progress {
    pub job: Job,
    pub href: String,
    pub asked: Stamp,
    pub finished: Option<Stamp>,
}

pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let query = req.query_string().to_owned();
    let load = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        let id = request.parameter("job")?.parse().map_err(|_| Error::NotFound)?;
        let job = jobs::find(conn, member.project.id, id)?.ok_or(Error::NotFound)?;
        let is_done = job.finished_at.is_some();
        let address = address(&member.project.slug);
        let flash = actions::flash(conn, &member, &query, request.now)?.filter(|_| !is_done);
        let page = JobPage {
            layout: member.layout("Delete test accounts", Section::Settings).with_flash(flash),
            nav: nav(conn, &member, "test-accounts")?,
            progress: Progress::new(job, &address, request.now),
            requests: connected(conn, member.project.id)?
                .map(|_| format!("/projects/{}/requests", member.project.slug)),
            address,
        };
        Ok::<_, Error>((is_done, page.render_with_values(&member.preferences())?))
    };
    let (is_done, html) = db.read(load).await?;
    let mut answer = HttpResponse::Ok();
    if !is_done {
        answer.insert_header((REFRESH, INTERVAL));
    }
    Ok(answer.content_type(ContentType::html()).body(html))
}

impl Progress {
    pub fn new(job: Job, address: &str, now: Moment) -> Progress {
        Progress {
            href: format!("{address}/jobs/{}", job.id),
            asked: Stamp::relative(job.asked_at, now),
            finished: job.finished_at.map(Stamp::full),
            job,
        }
    }

    /// `48 of 50 customers deleted, 2 kept`
    pub fn sentence(&self) -> String {
        let Job { chosen, erased, kept, .. } = self.job;
        let kept = if kept > 0 { format!(", {} kept", grouped(kept)) } else { String::new() };
        format!("{} of {} deleted{kept}", grouped(erased), count(chosen, "customer", "customers"))
    }
}
