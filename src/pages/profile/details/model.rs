//! The rows of §2: their order, their format, and when they are left out.

use crate::base::money::{Micros, Money};
use crate::pages::profile::subject::Customer;
use crate::pages::profile::visit::Visit;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text;

/// A name and a value, with notes that explain the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub label: &'static str,
    pub value: Sentence,
    pub notes: Vec<String>,
}

impl Row {
    fn new(label: &'static str, value: Sentence) -> Row {
        Row { label, value, notes: Vec::new() }
    }

    fn noting(mut self, notes: impl IntoIterator<Item = String>) -> Row {
        self.notes.extend(notes);
        self
    }
}

/// The rows after App User ID and Project, which the template prints because they have links and buttons.
pub fn rows(visit: &Visit) -> Vec<Row> {
    let customer = &visit.customer;
    let raw =
        |label, value: &Option<String>| known(value).map(|value| Row::new(label, Sentence::default().name(value)));
    let rows = [
        raw("Last Seen App Version", &customer.app_version),
        country(customer),
        Some(spent(visit)),
        customer
            .last_seen_at
            .map(|at| Row::new("Last Opened", dated(Stamp::full(at), Stamp::relative(at, visit.ctx.now)))),
        (visit.since.at <= visit.ctx.now || visit.as_of.is_none()).then(|| user_since(visit)),
        platform(customer).map(|version| Row::new("Last Seen Platform Version", Sentence::default().name(version))),
        raw("Last Seen SDK Version", &customer.sdk_version),
        raw("Last Seen Locale", &customer.locale),
        visit.as_of.map(|_| {
            Row::new("Last Opened, Device and App", Sentence::new("Unknown for then: only the newest are kept."))
        }),
        Some(transfer_behavior(visit)),
    ];
    rows.into_iter().flatten().collect()
}

fn known(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|value| !value.is_empty())
}

/// `2021-04-23 at 01:53 AM UTC (4 years ago)`
fn dated(full: Stamp, relative: Stamp) -> Sentence {
    Sentence::default().time(full).words(" ").aside(format!("({})", relative.text()))
}

/// The English name of a country, or the code itself if it is unknown.
pub fn country_name(code: &str) -> String {
    crate::wording::country::name(code)
}

/// The country of the app's last contact, else the one that the newest event names, which may be the store's country.
fn country(customer: &Customer) -> Option<Row> {
    let row = |code: &str| Row::new("Country", Sentence::new(country_name(code)));
    match known(&customer.country) {
        Some(code) => Some(row(code)),
        None => known(&customer.event_country).map(|code| row(code).noting(["as the newest event says".to_owned()])),
    }
}

/// `USD 404.46`
pub fn spent_in_usd(customer: &Customer) -> String {
    Money { amount: Micros(customer.spent_micros), currency: "USD".into() }.shown()
}

fn spent(visit: &Visit) -> Row {
    let customer = &visit.customer;
    let family = if customer.family_shared_only && customer.spent_micros == 0 { " (Family Sharing)" } else { "" };
    let is_one = customer.prices_missing == 1;
    let missing = text::count(customer.prices_missing, "payment", "payments");
    let missing = format!("{missing} came without a price and {} as 0.", if is_one { "counts" } else { "count" });
    let notes = [
        (customer.prices_missing > 0).then_some(missing),
        (customer.spent_micros < 0).then(|| "More was refunded than was ever reported as paid.".to_owned()),
        visit.is_sandbox().then(|| "Production money: sandbox purchases never count.".to_owned()),
    ];
    Row::new("Total Spent", Sentence::new(spent_in_usd(customer) + family)).noting(notes.into_iter().flatten())
}

/// When the opened id was created, not the oldest id.
fn user_since(visit: &Visit) -> Row {
    let at = visit.since.at;
    let dated = dated(Stamp::full(at), Stamp::relative(at, visit.ctx.now));
    match visit.since.is_exact {
        true => Row::new("User Since", dated),
        false => Row::new("User Since", Sentence::new("about ").then(dated))
            .noting(["When an event first named this id; it may be older.".to_owned()]),
    }
}

/// `iOS Version 19.1 (Build 23B85)`, or the version alone: Android reports only a number.
fn platform(customer: &Customer) -> Option<String> {
    let version = known(&customer.platform_version);
    match (known(&customer.platform), version) {
        (Some(platform), Some(version)) if version.starts_with("Version") => Some(format!("{platform} {version}")),
        (_, Some(version)) => Some(version.to_owned()),
        (platform, None) => platform.map(str::to_owned),
    }
}

