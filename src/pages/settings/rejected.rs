//! `GET /projects/{p}/settings/rejected`: deliveries that carried the right secret but could not be used, each with
//! the beginning of its body. `…/rejected/{delivery}`: the whole body of one, as received.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::overview::nav;
use super::queries::Delivery;
use super::{Nav, queries};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::RowId;
use crate::db::{Conn, Db};
use crate::ingest::rejected::{DAYS, MOST, MOST_BYTES};
use crate::web::{Layout, Page, Section, filters, form};
use crate::wording::sentence::Stamp;
use crate::wording::text::grouped;

const ROWS: usize = 50;
/// How many characters of a body the page shows, and how many bytes they take at most.
const SHOWN: usize = 1_000;
const SHOWN_BYTES: i32 = 4_000;

#[derive(Template)]
#[template(path = "settings/rejected.html")]
pub struct Rejected {
    layout: Layout,
    nav: Nav,
    deliveries: Vec<Row>,
    is_first: bool,
    next: Option<RowId>,
}

struct Row {
    id: RowId,
    received: (Stamp, Stamp),
    reason: String,
    size: String,
    /// The beginning of the body.
    head: String,
    /// Whether `head` is the whole body, byte for byte.
    is_whole: bool,
}

/// The field `after` of the query is the id of the last delivery on the page before.
pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<Page<Rejected>, Error> {
    let after = form::field(req.query_string(), "after");
    let load = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        Rejected::load(conn, &member, cursor(after)?, request.now)
    };
    db.read(load).await.map(Page)
}

/// Sends the body as a download. A browser that showed it as a page could run what a stranger sent.
pub async fn body(request: PageRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let load = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        let id: RowId = request.parameter("delivery")?.parse().map_err(|_| Error::NotFound)?;
        let body = queries::rejected_body(conn, member.project.id, id)?.ok_or(Error::NotFound)?;
        Ok::<_, Error>((id, body))
    };
    let (id, body) = db.read(load).await?;
    let (media_type, ending) = match std::str::from_utf8(&body) {
        Ok(_) => ("text/plain; charset=utf-8", "txt"),
        Err(_) => ("application/octet-stream", "bin"),
    };
    let disposition = format!("attachment; filename=\"rejected-{id}.{ending}\"");
    Ok(HttpResponse::Ok().content_type(media_type).insert_header((CONTENT_DISPOSITION, disposition)).body(body))
}

fn cursor(after: Option<String>) -> Result<Option<RowId>, Error> {
    let parsed = after.map(|text| text.parse()).transpose();
    parsed.map_err(|_| Error::BadRequest("This page of the list does not exist. Start again at the newest.".into()))
}

impl Rejected {
    /// How long deliveries are kept.
    fn retention() -> String {
        let (most, size) = (grouped(i64::try_from(MOST).unwrap_or(i64::MAX)), MOST_BYTES >> 20);
        format!("Dossier keeps the newest {most}, {size} MB of them at most, for {DAYS} days.")
    }

    fn load(conn: &mut Conn, member: &Member, before: Option<RowId>, now: Moment) -> Result<Rejected, Error> {
        let limit = i64::try_from(ROWS + 1).unwrap_or(i64::MAX);
        let before_id = before.unwrap_or(RowId::MAX);
        let mut found = queries::rejected_before(conn, member.project.id, before_id, limit, SHOWN_BYTES)?;
        let has_more = found.len() > ROWS;
        found.truncate(ROWS);
        Ok(Rejected {
            layout: member.layout("Rejected deliveries", Section::Settings),
            nav: nav(conn, member, "rejected")?,
            next: found.last().map(|last| last.id).filter(|_| has_more),
            deliveries: found.into_iter().map(|delivery| Row::new(delivery, now)).collect(),
            is_first: before.is_none(),
        })
    }
}

impl Row {
    fn new(delivery: Delivery, now: Moment) -> Row {
        let bytes = usize::try_from(delivery.length).unwrap_or_default();
        let start = delivery.head.unwrap_or_default();
        let head: String = String::from_utf8_lossy(&start).chars().take(SHOWN).collect();
        let at = delivery.received_at;
        Row {
            id: delivery.id,
            received: (Stamp::full(at), Stamp::relative(at, now)),
            reason: delivery.reason,
            size: size(bytes),
            is_whole: head.len() == bytes && head.as_bytes() == start,
            head,
        }
    }

    fn size_label(&self) -> String {
        let part = if self.is_whole { "" } else { ", its beginning" };
        format!("Body of {}{part}", self.size)
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        1 => "1 byte".into(),
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_round_figures() {
        let sizes = [0, 1, 999, 1000, 1149, 999_999, 1_048_577].map(size);
        assert_eq!(sizes, ["0 bytes", "1 byte", "999 bytes", "1.0 KB", "1.1 KB", "999.9 KB", "1.0 MB"]);
    }

    #[test]
    fn a_malformed_cursor_is_a_bad_request() {
        assert!(matches!(cursor(Some("12x".into())), Err(Error::BadRequest(_))));
        assert!(matches!(cursor(Some("12".into())), Ok(Some(RowId(12)))));
        assert!(matches!(cursor(None), Ok(None)));
    }
}
