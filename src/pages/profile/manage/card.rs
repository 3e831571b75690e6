//! The card: what deleting erases, what would continue outside Dossier, and what cannot be undone; and the buttons for
//! people with the permission.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::model::Held;
use super::queries;
use crate::base::Permission::{DeleteCustomers, ExportCustomers};
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::web::filters;
use crate::wording::sentence::Sentence;

#[derive(Debug, Template)]
#[template(path = "profile/manage.html")]
pub struct Card {
    held: Held,
    outside_effects: Vec<Sentence>,
    /// The addresses of the dialogs and of the export page; `None` without the permission.
    delete: Option<String>,
    block: Option<String>,
    export: Option<String>,
    is_past: bool,
}

impl HtmlSafe for Card {}

impl Card {
    /// Three queries; none on a page that shows the past.
    pub fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Card> {
        let held = match visit.as_of {
            Some(_) => Held::default(),
            None => queries::held_with(conn, visit, visit.attributes_count())?,
        };
        Ok(Card::new(visit, held))
    }

    /// Who may delete, for people who may not.
    fn who_may(&self) -> &'static str {
        match &self.delete {
            Some(_) => "",
            None => " An admin can do it.",
        }
    }

    fn new(visit: &Visit, held: Held) -> Card {
        Card {
            outside_effects: held.outside_effects(visit.ctx.now, |purchase| visit.product_name(purchase).to_owned()),
            delete: visit.may(DeleteCustomers).then(|| visit.dialog("manage-delete")),
            block: visit.may(DeleteCustomers).then(|| visit.dialog("manage-block")),
            export: visit
                .may(ExportCustomers)
                .then(|| format!("{}/export{}", visit.href, visit.as_of.map_or_else(String::new, |_| visit.view()))),
            is_past: visit.as_of.is_some(),
            held,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Role;
    use crate::pages::profile::testing;

    #[test]
    fn each_role_sees_the_controls_it_may_use() {
        let mut visit = testing::lena();
        let mut shown = |role, others_may_delete| {
            (visit.role, visit.project.roles.others_may_delete) = (role, others_may_delete);
            let html = Card::new(&visit, Held { ids: 3, events: 1, ..Held::default() }).to_string();
            ["manage-delete", "manage-block", "/export"].map(|control| html.contains(control))
        };
        assert_eq!(shown(Role::Viewer, true), [false, false, false]);
        assert_eq!(shown(Role::Support, false), [false, false, true]);
        assert_eq!(shown(Role::Support, true), [true, true, true]);
        assert_eq!(shown(Role::Admin, false), [true, true, true]);
    }
}
