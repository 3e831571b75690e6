//! Made-up subscriptions, as rows of an export and as the webhooks that told the same.

use dossier::base::ids::ProjectId;
use dossier::cli::import::Summary;
use dossier::cli::import::exports::{self, Files};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{DAY, Desk, NOW};

/// The columns of version 5 that Dossier reads.
pub const COLUMNS: [&str; 35] = [
    "rc_original_app_user_id",
    "rc_last_seen_app_user_id_alias",
    "country",
    "product_identifier",
    "product_display_name",
    "start_time",
    "end_time",
    "grace_period_end_time",
    "effective_end_time",
    "store",
    "is_auto_renewable",
    "is_trial_period",
    "is_in_intro_offer_period",
    "is_sandbox",
    "price_in_usd",
    "purchase_price_in_usd",
    "store_transaction_id",
    "original_store_transaction_id",
    "refunded_at",
    "unsubscribe_detected_at",
    "billing_issues_detected_at",
    "purchased_currency",
    "price_in_purchased_currency",
    "purchase_price_in_purchased_currency",
    "entitlement_identifiers",
    "renewal_number",
    "is_trial_conversion",
    "presented_offering",
    "ownership_type",
    "reserved_subscriber_attributes",
    "custom_subscriber_attributes",
    "updated_at",
    "first_seen_time",
    "auto_resume_time",
    "offer",
];

/// A row of an export: Lena's monthly subscription, begun 40 days ago and ended 10 days ago, with other cells from `changes`.
pub fn row(changes: Value) -> Value {
    let mut row = json!({
        "rc_original_app_user_id": "lena", "product_identifier": "pro_monthly", "store": "app_store",
        "start_time": time(NOW.millis() - 40 * DAY), "end_time": time(NOW.millis() - 10 * DAY),
        "effective_end_time": time(NOW.millis() - 10 * DAY), "is_auto_renewable": "true", "is_trial_period": "false",
        "is_in_intro_offer_period": "false", "is_sandbox": "false", "price_in_usd": "9.99",
        "purchase_price_in_usd": "9.99", "store_transaction_id": "t-1", "original_store_transaction_id": "t-1",
        "purchased_currency": "EUR", "price_in_purchased_currency": "8.99",
        "purchase_price_in_purchased_currency": "8.99", "entitlement_identifiers": "[\"pro\"]", "renewal_number": "1",
        "is_trial_conversion": "false", "ownership_type": "PURCHASED", "country": "DE",
        "updated_at": time(NOW.millis() - DAY), "first_seen_time": time(NOW.millis() - 50 * DAY),
    });
    super::events::replace_fields(&mut row, &changes);
    row
}

/// `2026-11-23 17:00:00`
pub fn time(millis: i64) -> String {
    let at = dossier::base::clock::Moment(millis).utc().expect("a date");
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A file with these columns.
pub fn csv(columns: &[&str], separator: u8, rows: &[Value]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    writer.write_record(columns).expect("a header");
    for row in rows {
        let cell = |column: &&str| row[column].as_str().unwrap_or_default().to_owned();
        writer.write_record(columns.iter().map(cell)).expect("a row");
    }
    writer.into_inner().expect("a file")
}

/// A file of transactions of version 5.
pub fn transactions(rows: &[Value]) -> Vec<u8> {
    csv(&COLUMNS, b',', rows)
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("it is packed");
    packer.finish().expect("it is packed")
}

/// A file on the disk, until it is dropped.
pub struct OnDisk(pub String);

impl OnDisk {
    pub fn new(bytes: &[u8]) -> OnDisk {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("dossier_export_{}_{number}.csv", std::process::id()));
        std::fs::write(&path, bytes).expect("a file");
        OnDisk(path.display().to_string())
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).expect("the file is removed");
    }
}

/// Imports files of transactions and of customers.
pub fn try_import(
    desk: &Desk,
    project: ProjectId,
    transactions: &[&[u8]],
    customers: &[&[u8]],
) -> Result<Summary, String> {
    let on_disk = |files: &[&[u8]]| files.iter().map(|bytes| OnDisk::new(bytes)).collect::<Vec<_>>();
    let names = |files: &[OnDisk]| files.iter().map(|file| file.0.clone()).collect();
    let (transactions, customers) = (on_disk(transactions), on_disk(customers));
    let files = Files { transactions: names(&transactions), customers: names(&customers) };
    let slug = if project == desk.project { super::cast::SUNDIAL.into() } else { format!("p{project}") };
    exports::import(&desk.db, &slug, &files, NOW, &indicatif::ProgressBar::hidden())
}

/// Imports rows of transactions.
pub fn import_rows(desk: &Desk, project: ProjectId, rows: &[Value]) -> Summary {
    try_import(desk, project, &[&transactions(rows)], &[]).expect("it imports")
}

