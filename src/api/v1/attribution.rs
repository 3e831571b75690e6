//! Where a customer came from, as old SDKs and Apple's AdServices report it (§C3.11, §C3.12). It is saved in the
//! attributes that today's SDKs set; the latest report counts.

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};

use super::attributes;
use crate::api::body::Limit;
use crate::api::last_seen::Fetched;
use crate::api::{Caller, body, customers};
use crate::base::error::Error;
use crate::customers::attributes::queries;
use crate::web::Incoming;

/// Ad networks: the number that SDKs send, the name, and the attribute for the network's own id.
const NETWORKS: [(&str, &str, Option<&str>); 6] = [
    ("0", "Apple Search Ads", None),
    ("1", "Adjust", Some("$adjustId")),
    ("2", "AppsFlyer", Some("$appsflyerId")),
    ("3", "Branch", Some("$branchId")),
    ("4", "Tenjin", Some("$tenjinId")),
    ("5", "Facebook", Some("$fbAnonId")),
];

/// The names that networks use for a field, and the attribute each is saved in. The first that is sent counts.
const FIELDS: [(&str, &str); 19] = [
    ("campaign", "$campaign"),
    ("campaign_name", "$campaign"),
    ("iad-campaign-name", "$campaign"),
    ("adgroup", "$adGroup"),
    ("ad_group", "$adGroup"),
    ("adset", "$adGroup"),
    ("af_adset", "$adGroup"),
    ("iad-adgroup-name", "$adGroup"),
    ("ad", "$ad"),
    ("af_ad", "$ad"),
    ("keyword", "$keyword"),
    ("keywords", "$keyword"),
    ("af_keywords", "$keyword"),
    ("iad-keyword", "$keyword"),
    ("creative", "$creative"),
    ("iad-creativeset-name", "$creative"),
    ("rc_idfa", "$idfa"),
    ("rc_idfv", "$idfv"),
    ("rc_gps_adid", "$gpsAdId"),
];

const SOURCE: &str = "$mediaSource";
const ADSERVICES: &str = "Apple Search Ads (token received)";

/// `POST …/attribution`
pub async fn record(caller: Caller, incoming: Incoming) -> Result<HttpResponse, Error> {
    let body = body::json(incoming, Limit::Small).await?;
    save(&caller, of_network(&body), false).await
}

/// `POST …/adservices_attribution`: only Apple can resolve the token, so all that is saved is that one was sent.
pub async fn adservices(caller: Caller, incoming: Incoming) -> Result<HttpResponse, Error> {
    let body = body::json(incoming, Limit::Small).await?;
    let token = body.get("aad_attribution_token").and_then(Value::as_str).unwrap_or_default();
    let attributes_sent =
        if token.is_empty() { Map::new() } else { Map::from_iter([(SOURCE.to_owned(), value(ADSERVICES))]) };
    save(&caller, attributes_sent, true).await
}

/// Saves the attributes. With `only_first`, nothing is saved when a media source is known already.
async fn save(caller: &Caller, attributes_sent: Map<String, Value>, only_first: bool) -> Result<HttpResponse, Error> {
    let id = caller.app_user_id()?.to_owned();
    let asked = id.clone();
    caller
        .act(move |conn, call| {
            let customer = customers::find_or_create(conn, call, &asked)?.customer;
            let known = queries::find(conn, customer, SOURCE)?.is_some_and(|known| !known.is_deleted);
            let attributes_sent = if only_first && known { Map::new() } else { attributes_sent };
            // Attributes that are refused are left out without an error: the SDK could only send the same again.
            let (traces, _) = attributes::apply(conn, call, customer, &attributes_sent)?;
            let traces = traces.into_iter().map(|trace| trace.for_customer(customer, &asked)).collect();
            Ok((traces, ()))
        })
        .await?;
    caller.record_contact(&id, Fetched::Other);
    Ok(HttpResponse::Ok().json(json!({})))
}

fn of_network(body: &Value) -> Map<String, Value> {
    let mut attributes_sent = Map::new();
    let number = match body.get("network") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let text = |name: &str| body.get("data")?.get(name)?.as_str().filter(|text| !text.is_empty());
    if let Some((_, name, own_id)) = NETWORKS.iter().find(|(known, ..)| *known == number) {
        attributes_sent.insert(SOURCE.to_owned(), value(text("media_source").unwrap_or(name)));
        if let (Some(key), Some(id)) = (own_id, text("rc_attribution_network_id")) {
            attributes_sent.insert((*key).to_owned(), value(id));
        }
    }
    for (field, key) in FIELDS {
        if let Some(found) = text(field).filter(|_| !attributes_sent.contains_key(key)) {
            attributes_sent.insert(key.to_owned(), value(found));
        }
    }
    attributes_sent
}

fn value(text: &str) -> Value {
    json!({ "value": text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_named_by_a_number_or_its_text() {
        let data =
            json!({ "campaign": "spring", "adset": "a", "rc_idfa": "1", "rc_attribution_network_id": "n", "x": 1 });
        let expected = json!({
            "$mediaSource": { "value": "AppsFlyer" }, "$appsflyerId": { "value": "n" }, "$adGroup": { "value": "a" },
            "$campaign": { "value": "spring" }, "$idfa": { "value": "1" },
        });
        for network in [json!("2"), json!(2)] {
            assert_eq!(Value::Object(of_network(&json!({ "network": network, "data": data }))), expected);
        }
        assert!(of_network(&json!({ "network": 77 })).is_empty() && of_network(&json!([])).is_empty());
    }
}
