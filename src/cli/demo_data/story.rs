//! Builds a customer's history step by step. A story holds the customer and the current time; the methods in `buying`,
//! `leaving` and `around` each add the webhook events that RevenueCat would have sent.

use serde_json::{Map, Value, json};

use super::calendar::{DAY, HOUR, MINUTE, add_months};
use super::device::Device;
use super::market::Market;
use super::plan::Plan;
use super::seed::Seed;
use super::{Author, Contact, Customer, Note, Override};

pub struct Story {
    pub(super) now: i64,
    /// The current time of the story. Every event moves it forward, never past `now`.
    pub(super) clock: i64,
    pub(super) seed: Seed,
    pub(super) market: &'static Market,
    pub(super) ids: Vec<String>,
    pub(super) attributes: Map<String, Value>,
    pub(super) experiments: Vec<Value>,
    pub(super) plan: Option<Plan>,
    pub(super) manner: Manner,
    joined: i64,
    /// The customer's time of day in milliseconds, counted back from `now`; the same for all their steps.
    time_of_day: i64,
    pub(super) customer: Customer,
}

/// How the next purchase is made.
#[derive(Default)]
pub struct Manner {
    pub sandbox: bool,
    pub family: bool,
    /// The store does not report the price.
    pub unpriced: bool,
    pub offering: Option<&'static str>,
    /// A fixed transaction id, because the demo mentions it elsewhere.
    pub order: Option<&'static str>,
}

impl Manner {
    pub fn standard() -> Manner {
        let offering = Some("standard");
        Manner { offering, ..Manner::default() }
    }
}

impl Story {
    /// A customer who first opened the app `days` ago, with an anonymous id that the SDK generated unless `id` is one.
    pub fn new(now: i64, about: &'static str, id: &str, name: &str, country: &str, days: i64) -> Story {
        let mut seed = Seed::new(id);
        let time_of_day = 20 * MINUTE + seed.below(3 * HOUR);
        let joined = now - days * DAY - time_of_day;
        let mut customer = Customer::default();
        (customer.about, customer.app_user_id) = (about, id.to_owned());
        let mut ids = vec![seed.anonymous_id(), id.to_owned()];
        if id.starts_with("$RCAnonymousID:") {
            ids.remove(0);
        }
        let story = Story {
            now,
            clock: joined,
            seed,
            market: Market::for_country(country),
            ids,
            attributes: Map::new(),
            experiments: Vec::new(),
            plan: None,
            manner: Manner::standard(),
            joined,
            time_of_day,
            customer,
        };
        story.named(name)
    }

    /// Sets the name, and an e-mail address if the id is like `first.last_12`.
    fn named(self, name: &str) -> Story {
        if name.is_empty() {
            return self;
        }
        let story = self.attribute("$displayName", name);
        let id = story.customer.app_user_id.split('_').next();
        let address = id.and_then(|id| id.split_once('.'));
        match address.map(|(first, family)| format!("{first}@{family}.example")) {
            Some(email) => story.attribute("$email", &email),
            None => story,
        }
    }

    pub fn attribute(mut self, key: &str, value: &str) -> Story {
        let set = json!({"value": value, "updated_at_ms": self.clock});
        self.attributes.insert(key.to_owned(), set);
        self
    }

    /// Replaces the customer's first id, for stories that need a particular one.
    pub fn originally(mut self, id: &str) -> Story {
        self.ids[0] = id.to_owned();
        self
    }

    /// Removes the anonymous id: the app used its own id from the start.
    pub fn without_anonymous_id(mut self) -> Story {
        self.ids.remove(0);
        self
    }

    pub fn alias(mut self, alias: &str) -> Story {
        self.ids.push(alias.to_owned());
        self
    }

    pub fn days_ago(mut self, days: i64) -> Story {
        self.clock = self.now - days * DAY - self.time_of_day;
        self
    }

    /// Moves the clock to `months` before the day that was `days` ago, so that a period ends on that day.
    pub fn months_before(mut self, months: i64, days: i64) -> Story {
        self.clock = add_months(self.now - days * DAY - self.time_of_day, -months);
        self
    }

    pub fn later(mut self, time: i64) -> Story {
        self.clock += time;
        self
    }

    /// Records the app's last contact. It is not earlier than the start of a purchase that has not renewed yet.
    pub fn seen(mut self, device: &Device, minutes_ago: i64) -> Story {
        let first_period = self.plan.as_ref().filter(|plan| plan.number == 1);
        let bought = first_period.map_or(self.joined, |plan| plan.start);
        self.customer.contact = Some(Contact {
            first_seen_ms: self.joined,
            last_seen_ms: (self.now - minutes_ago * MINUTE).max(bought),
            app_version: device.app_version,
            platform: device.platform,
            platform_version: device.platform_version,
            sdk: device.sdk,
            locale: self.market.locale,
            country: self.market.country,
        });
        self
    }

    pub fn note(mut self, author: Author, days_ago: i64, body: &'static str) -> Story {
        let at_ms = self.now - days_ago * DAY - self.time_of_day;
        let edited = None;
        self.customer.notes.push(Note { body, author, at_ms, edited });
        self
    }

    /// Somebody edited the last note an hour after it was written.
    pub fn edited(mut self, author: Author) -> Story {
        if let Some(note) = self.customer.notes.last_mut() {
            note.edited = Some((author, (note.at_ms + HOUR).min(self.now)));
        }
        self
    }

    pub fn with_override(mut self, offering: Override) -> Story {
        self.customer.offering_override = Some(offering);
        self
    }

    /// The finished customer, with the events in the order of their timestamps.
    pub fn end(mut self) -> Customer {
        let event_at = |event: &Value| event["event_timestamp_ms"].as_i64();
        self.customer.events.sort_by_key(event_at);
        self.customer
    }

    pub(super) fn add(&mut self, event: Value) {
        self.customer.events.push(event);
    }

    pub(super) fn plan(&mut self) -> &mut Plan {
        self.plan.as_mut().expect("the customer bought something")
    }
}
