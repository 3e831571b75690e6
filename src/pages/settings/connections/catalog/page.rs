//! What differs between the catalog here and the one that was read at RevenueCat, with boxes to tick. Nobody is asked while the page
//! is drawn.

use std::collections::BTreeSet;

use actix_web::http::header::{ContentType, HeaderName};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::actions::{InProject, Opened, Page, View, render};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::catalog::comparison::{Change, Difference, Kind, Line, OnlyHere, read};
use crate::db::{Conn, Db};
use crate::operations::catalog::{Comparison, found, status};
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::stores::revenuecat::catalog::Problem;
use crate::web::{Layout, Section, filters, form};
use crate::wording::sentence::Stamp;
use crate::wording::text::{capitalised, grouped};

/// How many changes stand on a page; as many things that exist only here, and problems, are named.
const ROWS: usize = 100;

const REFRESH: HeaderName = HeaderName::from_static("refresh");
/// Seconds until the page refreshes while the catalog is read.
const INTERVAL: &str = "2";

#[derive(Template)]
#[template(path = "settings/connections/catalog/page.html")]
pub struct ComparisonPage {
    layout: Layout,
    nav: Nav,
    form: Opened,
    address: String,
    is_running: bool,
    failed: Option<(String, Stamp)>,
    found: Option<FoundHere>,
}

/// What was read, compared with what is here now.
struct FoundHere {
    at: Stamp,
    /// The version of what was read. A form sends back which one the person saw.
    version: i64,
    words: Option<String>,
    total: usize,
    from: usize,
    rows: Vec<Change>,
    ticked: Option<BTreeSet<usize>>,
    only_here: Vec<OnlyHere>,
    more_only_here: usize,
    problems: Vec<Problem>,
    more_problems: usize,
}

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/connections/revenuecat/catalog", member.project.slug)
}

/// The page refreshes by itself while the catalog is read.
pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let query = req.query_string().to_owned();
    let load = move |conn: &mut Conn| {
        let html = render::<ComparisonPage>(conn, &request, &query, None)?;
        let project = request.authorize(conn)?.project.id;
        Ok::<_, Error>((html, status(conn, project)?.is_some_and(|known| known.is_running(request.now))))
    };
    let (html, is_running) = db.read(load).await?;
    let mut answer = HttpResponse::Ok();
    if is_running {
        answer.insert_header((REFRESH, INTERVAL));
    }
    Ok(answer.content_type(ContentType::html()).body(html))
}

impl Page for ComparisonPage {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<ComparisonPage, Error> {
        let (member, now) = (view.who, view.request.now);
        let form = match view.sent() {
            Some(sent) => sent.clone(),
            None => Opened::of_address("take", "")?.by(member.is_proven, member.has_second_factor),
        };
        let known: Option<Comparison> = status(conn, member.project.id)?;
        let is_running = known.as_ref().is_some_and(|known| known.is_running(now));
        let from = form::field(view.query, "from").and_then(|from| from.parse().ok()).unwrap_or_default();
        let found = FoundHere::load(conn, member, (from, now), view.sent())?;
        let stamp = |at: Option<Moment>| at.map(|at| Stamp::relative(at, now).inside());
        Ok(ComparisonPage {
            layout: member.layout("Catalog at RevenueCat", Section::Settings),
            nav: nav(conn, member, "connections")?,
            form,
            address: address(member),
            is_running,
            failed: known.and_then(|known| known.failure.zip(stamp(known.failed_at))),
            found,
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn has_dialogs() -> bool {
        false
    }
}

impl ComparisonPage {
    /// What of a change stands below its name.
    fn lines<'a>(&self, change: &'a Change) -> impl Iterator<Item = &'a Line> + use<'a> {
        change.lines.iter().filter(|line| !(change.is_new && line.is_name()))
    }

    /// Why the form was refused: all of it where its fields are not on the page.
    fn refusal(&self) -> Option<String> {
        let has_form = self.found.as_ref().is_some_and(|found| found.total > 0);
        let words = if has_form { self.form.problem("").map(str::to_owned) } else { Some(self.form.all_problems()) };
        words.filter(|words| !words.is_empty())
    }
}

impl FoundHere {
    fn load(
        conn: &mut Conn,
        member: &Member,
        (from, now): (usize, Moment),
        sent: Option<&Opened>,
    ) -> Result<Option<FoundHere>, Error> {
        let project = member.project.id;
        let Some((found, at)) = found(conn, project)? else { return Ok(None) };
        let difference = Difference::between(&read(conn, project)?, &found.items);
        let (words, total) = (difference.words(), difference.changes.len());
        let (more_only_here, more_problems) =
            (difference.only_here.len().saturating_sub(ROWS), found.problems.len().saturating_sub(ROWS));
        Ok(Some(FoundHere {
            at: Stamp::relative(at, now).inside(),
            version: at.millis(),
            words,
            total,
            from,
            rows: difference.changes.into_iter().skip(from).take(ROWS).collect(),
            ticked: sent.map(|sent| sent.all("take").iter().filter_map(|place| place.parse().ok()).collect()),
            only_here: difference.only_here.into_iter().take(ROWS).collect(),
            more_only_here,
            problems: found.problems.into_iter().take(ROWS).collect(),
            more_problems,
        }))
    }

    /// The rows by what they are.
    fn groups(&self) -> Vec<(String, Vec<&Change>)> {
        let of = |kind: Kind| {
            let own: Vec<&Change> = self.rows.iter().filter(|change| change.after.key.kind() == kind).collect();
            (!own.is_empty()).then_some((capitalised(kind.plural()), own))
        };
        Kind::ALL.into_iter().filter_map(of).collect()
    }

    fn is_ticked(&self, change: &Change) -> bool {
        self.ticked.as_ref().is_none_or(|ticked| ticked.contains(&change.place))
    }

    fn last(&self) -> usize {
        self.from.saturating_add(self.rows.len())
    }

    fn has_others(&self) -> bool {
        self.total > self.rows.len()
    }

    fn earlier(&self) -> Option<usize> {
        (self.from > 0).then(|| self.from.saturating_sub(ROWS))
    }

    fn later(&self) -> Option<usize> {
        (self.last() < self.total).then(|| self.last())
    }

    /// `1 to 100 of 20,000`
    fn place(&self) -> String {
        let number = |number: usize| grouped(i64::try_from(number).unwrap_or(i64::MAX));
        format!("{} to {} of {}", number(self.from.saturating_add(1)), number(self.last()), number(self.total))
    }
}
