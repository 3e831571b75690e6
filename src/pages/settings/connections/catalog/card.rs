//! What the page of connections says about the catalog: when it was compared, and whether it is kept in step.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address;
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::operations::catalog::{Comparison, status};
use crate::stores::revenuecat::Connection;
use crate::web::filters;
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "settings/connections/catalog/card.html")]
pub struct Card {
    address: String,
    /// The address of the page, where dialogs open.
    page: String,
    /// The key that makes the form work once.
    once: String,
    in_step: bool,
    is_suspended: bool,
    is_running: bool,
    compared: Option<Stamp>,
    /// Why the last comparison failed, and when.
    failed: Option<(String, Stamp)>,
    /// What following did last, and when.
    done: Option<(String, Stamp)>,
}

impl HtmlSafe for Card {}

impl Card {
    pub fn load(
        conn: &mut Conn,
        member: &Member,
        connection: &Connection,
        (once, now): (&str, Moment),
    ) -> diesel::QueryResult<Card> {
        let known = status(conn, connection.project)?;
        let ago = |at: Option<Moment>| at.map(|at| Stamp::relative(at, now).inside());
        let of = |field: fn(&Comparison) -> Option<Moment>| known.as_ref().and_then(field);
        let words = |field: fn(&Comparison) -> &Option<String>| known.as_ref().and_then(|known| field(known).clone());
        Ok(Card {
            address: address(member),
            page: super::super::page::address(member),
            once: once.to_owned(),
            in_step: connection.catalog_in_step,
            is_suspended: connection.suspended_at.is_some(),
            is_running: known.as_ref().is_some_and(|known| known.is_running(now)),
            compared: ago(of(|known| known.found_at)),
            failed: words(|known| &known.failure).zip(ago(of(|known| known.failed_at))),
            done: words(|known| &known.done).zip(ago(of(|known| known.done_at))),
        })
    }
}
