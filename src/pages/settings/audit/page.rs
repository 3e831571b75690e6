//! `GET /projects/{p}/settings/audit`: a page of the audit log, with its filter.

use actix_web::HttpRequest;
use actix_web::web::Data;
use askama::Template;

use super::model::{Filter, Who};
use super::queries;
use super::row::Row;
use crate::audit::{self, Action, ActorKind, Line};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, PersonId, ProjectId, RowId};
use crate::customers::{Cursor, identity};
use crate::db::{Conn, Db};
use crate::pages::directory::lists::Position;
use crate::pages::directory::lists::model::{PAGE, slice};
use crate::pages::settings::{Nav, overview};
use crate::web::{Layout, Page, Section, filters, form};
use crate::wording::text::capitalised;

#[derive(Template)]
#[template(path = "settings/audit.html")]
pub struct Log {
    layout: Layout,
    nav: Nav,
    filter: Filter,
    /// The choices of people: the word in the address, and the name.
    people: Vec<(String, String)>,
    rows: Vec<Row>,
    newer: Option<Cursor>,
    older: Option<Cursor>,
    is_paged: bool,
    /// How many entries there are, and the hash of the newest.
    head: Option<(i64, String)>,
    slug: String,
}

pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<Page<Log>, Error> {
    let asked = asked(req.query_string());
    let load = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        let (filter, place) = asked?;
        Log::load(conn, &member, filter, place, request.now)
    };
    db.read(load).await.map(Page)
}

/// The filter and the position that a query names.
///
/// # Errors
/// [`Error::BadRequest`] for a filter that is not valid, or a cursor that Dossier did not make.
pub fn asked(query: &str) -> Result<(Filter, Position), Error> {
    let filter = Filter::parse(query).map_err(|sentence| Error::BadRequest(sentence.into()))?;
    let (after, before) = (form::field(query, "after"), form::field(query, "before"));
    let place = Position::parse(after.as_deref(), before.as_deref());
    Ok((filter, place.map_err(|unknown| Error::BadRequest(unknown.0.into()))?))
}

/// The customer with the id that was typed: `None` when no id was typed, `Some(None)` when no customer has it.
pub fn customer_of(conn: &mut Conn, project: ProjectId, filter: &Filter) -> Result<Option<Option<CustomerId>>, Error> {
    let found = filter.customer.as_deref().map(|id| identity::find(conn, project, id.trim()));
    Ok(found.transpose()?)
}

impl Log {
    fn load(conn: &mut Conn, member: &Member, filter: Filter, place: Position, now: Moment) -> Result<Log, Error> {
        let project = &member.project;
        let lines = match customer_of(conn, project.id, &filter)? {
            Some(None) => Vec::new(),
            customer => queries::lines(conn, project.id, &filter.chosen(customer.flatten()), place, PAGE + 1)?,
        };
        let page = slice(lines, place, |line| Cursor { active_at: line.entry.at, id: RowId(line.entry.position) });
        Ok(Log {
            layout: member.layout("Audit log", Section::Settings),
            nav: overview::nav(conn, member, "audit")?,
            people: people(queries::members(conn, project.id)?, &filter, &page.rows),
            rows: page.rows.iter().map(|line| Row::new(line, &project.slug, &filter, now)).collect(),
            newer: page.newer,
            older: page.older,
            is_paged: place != Position::Top,
            head: audit::queries::head(conn, project.id)?,
            slug: project.slug.clone(),
            filter,
        })
    }

    fn actions(&self) -> impl Iterator<Item = (&'static str, String)> {
        Action::ALL.iter().map(|action| (action.name(), capitalised(action.words())))
    }

    fn is_chosen(&self, word: &str) -> bool {
        self.filter.who.is_some_and(|who| who.word() == word)
    }

    fn is_action(&self, name: &str) -> bool {
        self.filter.action.is_some_and(|action| action.name() == name)
    }

    fn customer(&self) -> &str {
        self.filter.customer.as_deref().unwrap_or("")
    }

    fn day(day: &Option<chrono::NaiveDate>) -> String {
        day.map(|day| day.to_string()).unwrap_or_default()
    }

    fn address(&self, name: &str, row: &Cursor) -> String {
        let query = self.filter.query();
        let joint = if query.is_empty() { "" } else { "&" };
        format!("{}/audit?{query}{joint}{name}={row}", self.nav.base)
    }

    fn file(&self) -> String {
        let query = self.filter.query();
        format!("{}/audit.csv{}{query}", self.nav.base, if query.is_empty() { "" } else { "?" })
    }
}

/// The choices: the members, a chosen person who is no member any more, Dossier itself and the command line.
fn people(members: Vec<(PersonId, String)>, filter: &Filter, lines: &[Line]) -> Vec<(String, String)> {
    let mut people: Vec<(String, String)> = members.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    let chosen = filter.who.filter(|who| matches!(who, Who::Person(_))).map(Who::word);
    if let Some(word) = chosen.filter(|word| people.iter().all(|(known, _)| known != word)) {
        people.push((word, lines.first().map_or("A former member", Line::who).to_owned()));
    }
    let others = [(ActorKind::System, "Dossier itself"), (ActorKind::Operator, "The command line")];
    people.extend(others.map(|(kind, name)| (kind.name().to_owned(), name.to_owned())));
    people
}
