//! Starts the job. The number that was typed must be the number of customers who would be deleted now.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::address;
use super::review::Choice;
use super::review::ReviewPage;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::clock::Clock;
use crate::base::error::{Error, Refusal};
use crate::base::ids::{CustomerId, Ids};
use crate::db::Db;
use crate::operations::test_accounts::jobs::{self, Requester};
use crate::operations::test_accounts::work;
use crate::wording::text::{count, grouped};

#[derive(Deserialize)]
pub struct Typed {
    bought: String,
    #[serde(default)]
    ids: String,
    #[serde(default)]
    before: String,
    scope: String,
    #[serde(default)]
    customer: String,
    #[serde(default)]
    count: String,
}

pub async fn start(form: ActionForm<Typed>, at: (Data<Db>, Data<Ids>, Data<Clock>)) -> Result<HttpResponse, Error> {
    let work = |action: &mut ActionContext<'_>, typed: Typed| {
        let choice = typed.choice()?;
        let project = action.who.project.id;
        let chosen: Vec<CustomerId> = choice.find(action.conn, project)?.into_iter().map(|one| one.id).collect();
        let number = i64::try_from(chosen.len()).unwrap_or(i64::MAX);
        typed.must_say(number)?;
        let member = action.who;
        let requester = Requester { person: member.person.id, role: member.role.name() };
        let id = jobs::start(action.conn, &action.ctx, requester, &choice.wanted, &chosen)?;
        let message = count(number, "customer", "customers");
        let location = format!("{}/jobs/{id}", address(&member.project.slug));
        let trace = Trace::new(Action::TestAccountsChosen).about(message.clone());
        Ok(Done::new(trace, format!("Deleting {message}."), location))
    };
    let answer = form.run::<ReviewPage, _>("review", work).await?;
    begin(at);
    Ok(answer)
}

/// Starts the work at once, in a thread that ends with the process. The background jobs continue what is left then.
fn begin((db, ids, clock): (Data<Db>, Data<Ids>, Data<Clock>)) {
    std::thread::spawn(move || {
        if let Err(error) = work(&db, &ids, &clock, &|| false) {
            tracing::warn!(cause = error.cause(), "deleting test accounts failed; the background jobs continue it");
        }
    });
}

impl Typed {
    fn choice(&self) -> Result<Choice, Error> {
        Choice::parse(|name| {
            vec![match name {
                "bought" => self.bought.as_str(),
                "ids" => &self.ids,
                "before" => &self.before,
                "scope" => &self.scope,
                "customer" => &self.customer,
                _ => "",
            }]
        })
    }

    /// Digits may be grouped by thousands, as the page shows them.
    fn must_say(&self, number: i64) -> Result<(), Refusal> {
        let digits: String = self.count.chars().filter(char::is_ascii_digit).collect();
        match number {
            0 => Err(Refusal::new("", "None of them exists any more, or none is still proven to be a test.")),
            _ if digits.parse() == Ok(number) => Ok(()),
            _ => {
                let customers = grouped(number);
                Err(Refusal::new("count", format!("That is not the number. It is {customers} now.")))
            }
        }
    }
}
