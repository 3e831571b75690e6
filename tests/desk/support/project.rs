//! Projects made in the middle of a test, and deliveries to them.

use actix_web::test::TestRequest;
use dossier::error::Error;
use dossier::people::queries::{NewProject, insert_project, set_role};
use dossier::people::Role;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::{Answer, Desk};

/// The `Authorization` value of every project made here.
pub const SECRET: &str = "Bearer of the desk";

impl Desk {
    /// An empty project that nobody is a member of.
    pub fn project_of_its_own(&self) -> i64 {
        let id = self.ids.next(self.clock.now());
        let slug = format!("p{id}");
        let hash = dossier::page::hex(&Sha256::digest(SECRET.as_bytes()));
        let now = self.clock.now();
        let made = self.db.write_here(|conn| {
            let new = NewProject { id, slug: &slug, name: "Another", webhook_secret_hash: &hash };
            Ok::<_, Error>(insert_project(conn, &new, now)?)
        });
        made.expect("the project is made");
        id
    }

    /// A project with a known secret that everybody of the cast is a member of; returns its slug.
    pub fn project_of_the_cast(&self) -> String {
        let id = self.project_of_its_own();
        let made = self.db.write_here(|conn| {
            let people: Vec<i64> = dossier::schema::people::table.select(dossier::schema::people::id).load(conn)?;
            for person in people {
                set_role(conn, id, person, Role::Admin)?;
            }
            Ok::<_, Error>(())
        });
        made.expect("everybody joins");
        format!("p{id}")
    }

    /// Sends a webhook body with the right `Authorization`.
    pub async fn deliver(&self, slug: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = TestRequest::post()
            .uri(&format!("/webhooks/revenuecat/{slug}"))
            .insert_header(("authorization", SECRET))
            .insert_header(("content-type", "application/json"))
            .set_payload(body.into());
        self.call(request).await
    }
}
