//! The notice above a page that shows the past: when, by whose knowledge, and the way back.

use askama::Template;
use askama::filters::HtmlSafe;

use super::visit::Visit;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::customers::{AsOf, Asked, Reading};
use crate::web::{filters, form};
use crate::wording::sentence::{Sentence, Stamp};

#[derive(Debug, Template)]
#[template(path = "profile/as_of.html")]
pub struct Notice {
    /// The moment that was asked for.
    when: Stamp,
    /// `None` where that moment has not come yet.
    past: Option<Past>,
}

#[derive(Debug)]
struct Past {
    readings: [Choice; 2],
    /// The page as it is now.
    now: String,
    /// What was not known then.
    missing: Vec<Sentence>,
}

impl HtmlSafe for Notice {}

/// One of the two readings.
#[derive(Debug)]
struct Choice {
    words: &'static str,
    href: String,
    is_made: bool,
}

/// What the query of a page asks for.
///
/// # Errors
/// [`Error::BadRequest`] for a moment or a reading that cannot be read.
pub fn asked(query: &str, now: Moment) -> Result<Asked, Error> {
    let (at, known) = (form::field(query, "at"), form::field(query, "known"));
    Asked::parse(at.as_deref(), known.as_deref(), now).map_err(|malformed| Error::BadRequest(malformed.0.into()))
}

impl Notice {
    /// `None` where nothing but now was asked for.
    pub fn new(visit: &Visit, asked: Asked) -> Option<Notice> {
        match asked {
            Asked::Now => None,
            Asked::Past(as_of) => {
                Some(Notice { when: Stamp::to_the_second(as_of.at), past: Some(Past::new(visit, as_of)) })
            }
            Asked::Future(at) => Some(Notice { when: Stamp::to_the_second(at), past: None }),
        }
    }
}

impl Past {
    fn new(visit: &Visit, as_of: AsOf) -> Past {
        let choice = |reading, words| Choice {
            words,
            href: visit.as_of_href(AsOf { reading, ..as_of }),
            is_made: reading == as_of.reading,
        };
        Past {
            readings: [
                choice(Reading::KnownNow, "what was true then, as it is known now"),
                choice(Reading::KnownThen, "what was known then"),
            ],
            now: visit.href.clone() + if visit.is_sandbox() { "?sandbox=1" } else { "" },
            missing: missing(visit, as_of),
        }
    }
}

fn missing(visit: &Visit, as_of: AsOf) -> Vec<Sentence> {
    let nothing = (visit.customer.events_count == 0).then(|| match as_of.reading {
        Reading::KnownThen => Sentence::new("No event had been received by then."),
        Reading::KnownNow => Sentence::new("No event is as old as that."),
    });
    let unknown_id = (visit.since.at > visit.ctx.now).then(|| {
        Sentence::new("This App User ID was not known yet: it is since ")
            .time(Stamp::to_the_second(visit.since.at))
            .words(".")
    });
    nothing.into_iter().chain(unknown_id).collect()
}
