//! `GET …/customers/{id}/invoices`: the invoices of Web Billing, each as the event of its issuance says. The event says neither
//! whether it was paid nor where its file is.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use diesel::prelude::*;
use serde::Serialize;

use super::answer;
use super::customer::address;
use super::list::Window;
use super::money::Amount;
use super::sold::Sold;
use crate::api::{AuthorizedCall, Caller, customers};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::base::money::{Micros, Money};
use crate::db::Conn;
use crate::db::schema::{events, history};
use crate::events::{Delivery, Event, EventType, Store, StoredBody};

#[derive(Debug, Serialize)]
struct Invoice {
    object: &'static str,
    id: String,
    total_amount: Amount,
    line_items: Vec<LineItem>,
    issued_at: Moment,
    paid_at: Option<Moment>,
    invoice_url: Option<String>,
}

#[derive(Debug, Serialize)]
struct LineItem {
    object: &'static str,
    product_identifier: String,
    product_display_name: Option<String>,
    product_duration: Option<String>,
    quantity: u8,
    unit_amount: Amount,
}

/// The newest first.
pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.app_user_id()?.to_owned(), caller.query.clone());
    let list = caller
        .read(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            let sold = Sold::load(conn, call)?;
            let issued = issued(conn, call, customer)?;
            let window = Window::parse(&query, format!("{}/invoices", address(call, &id)))?;
            let invoices = issued.into_iter().map(|event| Invoice::of(&sold, event)).collect();
            window.cut(invoices, |invoice| invoice.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

fn issued(conn: &mut Conn, call: &AuthorizedCall, customer: CustomerId) -> QueryResult<Vec<Event>> {
    let is_invoice = history::kind.eq(i16::from(EventType::InvoiceIssuance.number()));
    let rows: Vec<(Moment, StoredBody)> = history::table
        .inner_join(events::table.on(events::id.eq(history::event_id)))
        .filter(history::customer_id.eq(customer).and(is_invoice).and(events::project_id.eq(call.ctx.project)))
        .order((history::timeline_at.desc(), history::event_id.desc()))
        .select((events::received_at, events::body))
        .load(conn)?;
    // One that cannot be read is left out; `dossier rebuild` reports it.
    Ok(rows.into_iter().filter_map(|(at, body)| Delivery::read_compressed(&body, at).ok()).collect())
}

impl Invoice {
    fn of(sold: &Sold, event: Event) -> Invoice {
        let dollars = || Money { amount: event.price.unwrap_or_default(), currency: "USD".into() };
        let Money { amount, currency } = event.paid.clone().unwrap_or_else(dollars);
        let total = Amount::new(&currency, amount, Micros::ZERO, Micros::ZERO);
        let store = event.store.as_ref().map_or("", Store::as_str);
        let item = |product: String| LineItem {
            object: "invoice.line_item",
            product_display_name: sold.name(store, &product).or_else(|| event.product_display_name.clone()),
            product_duration: sold.duration(store, &product),
            product_identifier: product,
            quantity: 1,
            unit_amount: total.clone(),
        };
        Invoice {
            object: "invoice",
            line_items: event.product_id.clone().map(item).into_iter().collect(),
            issued_at: event.purchased_at.unwrap_or(event.event_at),
            id: event.id,
            total_amount: total,
            paid_at: None,
            invoice_url: None,
        }
    }
}
