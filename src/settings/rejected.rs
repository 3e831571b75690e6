//! `GET /projects/{p}/settings/rejected`: deliveries that carried the right secret and could not be used, as they came.

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::Nav;
use super::overview::nav;
use super::queries::{self, Delivery};
use crate::db::{Conn, Db};
use crate::error::Error;
use crate::page::sentence::Stamp;
use crate::page::{Layout, Page, Section};
use crate::people::{Door, Member};

const ROWS: usize = 50;

#[derive(Deserialize)]
pub struct Asked {
    /// The id of the last delivery on the page before.
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "settings/rejected.html")]
pub struct Rejected {
    layout: Layout,
    nav: Nav,
    deliveries: Vec<Row>,
    is_first: bool,
    next: Option<i64>,
}

struct Row {
    received_at: Stamp,
    reason: String,
    size: String,
    body: String,
}

pub async fn show(door: Door, asked: Query<Asked>, db: Data<Db>) -> Result<Page<Rejected>, Error> {
    let before = cursor(asked.into_inner().after)?;
    let load = move |conn: &mut Conn| {
        let member = door.enter(conn)?;
        Rejected::load(conn, &member, before)
    };
    db.read(load).await.map(Page)
}

fn cursor(after: Option<String>) -> Result<Option<i64>, Error> {
    let parsed = after.map(|text| text.parse()).transpose();
    parsed.map_err(|_| Error::BadRequest("This page of the list does not exist. Start again at the newest.".into()))
}

impl Rejected {
    fn load(conn: &mut Conn, member: &Member, before: Option<i64>) -> Result<Rejected, Error> {
        let limit = i64::try_from(ROWS + 1).unwrap_or(i64::MAX);
        let mut found = queries::rejected_before(conn, member.project.id, before.unwrap_or(i64::MAX), limit)?;
        let has_more = found.len() > ROWS;
        found.truncate(ROWS);
        Ok(Rejected {
            layout: member.layout("Rejected deliveries", Section::Settings),
            nav: nav(conn, member, "rejected")?,
            next: found.last().map(|last| last.id).filter(|_| has_more),
            deliveries: found.into_iter().map(Row::from).collect(),
            is_first: before.is_none(),
        })
    }
}

impl Row {
    fn size_label(&self) -> String {
        format!("What was sent, {}", self.size)
    }
}

impl From<Delivery> for Row {
    fn from(delivery: Delivery) -> Row {
        Row {
            received_at: Stamp::full(delivery.received_at),
            reason: delivery.reason,
            size: size(delivery.body.len()),
            body: String::from_utf8_lossy(&delivery.body).into_owned(),
        }
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
    fn sizes_are_told_in_round_figures() {
        let told = [0, 1, 999, 1000, 1149, 999_999, 1_048_577].map(size);
        assert_eq!(told, ["0 bytes", "1 byte", "999 bytes", "1.0 KB", "1.1 KB", "999.9 KB", "1.0 MB"]);
    }

    #[test]
    fn a_malformed_cursor_is_a_bad_request() {
        assert!(matches!(cursor(Some("12x".into())), Err(Error::BadRequest(_))));
        assert!(matches!(cursor(Some("12".into())), Ok(Some(12))));
        assert!(matches!(cursor(None), Ok(None)));
    }
}
