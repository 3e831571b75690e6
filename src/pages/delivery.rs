//! A delivery as pages show it (§4.4): its status, and for those who may send it again the request and the answers. An
//! address can hold a secret in its path or its query, and an answer whatever the other server writes.

use askama::Template;
use askama::filters::HtmlSafe;
use url::Url;

use crate::base::clock::Moment;
use crate::base::ids::DeliveryId;
use crate::endpoints::deliveries::{self, State, Tried, WebhookDelivery};
use crate::web::filters;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::count;

#[derive(Debug, Clone, Template)]
#[template(path = "delivery.html")]
pub struct Sent {
    sent: WebhookDelivery,
    /// The newest first.
    attempts: Vec<Attempt>,
    now: Moment,
    /// For people who may send again: the path the form posts to, and the key that makes it work only once.
    again: Option<(String, String)>,
    /// Whether the page is that of an event, where the row begins with the endpoint, or of an endpoint, where it
    /// begins with the event's type.
    is_of_event: bool,
    /// Whether it has the whole request and the answers. Otherwise it has nothing of the URL but the host, and of each
    /// attempt the time and the status.
    has_requests: bool,
}

impl HtmlSafe for Sent {}

#[derive(Debug, Clone)]
struct Attempt(deliveries::Attempt);

impl Sent {
    /// On the page of an event. `sees_requests` is for those who may know how the endpoint is called and what it answers.
    pub fn of_event(tried: Tried, now: Moment, sees_requests: bool) -> Sent {
        let sent = Sent { is_of_event: true, ..Sent::to_endpoint(tried, now) };
        if sees_requests { sent } else { sent.without_requests() }
    }

    /// On the page of an endpoint.
    pub fn to_endpoint((sent, attempts): Tried, now: Moment) -> Sent {
        let attempts = attempts.into_iter().map(Attempt).collect();
        Sent { sent, attempts, now, again: None, is_of_event: false, has_requests: true }
    }

    fn without_requests(self) -> Sent {
        let url = Url::parse(&self.sent.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let sent = WebhookDelivery { url, body: String::new(), ..self.sent };
        let attempts = self.attempts.into_iter().map(Attempt::without_request).collect();
        Sent { sent, attempts, has_requests: false, ..self }
    }

    pub fn id(&self) -> DeliveryId {
        self.sent.id
    }

    /// Adds a form that sends it again by a POST to `action`.
    #[must_use]
    pub fn sent_again_at(self, action: String, once: String) -> Sent {
        Sent { again: Some((action, once)), ..self }
    }

    fn is_under_way(&self) -> bool {
        self.sent.state == State::Waiting && self.sent.leased_by.is_some() && self.sent.next_attempt_at > self.now
    }

    /// The status and the tone of its badge.
    fn status(&self) -> (&'static str, &'static str) {
        match self.sent.state {
            State::Sent => ("Sent", "good"),
            State::Failed => ("Failed", "bad"),
            State::Waiting if self.is_under_way() => ("Being sent", "quiet"),
            State::Waiting if self.sent.tries > 0 => ("Retrying", "warn"),
            State::Waiting => ("Waiting", "quiet"),
        }
    }

    /// `Delivered 3 minutes ago, at the second attempt`.
    fn summary(&self) -> Sentence {
        let attempts = count(self.sent.tries, "attempt", "attempts");
        let relative = |at| Stamp::relative(at, self.now).inside();
        match self.sent.state {
            State::Sent => {
                Sentence::new("Delivered ").time(relative(self.sent.finished_at)).words(format!(", {attempts}."))
            }
            State::Failed => {
                let given_up = Sentence::new("Given up ").time(relative(self.sent.finished_at));
                given_up.words(format!(" after {attempts}. It is not retried automatically."))
            }
            State::Waiting if self.is_under_way() => Sentence::new("It is being sent now."),
            State::Waiting if !self.sent.is_on => Sentence::new("It waits until the endpoint is switched on again."),
            State::Waiting if self.sent.tries > 0 => {
                let next = Sentence::new(format!("{attempts} so far, the next "));
                if self.sent.next_attempt_at <= self.now {
                    next.words("now.")
                } else {
                    next.time(relative(self.sent.next_attempt_at)).words(".")
                }
            }
            State::Waiting => Sentence::new("Queued ").time(relative(self.sent.queued_at)).words("."),
        }
    }

    /// What unfolds.
    fn details(&self) -> &'static str {
        if self.has_requests { "Request and answers" } else { "Attempts" }
    }

    /// The outcome of the newest attempt.
    fn last(&self) -> Option<String> {
        self.attempts.first().map(Attempt::outcome)
    }

    /// The body, indented if it is JSON.
    fn body(&self) -> String {
        let value: Option<serde_json::Value> = serde_json::from_str(&self.sent.body).ok();
        let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
        pretty.unwrap_or_else(|| self.sent.body.clone())
    }

    fn headers(&self) -> Option<&str> {
        self.attempts.first().map(|attempt| attempt.0.headers.as_str()).filter(|_| self.has_requests)
    }

    /// Each attempt with its time.
    fn attempts(&self) -> impl Iterator<Item = (Stamp, &Attempt)> {
        self.attempts.iter().map(|attempt| (Stamp::full(attempt.0.at), attempt))
    }
}

impl Attempt {
    /// Leaves out what was sent and answered, and why there was no answer.
    fn without_request(self) -> Attempt {
        Attempt(deliveries::Attempt { headers: String::new(), body: None, problem: None, ..self.0 })
    }

    /// `Answered 503.`, or what went wrong.
    fn outcome(&self) -> String {
        match (self.0.status, &self.0.problem) {
            (Some(status @ 300..=399), _) => format!("Answered {status}. Redirects are not followed."),
            (Some(status @ 201..=299), _) => format!("Answered {status}. Only 200 counts as received."),
            (Some(status), _) => format!("Answered {status}."),
            (None, Some(problem)) => problem.clone(),
            (None, None) => "No answer.".into(),
        }
    }

    fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// `0.2 s`
    fn took(&self) -> String {
        format!("{}.{} s", self.0.took_ms / 1000, self.0.took_ms % 1000 / 100)
    }
}
