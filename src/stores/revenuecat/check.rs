//! "Check connection": reads are tried; a write is tried at a customer or a subscription that cannot exist, where 404 says that
//! the key may, and 403 that it may not.

use serde_json::{Value, json};

use super::connection::Keys;
use super::findings::{Finding, Findings, Verdict};
use super::http::{Access, Call, Lost, Method, Reply, Upstream, segment};
use crate::base::error::Error;
use crate::base::{hex, random_bytes};

/// What a check comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// The project can be read with these keys.
    Connected(Findings),
    /// It can be read, and the key of the first version is refused.
    WrongFirstKey(String, Findings),
    /// The address does not answer as the API does.
    NoApi(String),
    /// It answers that it cannot now.
    Busy(String),
    /// The key of the second version is refused.
    WrongKey(String),
    /// The key of the second version is one of the first, and the other way round.
    Swapped,
    /// The key is good, and not for this project, or there is no such project.
    WrongProject(String),
}

/// A read that is tried: what it is for, its path below the project, and its scope.
const READS: [(&str, &str, &str); 9] = [
    ("Read customers", "/customers?limit=1", "customer_information:customers:read"),
    ("Read subscriptions", "/customers/{nobody}/subscriptions?limit=1", "customer_information:subscriptions:read"),
    (
        "Read payments of subscriptions",
        "/subscriptions/{nobody}/transactions?limit=1",
        "customer_information:subscriptions:read",
    ),
    ("Read one-time purchases", "/customers/{nobody}/purchases?limit=1", "customer_information:purchases:read"),
    ("Read apps", "/apps?limit=1", "project_configuration:apps:read"),
    ("Read products", "/products?limit=1", "project_configuration:products:read"),
    ("Read entitlements", "/entitlements?limit=1", "project_configuration:entitlements:read"),
    ("Read offerings", "/offerings?limit=1", "project_configuration:offerings:read"),
    ("Read invoices", "/customers/{nobody}/invoices", "customer_information:invoices:read"),
];

/// What only a key of the first version is for.
const FIRST_VERSION: &str = "Refund and cancel at Google Play (v1 key)";

const CUSTOMERS: &str = "customer_information:customers:read_write";
const SUBSCRIPTIONS: &str = "customer_information:subscriptions:read_write";
const PURCHASES: &str = "customer_information:purchases:read_write";

/// Tries what the connection is used for.
///
/// # Errors
/// When the operating system's random source fails.
pub fn check(upstream: &Upstream, base_url: &str, project: &str, keys: &Keys) -> Result<Checked, Error> {
    let nobody = format!("dossier-check-{}", hex(&random_bytes::<16>()?));
    let at = Access { base_url, key: &keys.v2, other_key: keys.v1.as_deref() };
    let base = format!("/v2/projects/{}", segment(project));
    let first = upstream.get(&at, &format!("{base}/customers?limit=1"));
    if let Some(refused) = refusal(upstream, base_url, &base, keys, first) {
        return Ok(refused);
    }
    let mut findings: Vec<Finding> = READS
        .iter()
        .map(|(what, path, scope)| {
            let path = format!("{base}{}", path.replace("{nobody}", &nobody));
            finding(what, scope, upstream.get(&at, &path))
        })
        .collect();
    for (what, scope, method, path, body) in writes(&nobody) {
        let path = format!("{base}{path}");
        let call = Call { method, path: &path, body: body.as_ref(), once: None };
        findings.push(finding(what, scope, upstream.call(&at, &call)));
    }
    let Some(key) = &keys.v1 else {
        findings.push(Finding {
            what: FIRST_VERSION.into(),
            scope: String::new(),
            verdict: Verdict::NoKey,
            words: "No v1 key is entered.".into(),
        });
        return Ok(Checked::Connected(Findings(findings)));
    };
    let answered = first_version(upstream, &Access { base_url, key, other_key: Some(&keys.v2) }, &nobody);
    let refused = answered.as_ref().ok().filter(|reply| reply.status == 401).map(Reply::words);
    findings.push(finding(FIRST_VERSION, "", answered));
    let findings = Findings(findings);
    Ok(match refused {
        Some(words) => Checked::WrongFirstKey(words, findings),
        None => Checked::Connected(findings),
    })
}

