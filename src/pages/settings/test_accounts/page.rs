//! The filter, and the customers who match it, each with the proof of being a test.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use url::form_urlencoded;

use super::address;
use super::progress::Progress;
use crate::actions::Opened;
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::customers::Cursor;
use crate::db::{Conn, Db};
use crate::operations::test_accounts::queries::{self, Candidate};
use crate::operations::test_accounts::{Bought, MOST, Wanted, jobs};
use crate::pages::profile::subject::href;
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::{Layout, Section, filters, form};
use crate::wording::text::{count, grouped};

/// Rows of a page.
const ROWS: usize = 50;
/// The fields of the filter, which only looks for customers. The address holds them.
const FILTER: [&str; 3] = ["bought", "ids", "before"];
/// How many of the newest jobs the page shows.
const JOBS: i64 = 5;

#[derive(Template)]
#[template(path = "settings/test_accounts.html")]
struct TestAccountsPage {
    layout: Layout,
    nav: Nav,
    address: String,
    /// The filter.
    form: Opened,
    is_refused: bool,
    found: Option<Found>,
    jobs: Vec<Progress>,
}

/// The customers who match the filter.
struct Found {
    wanted: Wanted,
    rows: Vec<Row>,
    total: usize,
    is_first: bool,
    next: Option<Cursor>,
}

struct Row {
    candidate: Candidate,
    href: String,
    proof: Vec<String>,
}

pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let query = req.query_string().to_owned();
    let load = move |conn: &mut Conn| -> Result<_, Error> {
        let member = request.authorize(conn)?;
        let page = TestAccountsPage::load(conn, &member, &query, request.now)?;
        let status = if page.is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Ok((status, page.render_with_values(&member.preferences())?))
    };
    let (status, html) = db.read(load).await?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

impl TestAccountsPage {
    fn load(conn: &mut Conn, member: &Member, query: &str, now: Moment) -> Result<TestAccountsPage, Error> {
        let field = |name| form::field(query, name).unwrap_or_default();
        let after = form::field(query, "after").map(|text| cursor(&text)).transpose()?;
        let wanted = form::field(query, "bought").map(|word| Wanted::parse(&word, &field("ids"), &field("before")));
        let (found, refusal) = match wanted {
            None => (None, None),
            Some(Ok(wanted)) => (Some(Found::load(conn, member, wanted, after)?), None),
            Some(Err(Error::Refused(refusal))) => (None, Some(refusal)),
            Some(Err(error)) => return Err(error),
        };
        let fields = form_urlencoded::parse(query.as_bytes()).into_owned();
        let typed = fields.filter(|(name, _)| FILTER.contains(&name.as_str())).collect();
        let jobs = jobs::last(conn, member.project.id, JOBS)?;
        let address = address(&member.project.slug);
        Ok(TestAccountsPage {
            layout: member.layout("Delete test accounts", Section::Settings),
            nav: nav(conn, member, "test-accounts")?,
            jobs: jobs.into_iter().map(|job| Progress::new(job, &address, now)).collect(),
            address,
            is_refused: refusal.is_some(),
            form: Opened::again("filter", typed, refusal.unwrap_or_default())?,
            found,
        })
    }

    /// The choices, and whether each is made.
    fn choices(&self) -> Vec<(Bought, bool)> {
        let made = self.form.value("bought", Bought::Sandbox.as_str());
        Bought::ALL.into_iter().map(|bought| (bought, bought.as_str() == made)).collect()
    }
}

impl Found {
    fn load(conn: &mut Conn, member: &Member, wanted: Wanted, after: Option<Cursor>) -> Result<Found, Error> {
        let (rows, next) = queries::page(conn, member.project.id, &wanted, after, ROWS)?;
        let total = match (after, next) {
            (None, None) => rows.len(),
            _ => queries::all(conn, member.project.id, &wanted)?.len(),
        };
        let row = |candidate: Candidate| Row {
            href: href(&member.project.slug, &candidate.app_user_id),
            proof: wanted.proof(candidate.purchases, candidate.fitting.as_deref(), candidate.active_at),
            candidate,
        };
        let rows = rows.into_iter().map(row).collect();
        Ok(Found { rows, total, is_first: after.is_none(), next, wanted })
    }

    fn counted(&self) -> String {
        count(number(self.total), "customer", "customers")
    }

    /// Whether there are more than this page shows.
    fn has_others(&self) -> bool {
        self.total > self.rows.len()
    }

    /// Whether there may be more than one job can take.
    fn is_capped(&self) -> bool {
        self.total >= MOST
    }

    fn most(&self) -> String {
        grouped(number(MOST))
    }
}

fn number(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn cursor(text: &str) -> Result<Cursor, Error> {
    let unknown = || Error::BadRequest("This page of the list does not exist. Start from the top of the list.".into());
    Cursor::parse(text).ok_or_else(unknown)
}
