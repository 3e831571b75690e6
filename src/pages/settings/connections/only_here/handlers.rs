//! Deciding, for what is ticked or for all of a kind. The requests follow on a thread of their own; the background jobs go on with what
//! is left.

use std::sync::{Arc, OnceLock};

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::page::{OnlyHerePage, address};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::clock::Clock;
use crate::base::error::{Error, Refusal};
use crate::base::ids::Ids;
use crate::db::Db;
use crate::operations::only_here::{Choice, Kind, Named, Place, decide as decide_some, decide_all, push};
use crate::pages::settings::connections::handlers::named;
use crate::wording::text::{capitalised, count};

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    kind: String,
    /// `push`, `keep`, `push-all` or `keep-all`.
    act: String,
}

pub async fn decide(form: ActionForm<Typed>, at: (Data<Db>, Data<Ids>, Data<Clock>)) -> Result<HttpResponse, Error> {
    let pushes: Arc<OnceLock<()>> = Arc::default();
    let slot = pushes.clone();
    let work = move |action: &mut ActionContext<'_>, typed: Typed| {
        let unknown = || Error::BadRequest("This choice is not one of the page.".into());
        let kind = Kind::parse(&typed.kind).ok_or_else(unknown)?;
        let (choice, is_all) = typed.choice().ok_or_else(unknown)?;
        let connection = named(action.conn, action.who.project.id)?;
        let own = connection.own(action.ctx.now);
        let places: Vec<Place> = action.typed_all("fact").filter_map(Place::parse).collect();
        let decided = match is_all {
            true => decide_all(action.conn, &action.ctx, own, kind, choice)?,
            false => decide_some(action.conn, &action.ctx, own, Named { kind, places: &places }, choice)?,
        };
        if decided == 0 {
            return Err(Refusal::new("", "Nothing is ticked, or none of it exists only here any more.").into());
        }
        let (one, many) = kind.words();
        let number = count(i64::try_from(decided).unwrap_or(i64::MAX), one, many);
        let location = format!("{}?kind={}", address(action.who), kind.as_str());
        if choice == Choice::Keep {
            let trace = Trace::new(Action::OnlyHereKept).about(number.clone());
            return Ok(Done::new(trace, format!("{} stay here.", capitalised(&number)), location));
        }
        slot.get_or_init(|| ());
        let trace = Trace::new(Action::OnlyHerePushed).about(number.clone());
        let message = format!("RevenueCat is asked for {number}, one after the other.");
        Ok(Done::new(trace, message, location))
    };
    let answer = form.run::<OnlyHerePage, _>("only-here", work).await?;
    if pushes.get().is_some() {
        begin(at);
    }
    Ok(answer)
}

fn begin((db, ids, clock): (Data<Db>, Data<Ids>, Data<Clock>)) {
    std::thread::spawn(move || {
        if let Err(error) = push(&db, &ids, &clock, &|| false) {
            tracing::warn!(
                cause = error.cause(),
                "pushing what exists only here failed; the background jobs continue it"
            );
        }
    });
}

impl Typed {
    /// What becomes of it, and whether of all.
    fn choice(&self) -> Option<(Choice, bool)> {
        match self.act.as_str() {
            "push" => Some((Choice::Push, false)),
            "keep" => Some((Choice::Keep, false)),
            "push-all" => Some((Choice::Push, true)),
            "keep-all" => Some((Choice::Keep, true)),
            _ => None,
        }
    }
}
