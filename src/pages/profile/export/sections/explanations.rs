//! Why the customer has access or not, in the environment of the page (§2.3), without the names of the team and of others.

use diesel::QueryResult;
use serde::Serialize;

use super::Section;
use crate::db::Conn;
use crate::explanation;
use crate::pages::profile::explained::Explained;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The identifier; `None` where no entitlement is concerned.
    pub entitlement: Option<String>,
    pub has_access: bool,
    pub headline: String,
    pub reason: String,
}

impl Section for Explanation {
    type Field = Vec<Explanation>;

    const TITLE: &'static str = "Access, and why";
    const HEADS: &'static [&'static str] = &["Entitlement", "Access", "Why"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<Explanation>> {
        let one = |one: &explanation::Explanation| Explanation {
            entitlement: one.entitlement.as_ref().map(|own| own.identifier.clone()),
            has_access: one.has_access,
            headline: one.headline.plain(),
            reason: one.reason.plain(),
        };
        Ok(Explained::load_alone(conn, visit)?.explanations.iter().map(one).collect())
    }

    fn rows(explanations: &Vec<Explanation>) -> Vec<Vec<String>> {
        let row = |one: &Explanation| {
            vec![one.entitlement.clone().unwrap_or_default(), one.headline.clone(), one.reason.clone()]
        };
        explanations.iter().map(row).collect()
    }
}
