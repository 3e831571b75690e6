//! Where what somebody does to a customer arrives: each dialog says that it changes Dossier alone, or that RevenueCat is asked first.

use dossier::operations::grants::Preset;
use dossier::wording::text::segment;
use serde_json::json;

use crate::support::Desk;
use crate::support::cast::{ADA, DEV, Person, SOL, TEAM};
use crate::support::catalogs::apply_catalog;
use crate::support::connected::{MARA, connect_to};
use crate::support::customers::{grants_of, store_purchases_of};
use crate::support::events::{deliver, purchase};
use crate::support::operations::grant;
use crate::support::pages::text_of;
use crate::support::stand_in::StandIn;

const ALONE: &str = "This changes Dossier alone. The app sees it only if its SDK talks to Dossier";
const BY_LINK: &str = ", or when the project is connected to RevenueCat: Connections .";
const BY_ADMIN: &str = ", or when an admin connects the project to RevenueCat.";
const FIRST: &str = "RevenueCat is asked first.";
const LINK: &str = "<a href=\"/projects/sundial/settings/connections\">Connections</a>";

/// A desk where Mara has something of everything that can be changed, and Noor may get her purchases.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    apply_catalog(
        &desk,
        &json!({
            "entitlements": [{ "id": "pro", "display_name": "Pro access" }],
            "offerings": [{ "id": "spring", "display_name": "Spring" }],
        }),
    );
    let gold = json!({
        "id": "gold", "type": "VIRTUAL_CURRENCY_TRANSACTION", "source": "in_app_purchase", "environment": null,
        "purchase_environment": "PRODUCTION", "virtual_currency_transaction_id": "vatx-1",
        "adjustments": [{ "amount": 30, "currency": { "code": "GLD", "name": "Gold" } }],
    });
    let sale = json!({ "id": "sale", "store": "TEST_STORE", "currency": "USD", "price_in_purchased_currency": 9.99 });
    deliver(
        &desk,
        desk.project,
        &[purchase("mara", 3, sale), purchase("mara", 2, gold), purchase("noor", 1, json!({}))],
    );
    grant(&desk, "mara", "pro", Preset::Weekly);
    let fields = [("key", "plan"), ("value", "gold"), ("new", "1")];
    assert_eq!(desk.post_form(&SOL, &format!("{MARA}/attributes"), &fields).await.status, 303);
    desk
}

/// What changes a customer here, by what is added to the address of the profile.
fn acts(desk: &Desk) -> Vec<String> {
    let granted = segment(&grants_of(desk, "mara").remove(0).key);
    let dialogs = [
        "grant",
        &format!("grant-revoke.{granted}"),
        "offering-choose",
        "attribute-add",
        "attribute-edit.plan",
        "currency-edit.GLD",
        "manage-delete",
        "manage-block",
    ];
    let dialogs = dialogs.map(|name| format!("?dialog={name}"));
    dialogs.into_iter().chain(["/transfer?to=noor".to_owned()]).collect()
}

/// What is asked of the store of a purchase.
fn asked_of_stores(desk: &Desk) -> Vec<String> {
    let key = segment(&store_purchases_of(desk, "mara").remove(0));
    ["refund", "cancel", "extend"].iter().map(|name| format!("?dialog={name}.{key}")).collect()
}

/// The page with the form of an act; `None` when this person gets none.
async fn form_of(desk: &Desk, person: &Person, act: &str) -> Option<String> {
    let answer = desk.get(person, &format!("{MARA}{act}")).await;
    let is_there =
        answer.status == 200 && (answer.body.contains("<dialog") || answer.body.contains("class=\"confirm\""));
    is_there.then_some(answer.body)
}

#[actix_web::test]
async fn with_webhooks_only_each_act_says_that_the_app_may_not_see_it() {
    let desk = desk().await;
    let mut seen = Vec::new();
    for (act, person) in acts(&desk).iter().flat_map(|act| TEAM.map(|person| (act, person))) {
        let Some(page) = form_of(&desk, &person, act).await else { continue };
        seen.push((act.clone(), person.name));
        let (text, is_admin) = (text_of(&page), person.id == ADA.id);
        let way = if is_admin { BY_LINK } else { BY_ADMIN };
        assert!(text.contains(&format!("{ALONE}{way}")), "{act} of {}: {text}", person.name);
        assert_eq!(page.contains(LINK), is_admin, "{act} of {}", person.name);
        assert!(!text.contains(FIRST), "{act} of {}", person.name);
    }
    let by = |name: &str| seen.iter().filter(|(_, by)| *by == name).count();
    assert_eq!((by(ADA.name), by(SOL.name), by("Vera Lind")), (acts(&desk).len(), 7, 0), "{seen:?}");
    // The Test Store is here, so what it is asked for is not said to stay here alone.
    for act in asked_of_stores(&desk) {
        let text = text_of(&form_of(&desk, &ADA, &act).await.unwrap_or_else(|| panic!("{act} is offered")));
        assert!(!text.contains(ALONE) && !text.contains(FIRST), "{act}: {text}");
    }
}

#[actix_web::test]
async fn in_a_connected_project_each_act_says_that_revenuecat_is_asked_first() {
    let (desk, upstream) = (desk().await, StandIn::open());
    connect_to(&desk, &upstream);
    for (act, person) in
        acts(&desk).iter().chain(&asked_of_stores(&desk)).flat_map(|act| [ADA, DEV, SOL].map(|one| (act, one)))
    {
        let Some(page) = form_of(&desk, &person, act).await else {
            assert!(person.id != ADA.id, "{act} is offered");
            continue;
        };
        let text = text_of(&page);
        assert!(text.contains(FIRST), "{act} of {}: {text}", person.name);
        for untrue in [ALONE, "No other system is informed", " at once: "] {
            assert!(!text.contains(untrue), "{act} of {}: {untrue}", person.name);
        }
    }
    assert!(upstream.calls().is_empty(), "a dialog asks nobody");
}
