//! `GET C/live?since=N`: a stream that tells how many events came after the N the page shows. A line of nothing every so
//! often keeps proxies from cutting it, and shows that somebody is still there.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::{Stream, stream};

use super::hub::{Check, News, Seat, Watch};
use super::{Live, queries};
use crate::auth::PageRequest;
use crate::auth::sessions::Pass;
use crate::base::clock::Clock;
use crate::base::error::Error;
use crate::base::monotonic::MonotonicClock;
use crate::db::{Conn, Db};
use crate::events::Environment;
use crate::web::form;

/// How often something is sent, whether or not there is news.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a browser waits before it comes again, in milliseconds.
const HELLO: &str = "retry: 5000\n\n";

/// # Errors
/// As [`PageRequest::authorize`]; [`Error::NotFound`] for nobody; [`Error::Unavailable`] when too many listen.
pub async fn listen(
    request: PageRequest,
    req: HttpRequest,
    at: (Data<Db>, Data<Clock>, Data<MonotonicClock>),
    live: Data<Live>,
) -> Result<HttpResponse, Error> {
    // A page that lies open is no use of the session: it must not keep somebody logged in who left.
    req.extensions_mut().remove::<Arc<Pass>>();
    let query = req.query_string();
    let environment = match form::field(query, "sandbox").as_deref() {
        Some("1") => Environment::Sandbox,
        _ => Environment::Production,
    };
    let since = form::field(query, "since").and_then(|since| since.parse().ok());
    let (request, (db, clock, monotonic)) = (Arc::new(request), at);
    let check: Check = {
        let request = request.clone();
        Arc::new(move |conn| request.at(clock.now(), monotonic.now()).authorize(conn).is_ok())
    };
    let find = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        let found = queries::find(conn, member.project.id, request.app_user_id()?)?;
        let (customer, known) = found.ok_or(Error::NotFound)?;
        let since = since.unwrap_or(known);
        let first = queries::news(conn, customer, environment, (since, known))?;
        Ok::<_, Error>((Watch { customer, environment, since, known, check }, first))
    };
    let (watch, first) = db.read(find).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // Compressed, it would be held back until there is enough of it.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(lines(live.join(watch, first)?)))
}

/// Where a stream stands.
enum Turn {
    Hello(Seat),
    On(Seat),
    Over,
}

fn lines(seat: Seat) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Turn::Hello(seat), |turn| async move {
        let (line, next) = match turn {
            Turn::Hello(seat) => (HELLO.to_owned(), Turn::On(seat)),
            Turn::On(mut seat) => match tokio::time::timeout(HEARTBEAT, seat.news.recv()).await {
                Ok(Some(News::Events(count))) => (format!("event: news\ndata: {count}\n\n"), Turn::On(seat)),
                Ok(Some(News::Gone)) => ("event: gone\ndata:\n\n".to_owned(), Turn::Over),
                Ok(None) => return None,
                Err(_) => (":\n\n".to_owned(), Turn::On(seat)),
            },
            Turn::Over => return None,
        };
        Some((Ok(Bytes::from(line)), next))
    })
}
