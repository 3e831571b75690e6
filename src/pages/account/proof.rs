//! `/account/proof`: asks for the password or a code again, then leads to a page that discloses so much that the log-in must be
//! recent: everything held on a customer, lists and the audit log as files.

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::actions::{AccountForm, Opened, OwnAccount, Page, View};
use crate::auth::next;
use crate::base::error::Error;
use crate::db::Conn;
use crate::web::{Layout, form};

/// The path of the page.
const OWN: &str = "/account/proof";

#[derive(Template)]
#[template(path = "account/proof.html")]
pub struct ProofPage {
    layout: Layout,
    form: Opened,
    /// Where to go afterwards.
    next: String,
    /// Whether something waits for the proof.
    has_next: bool,
    /// The page before, to go back to.
    back: String,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    next: String,
}

impl Page for ProofPage {
    type Scope = OwnAccount;

    fn load(_: &mut Conn, view: &View<'_, OwnAccount>) -> Result<ProofPage, Error> {
        let logged_in = view.who;
        let form = view.sent().cloned().unwrap_or_default();
        let next = match view.sent() {
            Some(sent) => sent.value("next", "").to_owned(),
            None => form::field(view.query, "next").unwrap_or_default(),
        };
        let next = Some(next::path(&next)).filter(|next| *next != "/" && !next.starts_with(OWN)).map(str::to_owned);
        Ok(ProofPage {
            layout: logged_in.layout("Confirm that it is you"),
            form: form.by(logged_in.is_proven, logged_in.has_second_factor),
            back: next.as_deref().map(page_of).unwrap_or_default().to_owned(),
            has_next: next.is_some(),
            next: next.unwrap_or_else(|| "/account".into()),
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn has_dialogs() -> bool {
        false
    }
}

impl ProofPage {
    /// Whether a download follows, which leaves this page where it is.
    fn is_file(&self) -> bool {
        self.has_next && self.back != self.next
    }
}

/// The page on which a file is offered: its path without the ending. For a page, its own address.
fn page_of(next: &str) -> &str {
    let path = next.split('?').next().unwrap_or(next);
    [".csv", ".json"].iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(next)
}

/// `POST /account/proof`
pub async fn prove(form: AccountForm<Asked>) -> Result<HttpResponse, Error> {
    let next = next::path(&form.draft().next).to_owned();
    form.only_prove::<ProofPage>("proof", next).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_offered_on_the_page_of_its_name() {
        assert_eq!(page_of("/projects/p/customers.csv?list=all"), "/projects/p/customers");
        assert_eq!(page_of("/projects/p/customers/lena/export.json"), "/projects/p/customers/lena/export");
        assert_eq!(
            page_of("/projects/p/customers/lena/export?sandbox=1"),
            "/projects/p/customers/lena/export?sandbox=1"
        );
    }
}
