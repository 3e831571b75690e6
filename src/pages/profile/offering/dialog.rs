//! The dialog that chooses an offering for this customer, optionally until a day, or the default again.

use askama::Template;

use super::card::{may_change, set_by};
use super::choices::Choice;
use super::{choices, queries};
use crate::actions::Opened;
use crate::base::Permission::OverrideOffering;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::customers::overrides::current::{self, Current};
use crate::customers::overrides::{self, Override};
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::web::{Dialog, filters};
use crate::wording::sentence::Sentence;
use crate::wording::times;

/// What a link may fill in: the choice, which the dialog shows beside what the app gets now.
const CHOOSE_LINKS: [&str; 1] = ["offering"];

#[derive(Template)]
#[template(path = "profile/offering/choose.html")]
struct Choose {
    form: Opened,
    action: String,
    choices: Vec<Choice>,
    /// What the app gets now.
    before: Sentence,
    /// Who set the present override, for a person whose form is stale.
    set_by: Option<Sentence>,
    seen: i64,
    until: String,
    today: String,
}

/// The dialog of this name; `None` when it does not exist, is not for this person, or there is no offering.
pub fn dialog(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Option<Dialog>, Error> {
    if form.name != "offering-choose" || !visit.may(OverrideOffering) || !may_change(visit) {
        return Ok(None);
    }
    let offerings = overrides::queries::offerings_of(conn, visit.project.id)?;
    let set = overrides::queries::find(conn, visit.customer.id)?;
    let current = current::resolve(&offerings, set.clone(), visit.ctx.now);
    if current == Current::None {
        return Ok(None);
    }
    let form = form.filled_by_links(&CHOOSE_LINKS);
    let packages = queries::packages_of(conn, visit.project.id)?;
    let choices = choices::list(&offerings, &packages, set.as_ref(), form.typed("offering"), visit.ctx.now);
    let running = set.as_ref().filter(|set| !set.is_over(visit.ctx.now));
    let day = |at: Moment| times::machine(at).split('T').next().unwrap_or_default().to_owned();
    let choose = Choose {
        action: visit.action("offering"),
        choices,
        before: before(&current),
        set_by: running.map(|set| set_by(set, visit.ctx.now)),
        seen: Override::version(set.as_ref()),
        until: running.and_then(|set| set.until).map(day).unwrap_or_default(),
        today: day(visit.ctx.now),
        form,
    };
    Ok(Some(Dialog::new(choose)))
}

fn before(current: &Current) -> Sentence {
    match current {
        Current::Overridden { offering, .. } => {
            Sentence::new("Now the app gets ").name(&offering.display_name).words(", chosen for this customer.")
        }
        Current::Default { offering, .. } => {
            Sentence::new("Now the app gets ").name(&offering.display_name).words(", the project's default.")
        }
        Current::NoDefault { .. } | Current::None => {
            Sentence::new("Now the app gets no current offering: the project has no default.")
        }
    }
}
