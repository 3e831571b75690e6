//! The answers to a search: a redirect to a profile, a page of finds, or guesses while somebody types.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use askama::Template;

use super::model::{Fit, Match, Query, by_customer, marked, only};
use super::queries;
use super::queries::MOST_ROWS;
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::search_terms::TermKind;
use crate::customers::stars;
use crate::db::{Conn, Db};
use crate::pages::directory::overview::{self, Overview, profile_address};
use crate::web::{Layout, Section, filters, html_for};
use crate::wording::text::{visible, visible_parts};
use crate::wording::{Preferences, times};

/// How many customers a page of finds shows, and how many guesses.
const MOST_FINDS: usize = 50;
const MOST_GUESSES: usize = 8;
/// How many rows are read for guesses: the browser asks for them at every key press.
const GUESS_ROWS: i64 = 80;

/// Answers a search that was sent. An exact match opens the profile.
pub async fn find(request: PageRequest, db: &Db, query: Query) -> Result<HttpResponse, Error> {
    let load = move |conn: &mut Conn| -> Result<Answer, Error> {
        let member = request.authorize(conn)?;
        match straight_to(conn, &member, &query)? {
            Some(address) => Ok(Answer::Straight(address)),
            None => FindsPage::load(conn, &member, query, request.now).map(|page| Answer::Finds(Box::new(page))),
        }
    };
    match db.read(load).await? {
        Answer::Straight(address) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, address)).finish()),
        Answer::Finds(page) => html_for(page.layout.preferences(), StatusCode::OK, &*page),
    }
}

/// Answers somebody who is typing, or about to, with the guesses alone; the page puts them below the search box. The
/// person's own test customers come first; before anything is typed, only they are listed.
pub async fn suggest(request: PageRequest, db: &Db, query: Option<Query>) -> Result<HttpResponse, Error> {
    let load = move |conn: &mut Conn| -> Result<(Preferences, Guesses), Error> {
        let member = request.authorize(conn)?;
        let marked = stars::list(conn, member.project.id, member.person.id)?;
        let finds = match &query {
            Some(query) => guesses(conn, &member, query, &marked, request.now)?,
            None => own(conn, &member, &marked, request.now)?,
        };
        Ok((member.preferences(), Guesses { finds, is_own: query.is_none() }))
    };
    let (preferences, guesses) = db.read(load).await?;
    html_for(preferences, StatusCode::OK, &guesses)
}

fn guesses(
    conn: &mut Conn,
    member: &Member,
    query: &Query,
    marked: &[CustomerId],
    now: Moment,
) -> Result<Vec<Find>, Error> {
    let matches = queries::guess(conn, member.project.id, query, GUESS_ROWS, marked)?;
    finds(conn, member, matches, MOST_GUESSES, marked, now).map(|(finds, _)| finds)
}

/// The marked customers. The one marked last comes first.
fn own(conn: &mut Conn, member: &Member, marked: &[CustomerId], now: Moment) -> Result<Vec<Find>, Error> {
    let first = marked.get(..MOST_GUESSES).unwrap_or(marked);
    let rows = overview::rows_of(conn, first)?;
    let mut overviews = overview::complete(conn, member.project.id, now, rows)?;
    overviews.sort_by_key(|overview| first.iter().position(|marked| *marked == overview.row.id));
    Ok(overviews.into_iter().map(|overview| Find::own(&member.project.slug, overview)).collect())
}

enum Answer {
    Straight(String),
    Finds(Box<FindsPage>),
}

fn straight_to(conn: &mut Conn, member: &Member, query: &Query) -> Result<Option<String>, Error> {
    let exact = queries::exact(conn, member.project.id, query)?;
    let Some(found) = only(&exact) else { return Ok(None) };
    let id = match found.kind == TermKind::AppUserId {
        true => Some(found.value.clone()),
        false => overview::best_id(conn, member.project.id, found.customer)?,
    };
    Ok(id.map(|id| profile_address(&member.project.slug, &id)))
}

/// The customers of the matches, and whether there are more. Marked customers come first, then the best matches; among
/// equals the newest customer comes first.
fn finds(
    conn: &mut Conn,
    member: &Member,
    matches: Vec<Match>,
    most: usize,
    marked: &[CustomerId],
    now: Moment,
) -> Result<(Vec<Find>, bool), Error> {
    let mut groups = by_customer(matches);
    groups.sort_by_key(|(customer, _)| !marked.contains(customer));
    let has_more = groups.len() > most;
    groups.truncate(most);
    let ids: Vec<_> = groups.iter().map(|(customer, _)| *customer).collect();
    let rows = overview::rows_of(conn, &ids)?;
    let mut overviews = overview::complete(conn, member.project.id, now, rows)?;
    overviews.sort_by_key(|overview| std::cmp::Reverse((overview.row.active_at, overview.row.id)));
    let mut finds: Vec<Find> = Vec::new();
    for overview in overviews {
        let own = groups.iter_mut().find(|(customer, _)| *customer == overview.row.id);
        finds.extend(own.and_then(|(_, matches)| Find::new(&member.project.slug, overview, std::mem::take(matches))));
    }
    finds.iter_mut().for_each(|find| find.is_own = marked.contains(&find.overview.row.id));
    finds.sort_by_key(|find| (!find.is_own, find.rank));
    Ok((finds, has_more))
}

