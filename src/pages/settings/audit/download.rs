//! `GET /projects/{p}/settings/audit.csv`: all entries that match the filter, as a file. The audit log records
//! the download.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::model::{Chosen, Filter};
use super::page::{asked, customer_of};
use super::queries;
use crate::audit::{self, Action, Details, Line, Trace};
use crate::auth::{Member, PageRequest};
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId, RowId};
use crate::customers::Cursor;
use crate::db::{Conn, Db};
use crate::pages::directory::lists::Position;
use crate::web::csv::{self, CHUNK, harmless, written};
use crate::web::file::Source;
use crate::wording::times;

const HEAD: [&str; 15] = [
    "position",
    "at",
    "actor",
    "actor_kind",
    "role",
    "action",
    "app_user_id",
    "about",
    "before",
    "after",
    "reason",
    "address",
    "request",
    "previous_hash",
    "hash",
];

pub async fn download(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let asked = asked(req.query_string());
    let turn = request.turn().to_owned();
    let begin = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        let (filter, _) = asked?;
        conn.lock_project(member.project.id)?;
        let customer = customer_of(conn, member.project.id, &filter)?;
        let trace = trace(&filter, customer.flatten());
        audit::append(conn, &request.ctx(&member), trace)?;
        let mut export = Export::new(&member, &filter, customer);
        let mut first = written(std::iter::once(HEAD.map(String::from)))?;
        first.extend(export.read(conn)?);
        Ok::<_, Error>((csv::file_name(&member.project.slug, "audit", request.now), Bytes::from(first), export))
    };
    let (name, first, export) = db.write_in_turn(&turn, begin).await?;
    Ok(csv::download(&name, db.as_ref().clone(), first, export))
}

/// Records the filter. The id of a customer is kept with that customer only, so that erasing the customer erases it.
fn trace(filter: &Filter, customer: Option<CustomerId>) -> Trace {
    let without_customer = Filter { customer: None, ..filter.clone() }.query();
    let trace = Trace::new(Action::AuditExported);
    let trace = if without_customer.is_empty() { trace } else { trace.about(without_customer) };
    match (customer, &filter.customer) {
        (Some(customer), Some(id)) => trace.for_customer(customer, id.trim()),
        _ => trace,
    }
}

struct Export {
    project: ProjectId,
    chosen: Chosen,
    /// Where the next rows begin; `None` after the last.
    next: Option<Position>,
}

impl Export {
    fn new(member: &Member, filter: &Filter, customer: Option<Option<CustomerId>>) -> Export {
        let next = (customer != Some(None)).then_some(Position::Top);
        Export { project: member.project.id, chosen: filter.chosen(customer.flatten()), next }
    }
}

impl Source for Export {
    fn read(&mut self, conn: &mut Conn) -> Result<Vec<u8>, Error> {
        let Some(place) = self.next else { return Ok(Vec::new()) };
        let lines = queries::lines(conn, self.project, &self.chosen, place, CHUNK)?;
        let last = lines.last().filter(|_| lines.len() == CHUNK);
        self.next =
            last.map(|line| Position::After(Cursor { active_at: line.entry.at, id: RowId(line.entry.position) }));
        written(lines.iter().map(cells))
    }

    fn is_over(&self) -> bool {
        self.next.is_none()
    }
}

fn cells(line: &Line) -> [String; HEAD.len()] {
    let (entry, empty) = (&line.entry, Details::default());
    let details = line.details().unwrap_or(&empty);
    let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or(""));
    [
        entry.position.to_string(),
        times::machine(entry.at),
        harmless(line.who()),
        entry.actor_kind.clone(),
        line.role().to_owned(),
        entry.action.clone(),
        text(&details.app_user_id),
        text(&details.about),
        text(&details.before),
        text(&details.after),
        text(&details.reason),
        text(&details.address),
        harmless(&entry.request),
        entry.previous_hash.clone(),
        entry.hash.clone(),
    ]
}
