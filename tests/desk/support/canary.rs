//! A customer of whom everything is known, with one word in every value, by which a test finds whatever is left of them.

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::customers::identity;
use dossier::db::schema::*;
use dossier::ingest::rejected;
use dossier::stores::revenuecat::queue::{self, Run};
use serde_json::{Value, json};

use super::cast::SOL;
use super::events::{deliver, event_on_day, replace_fields};
use super::{Desk, NOW};

/// Tables in which this customer has no row, because it would be in the way: running jobs, running grants, transfers.
pub const WITHOUT_ROWS: [&str; 4] = ["deletion_choices", "grant_ends", "retained_events", "transfer_links"];

/// Adds a customer of whom everything is known that can be known. Every value holds "kanarie", except that a colleague is always Sol.
pub async fn add_customer_with_everything(desk: &Desk) {
    let bodies = [
        canary(0, "INITIAL_PURCHASE", json!({ "price": 9.99 })),
        canary(30, "RENEWAL", json!({ "price": 9.99 })),
        canary(31, "CANCELLATION", json!({ "cancel_reason": "kanarie" })),
        canary(32, "VIRTUAL_CURRENCY_TRANSACTION", json!({})),
        canary(33, "EXPERIMENT_ENROLLMENT", json!({ "enrolled_at_ms": 5 })),
        canary(34, "KANARIE", json!({ "payload": "kanarie".repeat(5_000) })),
        canary(35, "INITIAL_PURCHASE", json!({ "environment": "SANDBOX", "original_transaction_id": "kanarie-s" })),
        canary(36, "NON_RENEWING_PURCHASE", json!({ "store": "PROMOTIONAL" })),
        // Kept among the rejected deliveries: this event id came before with another body.
        canary(36, "NON_RENEWING_PURCHASE", json!({ "store": "APP_STORE" })),
    ];
    deliver(desk, desk.project, &bodies);
    // So many that there is a checkpoint between them.
    let renewals: Vec<String> = (-40..-4).map(|day| canary(day, "RENEWAL", json!({ "price": 9.99 }))).collect();
    deliver(desk, desk.project, &renewals);
    let bodies = [
        r#"{"event":{"type":"RENEWAL","app_user_id":"kanarie-id"}}"#,
        r#"{"event":{"type":"RENEWAL","app_user_id":"kanarie\/\u00fc 2","#,
        "not JSON for $RCAnonymousID:kanarie",
        r#"{"mail":"kanarie@sundial.example"}"#,
    ];
    let project = desk.project;
    let filled = desk.db.write_here(|conn| {
        for text in bodies {
            rejected::keep(conn, &desk.ctx(), desk.clock.now(), "no type", text.as_bytes())?;
        }
        let customer = identity::find(conn, project, "kanarie-id")?.ok_or(Error::NotFound)?;
        let seen = (
            customers::app_version.eq("kanarie"),
            customers::platform.eq("kanarie"),
            customers::platform_version.eq("kanarie"),
            customers::sdk_version.eq("kanarie"),
            customers::locale.eq("kanarie"),
        );
        diesel::update(customers::table.find(customer)).set(seen).execute(conn)?;
        let overridden = (
            offering_overrides::customer_id.eq(customer),
            offering_overrides::project_id.eq(project),
            offering_overrides::is_end_recorded.eq(false),
            offering_overrides::offering.eq("kanarie"),
            offering_overrides::set_by.eq("Sol Mbeki"),
            offering_overrides::set_at.eq(1),
            offering_overrides::reason.eq("kanarie"),
        );
        diesel::insert_into(offering_overrides::table).values(overridden).execute(conn)?;
        let sale = (
            test_sales::customer_id.eq(customer),
            test_sales::token.eq("test_1_kanarie"),
            test_sales::renews_at.eq(i64::MAX),
            test_sales::period.eq(1),
            test_sales::renewals.eq(0),
        );
        diesel::insert_into(test_sales::table).values(sale).execute(conn)?;
        let asked = (
            requests::project_id.eq(project),
            requests::id.eq(7),
            requests::customer_id.eq(customer),
            requests::kind.eq("refund"),
            requests::environment.eq("production"),
            requests::purchase.eq("APP_STORE:kanarie-0"),
            requests::transaction_id.eq("kanarie-0"),
            requests::terms
                .eq(r#"{"project":1,"request":7,"environment":"production","store":"APP_STORE","product_id":"kanarie",
                "transaction_id":"kanarie-0","original_transaction_id":"kanarie-0","wanted":"resume"}"#),
            requests::reason.eq("kanarie"),
            requests::state.eq("withdrawn"),
            (requests::state_at.eq(1), requests::asked_at.eq(1), requests::attempts.eq(0)),
            (requests::asker_kind.eq("person"), requests::asker_id.eq(SOL.id.0), requests::asker_role.eq("support")),
        );
        diesel::insert_into(requests::table).values(asked).execute(conn)?;
        let step = (
            request_steps::project_id.eq(project),
            request_steps::request_id.eq(7),
            request_steps::number.eq(0),
            request_steps::at.eq(1),
            request_steps::state.eq("withdrawn"),
            request_steps::words.eq("kanarie"),
        );
        diesel::insert_into(request_steps::table).values(step).execute(conn)?;
        let kept = (
            (kept_here::customer_id.eq(customer), kept_here::kind.eq("attribute"), kept_here::item.eq("kanarie")),
            (kept_here::made_at.eq(1), kept_here::choice.eq("keep"), kept_here::decided_at.eq(1)),
            (kept_here::person_id.eq(SOL.id.0), kept_here::role.eq("admin")),
        );
        diesel::insert_into(kept_here::table).values(kept).execute(conn)?;
        let compared = (
            (comparisons::customer_id.eq(customer), comparisons::asked_at.eq(1)),
            (comparisons::outcome.eq("found"), comparisons::words.eq("kanarie")),
        );
        diesel::insert_into(comparisons::table).values(compared).execute(conn)?;
        for id in ["kanarie-id", "kanarie/ü 2"] {
            queue::add(conn, project, Run::Webhook, &[id.to_owned()], NOW)?;
        }
        let starred =
            (test_customers::customer_id.eq(customer), test_customers::person_id.eq(SOL.id), test_customers::at.eq(1));
        diesel::insert_into(test_customers::table).values(starred).execute(conn)?;
        diesel::insert_into(stale_customers::table).values(stale_customers::customer_id.eq(customer)).execute(conn)?;
        Ok::<_, Error>(())
    });
    filled.expect("everything is known");
    let noted = desk.post_form(&SOL, "/projects/sundial/customers/kanarie-id/notes", &[("body", "kanarie")]).await;
    assert_eq!(noted.status.as_u16(), 303);
}

/// An event of a customer in which every value holds "kanarie".
fn canary(day: i64, kind: &str, extra: Value) -> String {
    let mut fields = json!({
        "app_user_id": "kanarie-id", "original_app_user_id": "$RCAnonymousID:kanarie", "aliases": ["kanarie-id", "kanarie/ü 2"],
        "subscriber_attributes": {
            "$email": { "value": "kanarie@sundial.example" }, "$displayName": { "value": "Kanarie kanarie" },
            "$phoneNumber": { "value": "+316kanarie12345" }, "kanarie": { "value": "kanarie" }, "kanarie_gone": { "value": "" },
        },
        "experiments": [{ "experiment_id": "kanarie", "experiment_variant": "kanarie" }],
        "product_id": "kanarie", "transaction_id": format!("kanarie-{day}"), "original_transaction_id": "kanarie-0",
        "entitlement_ids": ["kanarie"], "presented_offering_id": "kanarie", "unknown": { "kanarie": "kanarie" },
        "adjustments": [{ "amount": 5, "currency": { "code": "kanarie", "name": "kanarie" } }], "id": format!("kanarie-{day}-{kind}"),
    });
    replace_fields(&mut fields, &extra);
    event_on_day(day, kind, fields)
}