/// A customer, and why they were found.
struct Find {
    overview: Overview,
    href: String,
    rank: (Fit, bool, TermKind),
    /// Whether the person who searches has marked it as a test customer.
    is_own: bool,
    reasons: Vec<Reason>,
}

/// `E-mail is …`, with the searched part to be marked.
struct Reason {
    words: String,
    before: String,
    hit: String,
    after: String,
    /// Whether the searched part was picked out of a longer text.
    is_picked: bool,
}

/// How many reasons one find gives.
const MOST_REASONS: usize = 3;

impl Find {
    fn new(project: &str, overview: Overview, matches: Vec<Match>) -> Option<Find> {
        let first = matches.first()?;
        let href = match first.kind == TermKind::AppUserId {
            true => profile_address(project, &first.value),
            false => overview.href(project),
        };
        let rank = (first.fit, first.until.is_some(), first.kind);
        let is_new = |one: &&Match| !repeats_a_transaction(one, &matches);
        let reasons = matches.iter().filter(is_new).take(MOST_REASONS).map(Reason::new).collect();
        Some(Find { overview, href, rank, is_own: false, reasons })
    }

    /// A marked customer that is shown without a search.
    fn own(project: &str, overview: Overview) -> Find {
        let (href, rank) = (overview.href(project), (Fit::Is, false, TermKind::AppUserId));
        Find { overview, href, rank, is_own: true, reasons: Vec::new() }
    }
}

/// Whether a transaction gives the same reason: a first order has the same id as its first transaction.
fn repeats_a_transaction(one: &Match, all: &[Match]) -> bool {
    let is_same = |other: &Match| other.kind == TermKind::Transaction && other.value == one.value;
    one.kind == TermKind::Order && all.iter().any(is_same)
}

impl Reason {
    fn new(one: &Match) -> Reason {
        let (before, hit, _) = marked(&one.value, &one.piece.text, one.kind);
        let verb = match one.fit {
            Fit::Is => "is",
            Fit::BeginsWith if before.is_empty() => "begins with",
            Fit::BeginsWith => "has",
        };
        let [before, hit, after] = visible_parts(&one.value, before.len(), before.len() + hit.len());
        Reason {
            words: match one.until {
                Some(until) => format!(
                    "Had, until {}, the purchase whose {} {verb}",
                    times::day(until),
                    one.kind.label().to_lowercase()
                ),
                None => format!("{} {verb}", one.kind.label()),
            },
            before,
            hit,
            after,
            is_picked: one.piece.sureness != super::pasted::Sureness::Whole,
        }
    }
}

#[derive(Template)]
#[template(path = "directory/results.html")]
struct FindsPage {
    layout: Layout,
    customers: String,
    searched: String,
    /// The pieces that were picked out of a longer text.
    picked: Vec<String>,
    finds: Vec<Find>,
    has_more: bool,
    hint: Option<&'static str>,
}

impl FindsPage {
    fn load(conn: &mut Conn, member: &Member, query: Query, now: Moment) -> Result<FindsPage, Error> {
        let (matches, is_cut) = queries::find(conn, member.project.id, &query, MOST_ROWS)?;
        let (finds, has_more) = finds(conn, member, matches, MOST_FINDS, &[], now)?;
        let title = if finds.is_empty() { "Nobody matches" } else { "Search" };
        Ok(FindsPage {
            customers: format!("/projects/{}/customers", member.project.slug),
            searched: shortened(&query.text),
            picked: query.picked().take(MOST_NAMED).map(shortened).collect(),
            hint: query.hint(),
            finds,
            has_more: has_more || is_cut,
            layout: member.layout(title, Section::Customers).with_query(query.text),
        })
    }

    fn heading(&self) -> String {
        match self.finds.len() {
            0 => "Nobody matches".into(),
            1 if !self.has_more => "One customer matches".into(),
            number if self.has_more => format!("More than {number} customers match"),
            number => format!("{number} customers match"),
        }
    }

    fn is_picked_apart(&self) -> bool {
        self.picked.iter().any(|piece| *piece != self.searched)
    }
}

/// How many of the picked pieces the page names, and how many characters of each.
const MOST_NAMED: usize = 12;
const MOST_SHOWN: usize = 80;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", visible(text.get(..end).unwrap_or(""))),
        None => visible(text),
    }
}

#[derive(Template)]
#[template(path = "directory/suggestions.html")]
struct Guesses {
    finds: Vec<Find>,
    /// Whether nothing was typed.
    is_own: bool,
}
