//! `GET /projects/{p}/customers`: a list, or with `q` a search.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use url::form_urlencoded;

use super::model::{List, PAGE, Position, Slice, list_named, slice};
use super::queries;
use super::queries::Reader;
use crate::actions;
use crate::auth::{Member, PageRequest};
use crate::base::Permission;
use crate::base::clock::Moment;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::RowId;
use crate::customers::Cursor;
use crate::db::{Conn, Db};
use crate::pages::directory::overview::{self, Overview};
use crate::pages::directory::search::{self, Query};
use crate::web::{Layout, Section, filters, html_for};

/// The fields of the query. If a field comes twice, the first one counts; unknown fields are ignored.
#[derive(Default)]
struct Asked {
    q: Option<String>,
    list: Option<String>,
    after: Option<String>,
    before: Option<String>,
    suggest: Option<String>,
    /// What was done before this page.
    done: Option<String>,
}

impl Asked {
    fn parse(query: &str) -> Asked {
        let mut asked = Asked::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match name.as_ref() {
                "q" => &mut asked.q,
                "list" => &mut asked.list,
                "after" => &mut asked.after,
                "before" => &mut asked.before,
                "suggest" => &mut asked.suggest,
                "done" => &mut asked.done,
                _ => continue,
            };
            field.get_or_insert_with(|| value.into_owned());
        }
        asked
    }
}

pub async fn index(
    request: PageRequest,
    req: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
) -> Result<HttpResponse, Error> {
    let asked = Asked::parse(req.query_string());
    let is_suggesting = asked.suggest.as_deref() == Some("1");
    match Query::parse(asked.q.as_deref().unwrap_or("")) {
        Ok(query) if is_suggesting => search::handlers::suggest(request, &db, query).await,
        Ok(Some(query)) => search::handlers::find(request, &db, query).await,
        Ok(None) => show(request, asked, &db, config).await,
        Err(_) => Err(request.refuse(&db, Error::BadRequest(TOO_LONG.into())).await),
    }
}

const TOO_LONG: &str =
    "That is more than 10 KB of text. Paste the part that holds an id, an order number or an address.";

async fn show(request: PageRequest, asked: Asked, db: &Db, config: Data<Config>) -> Result<HttpResponse, Error> {
    let load = move |conn: &mut Conn| -> Result<Answer, Error> {
        let member = request.authorize(conn)?;
        if !member.may(Permission::ReadLists) {
            return Err(Error::Forbidden(Permission::ReadLists));
        }
        let Ok(list) = list_named(asked.list.as_deref()) else {
            return Ok(Answer::NoList(NoListPage::new(&member, asked.list.unwrap_or_default())));
        };
        let place = Position::parse(asked.after.as_deref(), asked.before.as_deref());
        let place = place.map_err(|unknown| Error::BadRequest(unknown.0.into()))?;
        let mut page = ListPage::load(conn, &member, list, place, request.now, &config)?;
        let done = format!("done={}", asked.done.unwrap_or_default());
        page.layout.flash = actions::flash(conn, &member, &done, request.now)?;
        Ok(Answer::List(page))
    };
    match db.read(load).await? {
        Answer::List(page) => html_for(page.layout.preferences(), StatusCode::OK, &page),
        Answer::NoList(page) => html_for(page.layout.preferences(), StatusCode::BAD_REQUEST, &page),
    }
}

enum Answer {
    List(ListPage),
    NoList(NoListPage),
}

/// The page for an address that names no list.
#[derive(Template)]
#[template(path = "directory/no_list.html")]
struct NoListPage {
    layout: Layout,
    project: String,
    /// The word in the address.
    word: String,
}

impl NoListPage {
    fn new(member: &Member, word: String) -> NoListPage {
        NoListPage {
            layout: member.layout("No such list", Section::Customers),
            project: member.project.slug.clone(),
            word,
        }
    }

    fn lists(&self) -> [List; 6] {
        List::ALL
    }
}

#[derive(Template)]
#[template(path = "directory/list.html")]
struct ListPage {
    layout: Layout,
    project: String,
    list: List,
    rows: Vec<Overview>,
    newer: Option<Cursor>,
    older: Option<Cursor>,
    may_export: bool,
    /// The address for webhooks; shown until the first one has come.
    webhook_address: Option<String>,
}

impl ListPage {
    fn load(
        conn: &mut Conn,
        member: &Member,
        list: List,
        place: Position,
        now: Moment,
        config: &Config,
    ) -> Result<ListPage, Error> {
        let project = &member.project;
        let page = page(conn, Reader::new(member), list, place, now)?;
        let is_new = page.rows.is_empty() && !queries::has_any(conn, project.id)?;
        Ok(ListPage {
            layout: member.layout("Customers", Section::Customers),
            project: project.slug.clone(),
            list,
            rows: page.rows,
            newer: page.newer,
            older: page.older,
            may_export: member.may(Permission::ExportLists),
            webhook_address: is_new.then(|| config.address_of(&format!("/webhooks/revenuecat/{}", project.slug))),
        })
    }

    fn lists(&self) -> [List; 6] {
        List::ALL
    }

    fn top(&self, list: &List) -> String {
        list.top(&self.project)
    }

    fn file(&self) -> String {
        format!("/projects/{}/customers.csv?list={}", self.project, self.list.as_str())
    }
}

/// A page of the list. Going up, a page that reaches the top is replaced by the first page, so that it is full.
fn page(conn: &mut Conn, reader: Reader, list: List, place: Position, now: Moment) -> Result<Slice<Overview>, Error> {
    let rows = queries::rows(conn, reader, list, place, now, PAGE + 1)?;
    if matches!(place, Position::Before(_)) && rows.len() < PAGE {
        return page(conn, reader, list, Position::Top, now);
    }
    let cut = slice(rows, place, |row| Cursor { active_at: row.active_at, id: RowId(row.id.0) });
    let rows = overview::complete(conn, reader.project, now, cut.rows)?;
    Ok(Slice { rows, newer: cut.newer, older: cut.older })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_an_address_are_read_leniently() {
        let asked = Asked::parse("q=a+b%26&q=c&list=&x=1&suggest=1&after=%ff");
        assert_eq!(asked.q.as_deref(), Some("a b&"));
        assert_eq!(asked.list.as_deref(), Some(""));
        assert_eq!(asked.after.as_deref(), Some("\u{FFFD}"));
        assert!(asked.before.is_none());
    }
}
