//! Virtual currencies (§15): those of the project, and the balances of customers. Balances of the sandbox are apart.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::bought::environment;
use super::customer::address;
use super::fields::{Fields, wrong};
use super::list::{List, Window};
use super::sold::ACTIVE;
use super::{answer, finding};
use crate::api::body::Limit;
use crate::api::idempotency;
use crate::api::{AuthorizedCall, Caller, asking, customers, errors};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::hex;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::schema::{balances, virtual_currencies};
use crate::events::Environment;
use crate::events::own::Once;
use crate::operations::currencies::{self, Amounts, Refusal, Request};
use crate::web::{Incoming, form};

#[derive(Debug, Serialize)]
struct Currency {
    object: &'static str,
    project_id: String,
    code: String,
    name: String,
    state: &'static str,
    /// When an event first named it.
    created_at: Moment,
    description: Option<String>,
    product_grants: Option<Vec<Value>>,
}

#[derive(Debug, Serialize)]
struct Balance {
    object: &'static str,
    currency_code: String,
    balance: i64,
    name: String,
}

/// What of the balances a call wants to see.
#[derive(Debug, Clone)]
struct Shown {
    environment: Environment,
    /// Also those of currencies that the customer does not have.
    has_empty: bool,
}

/// `…/virtual_currencies`, sorted by code.
pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let query = caller.query.clone();
    let list = caller
        .read(move |conn, call| {
            let url = format!("/v2/projects/{}/virtual_currencies", call.key.project.slug);
            Window::parse(&query, url)?.cut(all(conn, call)?, |currency| currency.code.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// `…/virtual_currencies/{code}`
pub async fn show(caller: Caller) -> Result<HttpResponse, Error> {
    let code = caller.parameter("code")?.to_owned();
    let shown = caller
        .read(move |conn, call| {
            let found = all(conn, call)?.into_iter().find(|currency| currency.code == code);
            found.ok_or_else(finding::missing)
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &shown))
}

/// `…/customers/{id}/virtual_currencies`
pub async fn held(caller: Caller) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.app_user_id()?.to_owned(), caller.query.clone());
    let list = caller
        .read(move |conn, call| {
            let shown = Shown::parse(&query)?;
            let customer = customers::require(conn, call, &id)?;
            listed(conn, call, customer, &id, &query, &shown)
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// `POST …/customers/{id}/virtual_currencies/transactions`: all of the adjustments are made, or none.
pub async fn transact(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    change(caller, req, incoming, "transactions").await
}

/// `POST …/customers/{id}/virtual_currencies/update_balance`: the same. Every change leaves an event here.
pub async fn update(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    change(caller, req, incoming, "update_balance").await
}

async fn change(
    caller: Caller,
    req: HttpRequest,
    incoming: Incoming,
    called: &'static str,
) -> Result<HttpResponse, Error> {
    let (id, query) = (caller.app_user_id()?.to_owned(), caller.query.clone());
    let (shown, key) = (Shown::parse(&query)?, idempotency_key(&req)?);
    let fields = Fields::read(incoming, Limit::Small).await?;
    let (sent, reference) = (fields.integers(ADJUSTMENTS)?, fields.optional_text(REFERENCE, LONGEST_REFERENCE)?);
    let asked = json!([id, called, shown.environment.as_str(), sent, reference]).to_string();
    let once = key.map(|key| Once { key, asked: hex(&Sha256::digest(asked)) });
    let amounts = Amounts::parse(sent).map_err(|sentence| wrong(ADJUSTMENTS, sentence))?;
    let request = Request { environment: shown.environment, amounts, reference, once };
    let is_asked = ask_to_change(&caller, &req, &id, &request).await?;
    let list = caller
        .act(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            if is_asked {
                return Ok((Vec::new(), listed(conn, call, customer, &id, "limit=1000", &shown)?));
            }
            let changed = currencies::change(conn, &call.ctx, customer, &request)?.map_err(refused)?;
            let traces = changed.traces.into_iter().map(|trace| trace.for_customer(customer, &id)).collect();
            Ok((traces, listed(conn, call, customer, &id, "limit=1000", &shown)?))
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

/// In a connected project asks RevenueCat for the change. Returns whether it did.
async fn ask_to_change(caller: &Caller, req: &HttpRequest, id: &str, request: &Request) -> Result<bool, Error> {
    let (environment, amounts) = (request.environment, request.amounts.clone());
    let once = request.once.clone().map(|once| (once.key, once.asked));
    asking::ask_once(caller, req, id, once, move |_, _, _| match environment {
        Environment::Production => Ok(amounts.act()),
        Environment::Sandbox => Err(wrong("environment", "RevenueCat changes balances of production only.")),
    })
    .await
}

const ADJUSTMENTS: &str = "adjustments";
const REFERENCE: &str = "reference";
const LONGEST_REFERENCE: usize = 500;

fn refused(refusal: Refusal) -> Error {
    let unprocessable =
        |sentence: String| errors::refuse(StatusCode::UNPROCESSABLE_ENTITY, errors::MALFORMED, &sentence);
    match refusal {
        Refusal::TooLow { code, held } => {
            unprocessable(format!("The balance of {code} is {held}, which is not enough."))
        }
        Refusal::TooHigh { code, .. } => unprocessable(format!("The balance of {code} would be above 2,000,000,000.")),
        Refusal::TooMany => unprocessable("A project has at most 100 virtual currencies.".into()),
        Refusal::KeyUsed => errors::refuse(
            StatusCode::CONFLICT,
            errors::KEY_REPEATED,
            "This Idempotency-Key was used for a different call.",
        ),
    }
}

/// The header `Idempotency-Key`.
///
/// # Errors
/// [`Error::Parameter`] when it is empty, longer than 255 characters, or not plain text.
fn idempotency_key(req: &HttpRequest) -> Result<Option<String>, Error> {
    idempotency::key(req).map_err(|sentence| wrong("Idempotency-Key", sentence))
}

impl Shown {
    /// Reads `environment`, by default production, and `include_empty_balances`.
    fn parse(query: &str) -> Result<Shown, Error> {
        let asked = form::field(query, "environment").as_deref().map(environment).transpose()?;
        let has_empty = match form::field(query, EMPTY).as_deref() {
            None | Some("false" | "False") => false,
            Some("true" | "True") => true,
            Some(_) => return Err(wrong(EMPTY, format!("{EMPTY} must be true or false."))),
        };
        Ok(Shown { environment: asked.unwrap_or(Environment::Production), has_empty })
    }
}

const EMPTY: &str = "include_empty_balances";

fn listed(
    conn: &mut Conn,
    call: &AuthorizedCall,
    customer: CustomerId,
    id: &str,
    query: &str,
    shown: &Shown,
) -> Result<List<Balance>, Error> {
    let own = balances::customer_id.eq(customer).and(balances::environment.eq(shown.environment));
    let rows: Vec<(String, String, i64)> =
        balances::table.filter(own).select((balances::code, balances::name, balances::amount)).load(conn)?;
    let mut held: BTreeMap<String, Balance> = BTreeMap::new();
    if shown.has_empty {
        held.extend(all(conn, call)?.into_iter().map(|one| (one.code.clone(), Balance::of(one.code, one.name, 0))));
    }
    let rows = rows.into_iter().filter(|(.., amount)| shown.has_empty || *amount > 0);
    held.extend(rows.map(|(code, name, amount)| (code.clone(), Balance::of(code, name, amount))));
    let window = Window::parse(query, format!("{}/virtual_currencies", address(call, id)))?;
    let window = window.keeping("environment", form::field(query, "environment"));
    let window = window.keeping(EMPTY, form::field(query, EMPTY));
    window.cut(held.into_values().collect(), |balance| balance.currency_code.clone())
}

impl Balance {
    fn of(currency_code: String, name: String, balance: i64) -> Balance {
        let name = if name.is_empty() { currency_code.clone() } else { name };
        Balance { object: "virtual_currency_balance", currency_code, balance, name }
    }
}

/// The currencies of the project, sorted by code.
fn all(conn: &mut Conn, call: &AuthorizedCall) -> QueryResult<Vec<Currency>> {
    let rows: Vec<(String, String, Moment)> = virtual_currencies::table
        .filter(virtual_currencies::project_id.eq(call.ctx.project))
        .select((virtual_currencies::code, virtual_currencies::name, virtual_currencies::first_at))
        .load(conn)?;
    let shown = rows.into_iter().map(|(code, name, created_at)| Currency {
        object: "virtual_currency",
        project_id: call.key.project.slug.clone(),
        name: if name.is_empty() { code.clone() } else { name },
        code,
        state: ACTIVE,
        created_at,
        description: None,
        product_grants: None,
    });
    let mut all: Vec<Currency> = shown.collect();
    all.sort_by(|one, other| one.code.cmp(&other.code));
    Ok(all)
}
