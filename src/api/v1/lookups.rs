//! Small endpoints (§C3.19 to §C3.21): virtual currencies, the entitlements of products, and uploads that are
//! discarded.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde_json::{Value, json};

use super::{answer, store_products};
use crate::api::last_seen::Fetched;
use crate::api::{Caller, body, customers};
use crate::base::error::Error;
use crate::db::schema::{balances, entitlement_products};
use crate::events::Environment;
use crate::web::Incoming;

/// `GET …/virtual_currencies`: the balances that follow from the events (§15), in the environment the app was built
/// for.
pub async fn currencies(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let is_sandbox = req.headers().get("x-is-sandbox").is_some_and(|value| value.as_bytes() == b"true");
    let environment = if is_sandbox { Environment::Sandbox } else { Environment::Production };
    let asked = id.clone();
    let held: Vec<(String, String, i64)> = caller
        .read(move |conn, call| {
            let Some(customer) = customers::find(conn, call, &asked)? else {
                return Ok(Vec::new());
            };
            let own = balances::customer_id.eq(customer).and(balances::environment.eq(environment));
            let rows = balances::table.filter(own).select((balances::code, balances::name, balances::amount));
            Ok(rows.load(conn)?)
        })
        .await?;
    caller.record_contact(&id, Fetched::Other);
    let entry = |(code, name, amount): (String, String, i64)| {
        let entry = json!({ "balance": amount, "code": code, "name": name, "description": null });
        (code, entry)
    };
    let held: BTreeMap<String, Value> = held.into_iter().map(entry).collect();
    answer::tagged_json(&req, &id, &json!({ "virtual_currencies": held }))
}

/// `GET /v1/product_entitlement_mapping`: which entitlements each product of the store unlocks.
pub async fn mapping(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let mapping = caller
        .read(|conn, call| {
            let store_products = store_products::load(conn, call)?;
            let links: Vec<(String, String)> = entitlement_products::table
                .filter(entitlement_products::project_id.eq(call.ctx.project))
                .order((entitlement_products::product, entitlement_products::entitlement))
                .select((entitlement_products::product, entitlement_products::entitlement))
                .load(conn)?;
            let mut unlocks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            links.iter().for_each(|(product, entitlement)| unlocks.entry(product).or_default().push(entitlement));
            let entry = |identifier: &str| {
                let (product, plan) = store_products.parts(identifier);
                let mut entry = json!({ "product_identifier": product, "entitlements": unlocks.get(identifier) });
                if let Some(plan) = plan {
                    entry["base_plan_id"] = json!(plan);
                }
                (identifier.to_owned(), entry)
            };
            let sold = store_products.all().map(|product| product.identifier.as_str());
            Ok(sold.filter(|one| unlocks.contains_key(*one)).map(entry).collect::<BTreeMap<String, Value>>())
        })
        .await?;
    answer::tagged_json(&req, "", &json!({ "product_entitlement_mapping": mapping }))
}

/// `POST /v1/events`, `POST /v1/diagnostics`: the body is discarded. The answer is 200, because an SDK repeats an
/// upload that fails.
pub async fn discard(_: Caller, incoming: Incoming) -> Result<HttpResponse, Error> {
    body::dropped(incoming).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
