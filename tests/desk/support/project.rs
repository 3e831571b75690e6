//! Projects made in the middle of a test, and webhooks to any project.

use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::auth::queries::set_role;
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::base::ids::PersonId;
use dossier::db::schema::{people, projects};
use sha2::{Digest, Sha256};

use super::seed::WEBHOOK_SECRET;
use super::{Answer, Desk};

impl Desk {
    /// Makes a project with [`WEBHOOK_SECRET`], in which everybody of the cast is an admin. Returns its slug.
    pub fn project_of_the_cast(&self) -> String {
        let id = self.project_of_its_own();
        let hash = dossier::base::hex(&Sha256::digest(WEBHOOK_SECRET.as_bytes()));
        let made = self.db.write_here(|conn| {
            diesel::update(projects::table.find(id)).set(projects::webhook_secret_hash.eq(&hash)).execute(conn)?;
            let people: Vec<PersonId> = people::table.select(people::id).load(conn)?;
            for person in people {
                set_role(conn, id, person, Role::Admin)?;
            }
            Ok::<_, Error>(())
        });
        made.expect("everybody joins");
        format!("p{id}")
    }

    /// Posts a webhook as RevenueCat does, with the right `Authorization`.
    pub async fn post_webhook(&self, slug: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.call(webhook_request(slug, body)).await
    }
}

/// The delivery of a webhook by RevenueCat.
pub fn webhook_request(slug: &str, body: impl Into<Vec<u8>>) -> TestRequest {
    TestRequest::post()
        .uri(&format!("/webhooks/revenuecat/{slug}"))
        .insert_header(("authorization", WEBHOOK_SECRET))
        .insert_header(("content-type", "application/json"))
        .set_payload(body.into())
}
