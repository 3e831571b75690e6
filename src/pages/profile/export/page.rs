//! The page: the content of the file as tables, for reading and printing.

use askama::Template;

use super::model::{Event, Held, Time};
use super::queries;
use super::queries::EventCursor;
use super::table::{Table, of_event};
use crate::auth::Member;
use crate::base::error::Error;
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::web::{Layout, Section, filters};
use crate::wording::text::count;

/// How many events the page shows. The file has all of them.
const EVENTS: i64 = 1_000;

#[derive(Template)]
#[template(path = "profile/export.html")]
pub struct ExportPage {
    layout: Layout,
    profile: String,
    /// The query that keeps the view.
    view: String,
    as_of: Option<Time>,
    app_user_id: String,
    project: String,
    made_at: Time,
    tables: Vec<Table>,
    /// The note that the file has more events; `None` if the page shows all.
    more: Option<String>,
}

impl ExportPage {
    /// Loads the events in addition to `held`: one query.
    pub fn load(conn: &mut Conn, member: &Member, visit: &Visit, held: &Held) -> Result<ExportPage, Error> {
        let (events, _) = queries::events_after(
            conn,
            (visit.project.id, visit.customer.id),
            visit.as_of,
            EventCursor::START,
            EVENTS,
        )?;
        let all = visit.customer.events_count;
        let more = format!("The first {EVENTS} of {}. The file has all of them.", count(all, "event", "events"));
        Ok(ExportPage {
            layout: member.layout("Everything we hold", Section::Customers),
            profile: visit.href.clone(),
            view: visit.view(),
            as_of: held.as_of,
            app_user_id: visit.opened_as.clone(),
            project: visit.project.name.clone(),
            made_at: held.made_at,
            tables: held.tables().into_iter().chain([events_table(&events)]).collect(),
            more: (all > EVENTS).then_some(more),
        })
    }
}

fn events_table(events: &[Event]) -> Table {
    let rows = events.iter().filter_map(of_event).collect();
    Table::new("Events", &["Generated", "What", "Environment", "Product", "Paid", "Event id"], rows)
}
