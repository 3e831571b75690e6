//! What the customer's row knows: who they say they are, what their device said, what they spent.

use diesel::QueryResult;
use serde::Serialize;

use super::{Section, dollars};
use crate::base::money::Micros;
use crate::db::Conn;
use crate::operations::comparison::last_asked;
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct Details {
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub last_seen_at: Option<Time>,
    pub app_version: Option<String>,
    pub platform: Option<String>,
    pub platform_version: Option<String>,
    pub sdk_version: Option<String>,
    pub locale: Option<String>,
    /// The country of the app's last contact (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// The country that the newest event names.
    pub event_country: Option<String>,
    pub total_spent_usd_micros: i64,
    pub first_event_at: Option<Time>,
    /// When RevenueCat was asked about the customer the last time, and what came of it.
    pub compared_at: Option<Time>,
    pub comparison: Option<String>,
}

impl Section for Details {
    type Field = Details;

    const TITLE: &'static str = "Details";
    const HEADS: &'static [&'static str] = &["What", "Value"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Details> {
        let customer = visit.customer.clone();
        let asked = last_asked(conn, customer.id)?.filter(|_| visit.as_of.is_none());
        Ok(Details {
            display_name: customer.display_name,
            email: customer.email,
            last_seen_at: customer.last_seen_at.map(Time),
            app_version: customer.app_version,
            platform: customer.platform,
            platform_version: customer.platform_version,
            sdk_version: customer.sdk_version,
            locale: customer.locale,
            country: customer.country,
            event_country: customer.event_country,
            total_spent_usd_micros: customer.spent_micros,
            first_event_at: customer.first_event_at.map(Time),
            compared_at: asked.as_ref().map(|asked| Time(asked.at)),
            comparison: asked.map(|asked| asked.words),
        })
    }

    /// The details that are known.
    fn rows(details: &Details) -> Vec<Vec<String>> {
        let known = [
            ("Name", details.display_name.clone()),
            ("E-mail", details.email.clone()),
            ("Last seen", details.last_seen_at.map(Time::shown)),
            ("App version", details.app_version.clone()),
            ("Platform", details.platform.clone()),
            ("Platform version", details.platform_version.clone()),
            ("SDK version", details.sdk_version.clone()),
            ("Language and region", details.locale.clone()),
            ("Country", details.country.clone()),
            ("Country in the newest event", details.event_country.clone()),
            ("Total spent", Some(dollars(Micros(details.total_spent_usd_micros)))),
            ("First event", details.first_event_at.map(Time::shown)),
            ("Compared with RevenueCat", details.compared_at.map(Time::shown)),
            ("What the comparison found", details.comparison.clone()),
        ];
        known.into_iter().filter_map(|(name, value)| Some(vec![name.to_owned(), value?])).collect()
    }
}
