//! `GET C/live?since=N`: a stream of server-sent events that reports how many events came after the N that the page
//! shows. An empty comment every [`HEARTBEAT`] keeps proxies from closing the stream, and shows whether the browser is
//! still there.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::{Stream, stream};

use super::hub::{Check, Listening, News, Watch};
use super::{Live, queries};
use crate::auth::PageRequest;
use crate::auth::sessions::CheckedSession;
use crate::base::clock::Clock;
use crate::base::error::Error;
use crate::base::monotonic::MonotonicClock;
use crate::db::{Conn, Db};
use crate::events::Environment;
use crate::web::form;

/// How long the stream is silent at most: without news, an empty comment is sent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The first line: how long a browser waits before it connects again, in milliseconds.
const RETRY: &str = "retry: 5000\n\n";

/// Opens the stream of one customer.
///
/// # Errors
/// As [`PageRequest::authorize`]; [`Error::NotFound`] when no customer has the id; [`Error::Unavailable`] when too many
/// browsers listen.
pub async fn listen(
    request: PageRequest,
    req: HttpRequest,
    at: (Data<Db>, Data<Clock>, Data<MonotonicClock>),
    live: Data<Live>,
) -> Result<HttpResponse, Error> {
    // An open page does not count as use of the session: it must not keep a person logged in who has left.
    req.extensions_mut().remove::<Arc<CheckedSession>>();
    let query = req.query_string();
    let environment = match form::field(query, "sandbox").as_deref() {
        Some("1") => Environment::Sandbox,
        _ => Environment::Production,
    };
    let number = |name: &str| form::field(query, name).and_then(|number| number.parse::<i64>().ok());
    let (since, steps) = (number("since"), number("steps"));
    let (request, (db, clock, monotonic)) = (Arc::new(request), at);
    let check: Check = {
        let request = request.clone();
        Arc::new(move |conn| request.at(clock.now(), monotonic.now()).authorize(conn).is_ok())
    };
    let find = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        let found = queries::find(conn, member.project.id, request.app_user_id()?)?;
        let queries::Counted { id: customer, counts } = found.ok_or(Error::NotFound)?;
        let since = since.unwrap_or(counts.events);
        let first = queries::news(conn, customer, environment, since..counts.events)?;
        // A step since the page was rendered is noticed at the first look.
        let known = queries::Counts { steps: steps.unwrap_or(counts.steps), ..counts };
        Ok::<_, Error>((Watch { person: member.person.id, customer, environment, since, known, check }, first))
    };
    let (watch, first) = db.read(find).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // The compression middleware would hold lines back until it has enough of them.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(lines(live.join(watch, first)?)))
}

/// What a stream sends next.
enum Next {
    Retry(Listening),
    News(Listening),
    End,
}

fn lines(listening: Listening) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Next::Retry(listening), |next| async move {
        let (line, next) = match next {
            Next::Retry(listening) => (RETRY.to_owned(), Next::News(listening)),
            Next::News(mut listening) => match tokio::time::timeout(HEARTBEAT, listening.news.recv()).await {
                Ok(Some(News::Events(count))) => (format!("event: news\ndata: {count}\n\n"), Next::News(listening)),
                // Either way the page stops listening. One that was replaced listens again when somebody looks at it.
                Ok(Some(News::Steps(count))) => {
                    let news = if count > 0 { format!("event: news\ndata: {count}\n\n") } else { String::new() };
                    (format!("{news}event: steps\ndata:\n\n"), Next::News(listening))
                }
                Ok(Some(News::Gone | News::Replaced)) => ("event: gone\ndata:\n\n".to_owned(), Next::End),
                Ok(None) => return None,
                Err(_) => (":\n\n".to_owned(), Next::News(listening)),
            },
            Next::End => return None,
        };
        Some((Ok(Bytes::from(line)), next))
    })
}