/// A subscription that was renewed some times, or one purchase.
#[derive(Debug, Clone)]
pub struct Chain {
    pub person: usize,
    store: &'static str,
    periods: i64,
    is_once: bool,
    has_trial: bool,
    is_sandbox: bool,
    /// How many days before now the last period ends, or ahead if it is negative.
    ended: i64,
    opted_out: bool,
    has_issue: bool,
    /// Which period was refunded, and how many tenths of it.
    refund: Option<(i64, i64)>,
    /// Whether the last period was ended early, by a product change or so.
    is_cut: bool,
    /// Whether an early export says that each payment was given back and renewal switched off, which was undone before any webhook.
    was_undone: bool,
}

pub fn chains() -> impl Strategy<Value = Vec<Chain>> {
    let store = prop::sample::select(vec!["app_store", "play_store", "stripe", "rc_billing"]);
    let shape = (0..3_usize, store, 1..6_i64, prop::bool::weighted(0.2), any::<bool>(), prop::bool::weighted(0.2));
    let fate = (-25..60_i64, any::<bool>(), prop::bool::weighted(0.3), prop::option::of((0..6_i64, 1..11_i64)));
    let one = (shape, fate, prop::bool::weighted(0.2), any::<bool>()).prop_map(|(shape, fate, is_cut, was_undone)| {
        let (person, store, periods, is_once, has_trial, is_sandbox) = shape;
        let (ended, opted_out, has_issue, refund) = fate;
        let periods = if is_once { 1 } else { periods };
        let refund = refund.map(|(period, tenths)| (period % periods, tenths));
        Chain {
            person,
            store,
            periods,
            is_once,
            has_trial,
            is_sandbox,
            ended,
            opted_out,
            has_issue,
            refund,
            is_cut,
            was_undone,
        }
    });
    prop::collection::vec(one, 1..5)
}

impl Chain {
    pub fn ids(&self) -> [String; 2] {
        [format!("$RCAnonymousID:{}", self.person), format!("person-{}", self.person)]
    }

    /// The event that both ids are of one person, which exports say as well.
    pub fn alias(&self) -> String {
        let [first, second] = self.ids();
        let changes =
            json!({ "id": format!("alias-{}", self.person), "app_user_id": second, "original_app_user_id": first });
        super::events::event_on_day(0, "SUBSCRIBER_ALIAS", changes).replace("\"lena\"", &format!("\"{first}\""))
    }

    /// The transactions: rows of an export, and webhooks. An early export was made before anything else, or between what was
    /// done and undone again.
    pub fn told(&self, number: usize, is_early: bool) -> (Vec<Value>, Vec<String>) {
        let periods = (0..self.periods).map(|period| self.period(number, period, is_early));
        let (rows, webhooks): (Vec<Value>, Vec<Vec<String>>) = periods.unzip();
        (rows, webhooks.concat())
    }

