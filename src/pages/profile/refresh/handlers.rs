//! `POST C/refresh`. RevenueCat is asked by a thread of its own: the answer waits for it, but not for long.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use tokio::sync::oneshot;

use crate::actions::{ActionForm, Done, submissions};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::base::ids::ProjectId;
use crate::db::Db;
use crate::events::Origin;
use crate::operations::catalog::Comparer;
use crate::operations::comparison::worker::Patience;
use crate::operations::comparison::{How, compare, last_asked, note_asking};
use crate::pages::profile::acting::{Outcome, on_customer};
use crate::stores::revenuecat::Urgency;
use crate::web::form::NoFields;
use crate::wording::text;

/// A customer is asked about at most so often, in seconds.
const EVERY: i64 = 60;
/// How long the answer waits, and how long RevenueCat is asked at most.
const WAIT: Duration = Duration::from_secs(8);
const PATIENCE: Duration = Duration::from_secs(40);

/// Asks RevenueCat about the customer.
pub async fn refresh(form: ActionForm<NoFields>, comparer: Data<Comparer>, db: Data<Db>) -> Outcome {
    let asked: Arc<OnceLock<(ProjectId, String)>> = Arc::default();
    let slot = asked.clone();
    let answer = on_customer(form, "", move |action, subject, _| {
        match subject.connected {
            None => return Err(Refusal::new("", "This project is not connected to RevenueCat.").into()),
            Some(connected) if connected.is_suspended => {
                return Err(Refusal::new(
                    "",
                    "The connection is suspended: an admin has to let this database act first.",
                )
                .into());
            }
            Some(_) => {}
        }
        let before = last_asked(action.conn, subject.customer.id)?;
        let seconds = before.map(|asked| action.ctx.now.since(asked.at).div_euclid(1_000));
        if let Some(seconds) = seconds.filter(|seconds| (0..EVERY).contains(seconds)) {
            let ago = text::count(seconds, "second", "seconds");
            return Err(Refusal::new("", format!("RevenueCat was asked {ago} ago. Once a minute is enough.")).into());
        }
        // Whoever presses meanwhile is told that it is being asked.
        note_asking(action.conn, subject.customer.id, action.ctx.now)?;
        slot.get_or_init(|| (subject.project.id, subject.opened_as.clone()));
        let message = "RevenueCat is asked about this customer. Reload the page in a moment.";
        Ok(Done::new(Trace::new(Action::CustomerRefreshed), message, subject.at("top")))
    })
    .await?;
    if let Some((project, id)) = asked.get()
        && let Some(words) = ask(&comparer, *project, id.clone()).await
    {
        reword(&db, &answer, words).await?;
    }
    Ok(answer)
}

/// What came of asking; `None` when it takes longer than the answer waits.
async fn ask(comparer: &Data<Comparer>, project: ProjectId, id: String) -> Option<String> {
    let (comparer, (done, is_done)) = (comparer.clone(), oneshot::channel());
    std::thread::spawn(move || {
        let pace = Patience::new(PATIENCE, &|| false);
        let how = How { urgency: Urgency::Person, origin: Origin::Comparison, pace: &pace };
        let words = match compare(&comparer, project, &id, &how) {
            Ok(compared) => compared.message(),
            Err(error) => {
                tracing::warn!(cause = error.cause(), "a customer could not be compared");
                "The database did not answer. Try again.".to_owned()
            }
        };
        done.send(words).unwrap_or_default();
    });
    tokio::time::timeout(WAIT, is_done).await.ok()?.ok()
}

/// Says in the message of the next page what came of it.
async fn reword(db: &Data<Db>, answer: &HttpResponse, words: String) -> Result<(), Error> {
    let Some(done) = submissions::of_answer(answer) else { return Ok(()) };
    db.write(move |conn| Ok(submissions::reword(conn, done, &words)?)).await
}
