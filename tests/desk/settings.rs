//! The first page of the settings.

use crate::support::Desk;
use crate::support::cast::{ADA, DEV};

#[actix_web::test]
async fn the_project_page_shows_the_webhook_address_and_links_admins_to_the_people() {
    let desk = Desk::open().await;
    let admin = desk.get(&ADA, "/projects/sundial/settings").await;
    let developer = desk.get(&DEV, "/projects/sundial/settings").await;
    assert!(admin.body.contains("http://desk.example/webhooks/revenuecat/sundial"));
    let link = "href=\"/projects/sundial/settings/people\"";
    assert!(admin.body.contains(link) && !developer.body.contains(link));
    assert!(developer.body.contains("None yet.") && developer.body.contains("0 deliveries"));
}

#[actix_web::test]
async fn an_unsafe_setting_is_shown_to_admins_on_every_page() {
    let desk = Desk::open_at("http://desk.example").await;
    let shown = "DOSSIER_PUBLIC_URL is not https";
    assert!(desk.get(&ADA, "/projects/sundial/settings").await.body.contains(shown));
    assert!(!desk.get(&DEV, "/projects/sundial/settings").await.body.contains(shown));
    for safe in ["https://desk.example", "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]"] {
        let desk = Desk::open_at(safe).await;
        assert!(!desk.get(&ADA, "/projects/sundial/settings").await.body.contains(shown), "{safe}");
    }
}