    fn period(&self, number: usize, period: i64, is_early: bool) -> (Value, Vec<String>) {
        let is_last = period == self.periods - 1;
        let end = NOW.millis() - self.ended * DAY - (self.periods - 1 - period) * 30 * DAY;
        let start = end - 30 * DAY;
        let is_trial = self.has_trial && period == 0 && !self.is_once;
        let first = match self.store {
            "play_store" => format!("GPA.1111-2222-3333-{number:05}"),
            _ => format!("{}-{number}", self.store),
        };
        let transaction = match self.store {
            "stripe" => first.clone(),
            "play_store" if period > 0 => format!("{first}..{}", period - 1),
            "play_store" => first.clone(),
            _ => format!("{first}-{period}"),
        };
        let original = if self.store == "play_store" || self.store == "stripe" { first } else { format!("{first}-0") };
        let gross = if is_trial { 0 } else { 10 };
        let tenths =
            self.refund.filter(|(refunded, _)| *refunded == period && gross > 0).map_or(0, |(_, tenths)| tenths);
        // A whole refund ends the period, one of a part does not.
        let refunded_at = (tenths > 0).then_some(start + 2 * DAY);
        let cut = (is_last && self.is_cut && !self.is_once && tenths == 0).then_some(start + 5 * DAY);
        let opted_out = (is_last && self.opted_out && !self.is_once).then_some(start + DAY);
        let issue = (is_last && self.has_issue && !self.is_once && tenths == 0 && cut.is_none()).then_some(end - DAY);
        let grace = issue.map(|_| end + 6 * DAY);
        // Webhooks come up to a minute after what they tell, and none is from the future.
        let past = |at: Option<i64>| at.filter(|at| *at <= NOW.millis() - 60_000);
        let known = |at: Option<i64>| past(at).filter(|_| !is_early);
        let shown = |at: Option<i64>| at.map(time);
        let ids = self.ids();
        let net = gross - if known(refunded_at).is_some() { gross * tenths / 10 } else { 0 };
        let effective = match (known(refunded_at), known(issue), known(cut)) {
            (Some(at), ..) if tenths == 10 => at,
            (_, Some(_), _) => grace.unwrap_or(end),
            (_, _, Some(at)) => at,
            _ => end,
        };
        let lasts = !self.is_once;
        let mut row = row(json!({
            "rc_original_app_user_id": ids[0], "rc_last_seen_app_user_id_alias": ids[1], "store": self.store,
            "start_time": time(start), "end_time": lasts.then(|| time(end)),
            "effective_end_time": (lasts || (tenths == 10 && known(refunded_at).is_some())).then(|| time(effective)),
            "is_auto_renewable": lasts.to_string(), "is_sandbox": self.is_sandbox.to_string(),
            "is_trial_period": is_trial.to_string(), "store_transaction_id": transaction,
            "original_store_transaction_id": original, "renewal_number": (period + 1).to_string(),
            "price_in_usd": net.to_string(), "purchase_price_in_usd": gross.to_string(),
            "price_in_purchased_currency": net.to_string(), "purchase_price_in_purchased_currency": gross.to_string(),
            "refunded_at": shown(known(refunded_at)), "unsubscribe_detected_at": shown(known(opted_out)),
            "billing_issues_detected_at": shown(known(issue)),
            "grace_period_end_time": shown(grace.filter(|_| known(issue).is_some())),
            "is_trial_conversion": (self.has_trial && period == 1).to_string(),
            "updated_at": time(if is_early { start } else { NOW.millis() - 1000 }),
        }));
        if is_early && self.was_undone && gross > 0 {
            let (off, back) = (time(start + DAY / 2), time(start + DAY));
            let undone = json!({
                "price_in_usd": "0", "price_in_purchased_currency": "0", "refunded_at": back, "effective_end_time": back,
                "unsubscribe_detected_at": off, "updated_at": time(start + 2 * DAY),
            });
            super::events::replace_fields(&mut row, &undone);
        }
        row["product_identifier"] =
            json!(if self.is_once { format!("coins-{number}") } else { format!("pro-{number}") });
        let common = json!({
            "app_user_id": ids[period as usize % 2], "original_app_user_id": null, "aliases": [],
            "environment": if self.is_sandbox { "SANDBOX" } else { "PRODUCTION" }, "store": self.store.to_uppercase(),
            "product_id": row["product_identifier"], "period_type": if is_trial { "TRIAL" } else { "NORMAL" },
            "purchased_at_ms": start + 321, "expiration_at_ms": lasts.then_some(end), "transaction_id": transaction,
            "original_transaction_id": original, "renewal_number": period + 1, "entitlement_ids": ["pro"], "price": 0,
            "currency": "EUR", "price_in_purchased_currency": 0, "country_code": "DE",
        });
        let webhook = |kind: &str, at: i64, changes: Value| {
            let mut event = common.clone();
            super::events::replace_fields(&mut event, &changes);
            event["id"] = json!(format!("{number}-{period}-{kind}-{at}"));
            event["type"] = json!(kind);
            event["event_timestamp_ms"] = json!(at);
            json!({ "api_version": "1.0", "event": event }).to_string()
        };
        let kind = match (self.is_once, period) {
            (true, _) => "NON_RENEWING_PURCHASE",
            (false, 0) => "INITIAL_PURCHASE",
            (false, _) => "RENEWAL",
        };
        let mut webhooks =
            vec![webhook(kind, start + 4_000, json!({ "price": gross, "price_in_purchased_currency": gross }))];
        if let Some(at) = past(refunded_at) {
            let end = if tenths == 10 { Some(at) } else { lasts.then_some(end) };
            let back = -(gross * tenths) as f64 / 10.0;
            let refund = json!({
                "cancel_reason": "CUSTOMER_SUPPORT", "price": back, "price_in_purchased_currency": back,
                "expiration_at_ms": end, "dossier_keeps_access": !lasts && tenths < 10,
            });
            webhooks.push(webhook("CANCELLATION", at, refund));
        }
        if let Some(at) = past(opted_out) {
            webhooks.push(webhook("CANCELLATION", at + 3_000, json!({ "cancel_reason": "UNSUBSCRIBE" })));
        }
        if let Some(at) = past(issue) {
            webhooks.push(webhook("BILLING_ISSUE", at + 2_000, json!({ "grace_period_expiration_at_ms": grace })));
        }
        if let Some(at) = past(cut) {
            webhooks.push(webhook("EXPIRATION", at + 60_000, json!({ "expiration_at_ms": at })));
        }
        (row, webhooks)
    }
}