/// The device as people call it: `iOS 19.1`, `Android 36`.
pub fn device(customer: &Customer) -> Option<String> {
    let version = known(&customer.platform_version).map(|version| {
        let number = version.strip_prefix("Version ").unwrap_or(version);
        number.split(" (").next().unwrap_or(number)
    });
    let words: Vec<&str> = known(&customer.platform).into_iter().chain(version).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn transfer_behavior(visit: &Visit) -> Row {
    let project = &visit.project;
    let own = project.sandbox_transfer_behavior.filter(|_| visit.is_sandbox());
    let behavior = own.unwrap_or(project.transfer_behavior);
    let sandbox = own.map(|_| "The project's choice for sandbox purchases.".to_owned());
    let notes = std::iter::once(behavior.effect().to_owned()).chain(sandbox);
    Row::new("Transfer Behavior", Sentence::new(behavior.name())).noting(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Moment;
    use crate::customers::TransferBehavior;
    use crate::events::Environment;
    use crate::pages::profile::testing;

    fn lines(visit: &Visit) -> Vec<String> {
        let notes =
            |row: &Row| if row.notes.is_empty() { String::new() } else { format!(" [{}]", row.notes.join(" ")) };
        rows(visit).iter().map(|row| format!("{}: {}{}", row.label, row.value.plain(), notes(row))).collect()
    }

    fn value(visit: &Visit, label: &str) -> String {
        lines(visit).into_iter().find(|row| row.starts_with(label)).unwrap_or_default()
    }

    #[test]
    fn the_rows_have_their_order_and_format() {
        insta::assert_snapshot!(lines(&testing::lena()).join("\n"), @"
        Last Seen App Version: 4.12.0
        Country: Germany
        Total Spent: USD 106.95
        Last Opened: 2026-11-23 at 03:00 PM UTC (2 hours ago)
        User Since: 2025-11-07 at 05:00 PM UTC (A year ago)
        Last Seen Platform Version: iOS Version 19.1 (Build 23B85)
        Last Seen SDK Version: native 5.1.0
        Last Seen Locale: de-DE
        Transfer Behavior: Transfer to new App User ID [Restoring under another id moves the purchases there.]
        ");
    }

    #[test]
    fn what_is_unknown_is_left_out() {
        insta::assert_snapshot!(lines(&testing::stranger()).join("\n"), @"
        Total Spent: USD 0
        User Since: about 2026-11-23 at 04:54 PM UTC (6 minutes ago) [When an event first named this id; it may be older.]
        Transfer Behavior: Transfer to new App User ID [Restoring under another id moves the purchases there.]
        ");
    }

    #[test]
    fn total_spent_notes_missing_prices_and_a_negative_total() {
        let mut visit = testing::stranger();
        visit.customer.family_shared_only = true;
        assert_eq!(value(&visit, "Total"), "Total Spent: USD 0 (Family Sharing)");
        visit.customer.prices_missing = 1;
        assert!(value(&visit, "Total").ends_with("[1 payment came without a price and counts as 0.]"));
        visit.customer.spent_micros = -9_990_000;
        visit.environment = Environment::Sandbox;
        assert_eq!(
            value(&visit, "Total"),
            "Total Spent: \u{2212}USD 9.99 [1 payment came without a price and counts as 0. More was refunded than \
             was ever reported as paid. Production money: sandbox purchases never count.]"
        );
    }

    #[test]
    fn an_unknown_country_is_shown_by_its_code() {
        let mut visit = testing::lena();
        visit.customer.country = Some("XK9".into());
        assert_eq!(value(&visit, "Country"), "Country: XK9");
        visit.customer.country = None;
        visit.customer.event_country = Some("fr".into());
        assert_eq!(value(&visit, "Country"), "Country: France [as the newest event says]");
    }

    #[test]
    fn the_sandbox_may_have_its_own_transfer_behavior() {
        let mut visit = testing::lena();
        visit.project.sandbox_transfer_behavior = Some(TransferBehavior::KeepWithOriginal);
        assert!(value(&visit, "Transfer").starts_with("Transfer Behavior: Transfer to new App User ID"));
        visit.environment = Environment::Sandbox;
        assert!(value(&visit, "Transfer").starts_with("Transfer Behavior: Keep with original App User ID"));
    }

    #[test]
    fn a_device_is_called_as_people_call_it() {
        let mut customer = testing::lena().subject.customer;
        assert_eq!(device(&customer).as_deref(), Some("iOS 19.1"));
        customer.platform = Some("Android".into());
        customer.platform_version = Some("36".into());
        assert_eq!((device(&customer).as_deref(), platform(&customer).as_deref()), (Some("Android 36"), Some("36")));
        customer.platform_version = None;
        assert_eq!(platform(&customer).as_deref(), Some("Android"));
    }

    #[test]
    fn a_time_outside_the_calendar_does_not_break_the_row() {
        let mut visit = testing::lena();
        visit.since.at = Moment(i64::MAX);
        assert!(value(&visit, "User Since").starts_with("User Since: 9223372036854775807 ms"));
    }
}
