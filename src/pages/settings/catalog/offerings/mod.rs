//! Offerings: what apps show. One of them is the default; no customer gets an archived one.

mod dialog;
mod draft;
mod handlers;
pub mod page;

use crate::actions::show;
use crate::auth::Member;
use crate::base::Permission::{ManageCatalog, ReadSettings};
use crate::web::{Proof, Routes};
use crate::wording::text::segment;

pub use dialog::dialog_to_add;

pub fn routes(routes: &mut Routes) {
    routes.within("/offerings", |routes| {
        routes.post("", ManageCatalog, handlers::add);
        routes.get("/{offering}", ReadSettings, show::<page::OfferingPage>);
        routes.post("/{offering}", ManageCatalog, handlers::edit);
        routes.post("/{offering}/default", ManageCatalog, handlers::choose_default);
        routes.post("/{offering}/archive", ManageCatalog, handlers::archive);
        routes.post("/{offering}/unarchive", ManageCatalog, handlers::unarchive);
        routes.post("/{offering}/delete", ManageCatalog, handlers::delete).asks_for(Proof::Always);
    });
}

/// The path of an offering's page.
pub fn href(member: &Member, identifier: &str) -> String {
    format!("{}/offerings/{}", super::address(member), segment(identifier))
}
