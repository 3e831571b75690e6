//! The data of every test database: two projects, and the cast in the first.

use std::sync::OnceLock;

use dossier::auth::password;
use dossier::auth::queries::{NewPerson, NewProject, insert_person, insert_project, set_role};
use dossier::base::error::Error;
use dossier::base::hex;
use dossier::base::ids::ProjectId;
use dossier::db::Db;
use sha2::{Digest, Sha256};

use super::NOW;
use super::cast::{MOONRISE, PASSWORD, SUNDIAL, TEAM};

/// The `Authorization` value of the webhooks of every project.
pub const WEBHOOK_SECRET: &str = "Bearer of the desk";

/// The id of the project that the team belongs to.
pub const SUNDIAL_ID: ProjectId = ProjectId(11);
/// The id of the project that the team does not belong to.
pub const MOONRISE_ID: ProjectId = ProjectId(12);

/// Makes the projects and the cast.
pub fn fill(db: &Db) {
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| password::hash(PASSWORD).expect("a hash"));
    let secret = hex(&Sha256::digest(WEBHOOK_SECRET));
    let filled = db.write_here(|conn| {
        for (id, slug, name) in [(SUNDIAL_ID, SUNDIAL, "Sundial"), (MOONRISE_ID, MOONRISE, "Moonrise")] {
            insert_project(conn, &NewProject { id, slug, name, webhook_secret_hash: &secret }, NOW)?;
        }
        for person in TEAM {
            let new = NewPerson { id: person.id, email: person.email, name: person.name, password_hash: hash };
            insert_person(conn, &new, NOW)?;
            set_role(conn, SUNDIAL_ID, person.id, person.role)?;
        }
        Ok::<_, Error>(())
    });
    filled.expect("the cast");
}
