//! A list as a file. A customer who becomes active while the file is made moves to the top and may be missing from it.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::model::{List, Position, list_named};
use super::queries;
use super::queries::Reader;
use crate::actions;
use crate::audit::{Action, Trace};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::RowId;
use crate::base::money::Micros;
use crate::customers::Cursor;
use crate::db::{Conn, Db};
use crate::pages::directory::overview::{self, Overview};
use crate::web::csv::{self, CHUNK, harmless, written};
use crate::web::file::Source;
use crate::web::form;
use crate::wording::times;

const HEAD: [&str; 12] = [
    "app_user_id",
    "name",
    "email",
    "country",
    "status",
    "total_spent_usd",
    "latest_product",
    "latest_store",
    "latest_purchase_at",
    "last_seen_at",
    "newest_activity_at",
    "app_user_ids",
];

/// `GET /projects/{p}/customers.csv`
pub async fn download(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let (name, first, export) = begin(request, &req).await?;
    Ok(csv::download(&name, db.get_ref().clone(), first, export))
}

/// Reads the first rows before the answer begins, so that an error until then is answered with its status. The audit
/// log records the download.
async fn begin(request: PageRequest, req: &HttpRequest) -> Result<(String, Bytes, Export), Error> {
    let word = form::field(req.query_string(), "list");
    let load = move |conn: &mut Conn, member: &Member, request: &PageRequest| {
        let list = list_named(word.as_deref()).map_err(|unknown| Error::BadRequest(unknown.0.into()))?;
        let mut export = Export { reader: Reader::new(member), list, now: request.now, next: Some(Position::Top) };
        let mut bytes = written(std::iter::once(HEAD.map(String::from)))?;
        bytes.extend(export.read(conn)?);
        let name = csv::file_name(&member.project.slug, list.as_str(), request.now);
        let trace = Trace::new(Action::CustomersExported).about(list.as_str());
        Ok(((name, bytes.into(), export), Some(trace)))
    };
    actions::disclose(req, request, load).await
}

struct Export {
    reader: Reader,
    list: List,
    now: Moment,
    /// Where the next rows begin; `None` after the last.
    next: Option<Position>,
}

impl Source for Export {
    fn read(&mut self, conn: &mut Conn) -> Result<Vec<u8>, Error> {
        let Some(place) = self.next else { return Ok(Vec::new()) };
        let rows = queries::rows(conn, self.reader, self.list, place, self.now, CHUNK)?;
        let last = rows.last().filter(|_| rows.len() == CHUNK);
        self.next = last.map(|row| Position::After(Cursor { active_at: row.active_at, id: RowId(row.id.0) }));
        let overviews = overview::complete(conn, self.reader.project, self.now, rows)?;
        written(overviews.iter().map(line))
    }

    fn is_over(&self) -> bool {
        self.next.is_none()
    }
}

fn line(overview: &Overview) -> [String; HEAD.len()] {
    let (row, latest) = (&overview.row, overview.latest.as_ref().filter(|_| !overview.is_test()));
    let text = |text: Option<&str>| harmless(text.unwrap_or(""));
    let time = |at: Option<Moment>| at.map_or_else(String::new, times::machine);
    [
        harmless(&row.best_app_user_id),
        text(row.display_name.as_deref()),
        text(row.email.as_deref()),
        text(overview.country()),
        overview.badge().map_or("", |badge| badge.word).to_owned(),
        Micros(row.spent_micros).decimal(),
        text(latest.map(|latest| latest.product_id.as_str())),
        text(latest.and_then(|latest| latest.store.as_ref()).map(|store| store.as_str())),
        time(latest.map(|latest| latest.period_start)),
        time(row.last_seen_at),
        time(Some(row.active_at).filter(|at| *at > Moment(0))),
        row.ids_count.to_string(),
    ]
}
