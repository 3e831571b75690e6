//! “Refresh” in the header of a connected project's profiles: asks RevenueCat about the customer, and says when it was asked last.

mod handlers;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::actions::fresh_key;
use crate::base::Permission::ChangePurchases;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::Conn;
use crate::operations::comparison::{Asked, last_asked};
use crate::pages::profile::visit::Visit;
use crate::web::{Routes, filters};
use crate::wording::{text, times};

pub fn routes(routes: &mut Routes) {
    routes.post("/projects/{p}/customers/{id}/refresh", ChangePurchases, handlers::refresh);
}

#[derive(Debug, Clone, Template)]
#[template(path = "profile/refresh.html")]
pub struct Refresh {
    when: String,
    /// What came of it the last time, where something did.
    words: Option<String>,
    /// The button; `None` for those who may not press it.
    action: Option<Press>,
}

#[derive(Debug, Clone)]
struct Press {
    path: String,
    once: String,
}

impl HtmlSafe for Refresh {}

impl Refresh {
    /// One query in a connected project; `None` in any other.
    pub fn load(conn: &mut Conn, visit: &Visit) -> Result<Option<Refresh>, Error> {
        let Some(connected) = visit.connected else { return Ok(None) };
        let asked = last_asked(conn, visit.customer.id)?;
        let may_ask = visit.may(ChangePurchases) && !connected.is_suspended;
        let once = if may_ask { Some(fresh_key()?) } else { None };
        let action = once.map(|once| Press { path: visit.action("refresh"), once });
        let when = when(asked.as_ref(), visit.ctx.now);
        let words = asked.filter(|asked| asked.outcome != "same").map(|asked| asked.words);
        Ok(Some(Refresh { when, words, action }))
    }
}

fn when(asked: Option<&Asked>, now: Moment) -> String {
    let Some(asked) = asked else { return "Never compared with RevenueCat".into() };
    let ago = text::uncapitalised(&times::relative(asked.at, now));
    match asked.outcome.as_str() {
        "failed" => format!("RevenueCat did not answer {ago}"),
        "unknown" => format!("Unknown at RevenueCat {ago}"),
        "differs" => format!("Differs from RevenueCat, compared {ago}"),
        _ => format!("Compared with RevenueCat {ago}"),
    }
}