/// Why the connection cannot be used at all.
fn refusal(
    upstream: &Upstream,
    base_url: &str,
    base: &str,
    keys: &Keys,
    first: Result<Reply, Lost>,
) -> Option<Checked> {
    let reply = match first {
        Ok(reply) => reply,
        Err(lost) => return Some(Checked::NoApi(lost.words().to_owned())),
    };
    let is_error = reply.body.get("object").and_then(Value::as_str) == Some("error");
    let words = reply.words();
    match reply.status {
        200..300 if reply.body.get("items").is_some_and(Value::is_array) => None,
        401 | 403 if is_swapped(upstream, base_url, base, keys) => Some(Checked::Swapped),
        401 => Some(Checked::WrongKey(words)),
        // A key of the project that may not read customers may still do the rest.
        403 if can_read(upstream, base_url, base, &keys.v2) => None,
        403 | 404 if is_error => Some(Checked::WrongProject(words)),
        423 | 429 | 500.. if is_error => Some(Checked::Busy(words)),
        _ => Some(Checked::NoApi(format!("It answered {}: {words}", reply.status))),
    }
}

fn can_read(upstream: &Upstream, base_url: &str, base: &str, key: &str) -> bool {
    let at = Access { base_url, key, other_key: None };
    let read = upstream.get(&at, &format!("{base}/entitlements?limit=1"));
    read.is_ok_and(|reply| reply.is_success())
}

fn is_swapped(upstream: &Upstream, base_url: &str, base: &str, keys: &Keys) -> bool {
    keys.v1.as_ref().is_some_and(|key| *key != keys.v2 && can_read(upstream, base_url, base, key))
}

type Write = (&'static str, &'static str, Method, String, Option<Value>);

/// Writes that cannot change anything, because nobody and nothing has these ids.
fn writes(nobody: &str) -> Vec<Write> {
    let customer = format!("/customers/{nobody}");
    let post = |what, scope, path: String, body: Value| (what, scope, Method::Post, path, Some(body));
    let grant = json!({ "entitlement_id": nobody, "expires_at": 4_102_444_800_000_i64 });
    vec![
        post("Grant access", CUSTOMERS, format!("{customer}/actions/grant_entitlement"), grant),
        post(
            "Choose an offering",
            CUSTOMERS,
            format!("{customer}/actions/assign_offering"),
            json!({ "offering_id": null }),
        ),
        post(
            "Set attributes",
            CUSTOMERS,
            format!("{customer}/attributes"),
            json!({ "attributes": [{ "name": "dossier_check", "value": null }] }),
        ),
        post(
            "Move purchases",
            CUSTOMERS,
            format!("{customer}/actions/transfer"),
            json!({ "target_customer_id": nobody }),
        ),
        post(
            "Change balances",
            CUSTOMERS,
            format!("{customer}/virtual_currencies/transactions"),
            json!({ "adjustments": { "DOSSIER": 1 } }),
        ),
        ("Delete customers", CUSTOMERS, Method::Delete, customer, None),
        post(
            "Cancel, refund and extend subscriptions",
            SUBSCRIPTIONS,
            format!("/subscriptions/{nobody}/actions/cancel"),
            json!({}),
        ),
        post("Refund one-time purchases", PURCHASES, format!("/purchases/{nobody}/actions/refund"), json!({})),
    ]
}

/// The first version of the API has no scopes; a key of it is tried where nothing can change.
fn first_version(upstream: &Upstream, at: &Access<'_>, nobody: &str) -> Result<Reply, Lost> {
    let path = format!("/v1/subscribers/{nobody}/transactions/{nobody}/refund");
    let call = Call { method: Method::Post, path: &path, body: Some(&json!({})), once: None };
    upstream.call(at, &call)
}

fn finding(what: &str, scope: &str, answered: Result<Reply, Lost>) -> Finding {
    let (verdict, words) = match answered {
        Ok(reply) => match reply.status {
            200..300 | 404 => (Verdict::Works, String::new()),
            401 | 403 => (Verdict::Denied, reply.words()),
            429 => (Verdict::Unknown, "It is busy. Check again in a minute.".into()),
            500.. => (Verdict::Failed, reply.words()),
            _ => (Verdict::Unknown, reply.words()),
        },
        Err(lost) => (Verdict::Failed, lost.words().to_owned()),
    };
    Finding { what: what.into(), scope: scope.into(), verdict, words }
}
