//! The card.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::SIZES;
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::operations::comparison::run::{self, Progress, Reported};
use crate::pages::profile::subject::href;
use crate::stores::revenuecat::Connection;
use crate::stores::revenuecat::queue::{self, Run};
use crate::web::filters;
use crate::wording::sentence::Stamp;
use crate::wording::text;

/// How many days back, and how many customers, the card lists.
const DAYS: i64 = 7;
const LISTED: i64 = 20;

#[derive(Template)]
#[template(path = "settings/connections/customers/card.html")]
pub struct Card {
    action: String,
    once: String,
    slug: String,
    fill: Option<Line>,
    all: Option<Line>,
    sample: Option<Line>,
    /// How many customers a night: each choice, its words, and whether it is chosen.
    sizes: Vec<(i64, String, bool)>,
    next: Option<Stamp>,
    found: Vec<Reported>,
}

/// What became of a run.
struct Line {
    words: String,
    at: Stamp,
}

impl HtmlSafe for Card {}

impl Card {
    pub fn load(
        conn: &mut Conn,
        member: &Member,
        connection: &Connection,
        (once, now): (&str, Moment),
    ) -> QueryResult<Card> {
        let project = connection.project;
        let (fill, all) = (line(conn, connection, Run::Fill, now)?, line(conn, connection, Run::All, now)?);
        let sizes = SIZES.iter().map(|size| (*size, words_of(*size), *size == connection.sample_size));
        Ok(Card {
            action: format!("{}/revenuecat/sample", super::super::page::address(member)),
            once: once.to_owned(),
            slug: member.project.slug.clone(),
            fill,
            all,
            sample: line(conn, connection, Run::Sample, now)?,
            sizes: sizes.collect(),
            next: connection.sample_due_at.map(|at| Stamp::day_and_time(at, now)),
            found: run::reported(conn, project, now.plus_days(-DAYS), LISTED)?,
        })
    }

    fn href(&self, id: &str) -> String {
        href(&self.slug, id)
    }
}

fn words_of(size: i64) -> String {
    match size {
        0 => "Nobody".into(),
        size => format!("{} customers", text::grouped(size)),
    }
}

fn line(conn: &mut Conn, connection: &Connection, run: Run, now: Moment) -> QueryResult<Option<Line>> {
    let Some(progress) = run::progress(conn, connection.project, run)? else { return Ok(None) };
    let left = if progress.finished_at.is_some() { 0 } else { queue::left(conn, connection.project, run)? };
    let at = Stamp::relative(progress.finished_at.unwrap_or(progress.started_at), now).inside();
    Ok(Some(Line { words: words(&progress, run, left), at }))
}

fn words(progress: &Progress, run: Run, left: i64) -> String {
    let asked = text::count(progress.done(), "customer", "customers");
    let what = if run == Run::Fill { "filled in" } else { "with something new" };
    let mut words = format!("{asked}, {} {what}", text::grouped(progress.found));
    for (number, what) in [(progress.unknown, "unknown there"), (progress.failed, "not read")] {
        if number > 0 {
            words.push_str(&format!(", {} {what}", text::grouped(number)));
        }
    }
    match progress.finished_at {
        Some(_) => format!("{words}; finished"),
        None if left > 0 => format!("{words}, {} left; begun", text::grouped(left)),
        None => format!("{words}; begun"),
    }
}
