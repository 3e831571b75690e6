//! The card: a list of names and values.

use askama::Template;
use askama::filters::HtmlSafe;

use super::model;
use super::model::Row;
use crate::pages::profile::visit::Visit;
use crate::web::filters;

#[derive(Debug, Template)]
#[template(path = "profile/details.html")]
pub struct Card {
    app_user_id: String,
    project: String,
    /// The list of the project's customers.
    project_href: String,
    rows: Vec<Row>,
}

impl HtmlSafe for Card {}

impl Card {
    /// No query: the visit holds everything.
    pub fn new(visit: &Visit) -> Card {
        Card {
            app_user_id: visit.opened_as.clone(),
            project: visit.project.name.clone(),
            project_href: format!("/projects/{}/customers", visit.project.slug),
            rows: model::rows(visit),
        }
    }
}
