//! How a customer writes: the language, and the days, times and amounts of the region, in the time of the country.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;
use fluent_bundle::{FluentArgs, FluentValue};
use pure_rust_locales::{Locale, locale_match};
use unic_langid::LanguageIdentifier;

use super::bundles;
use super::language::{Language, UNKNOWN, identified, name_of};
use crate::base::clock::Moment;
use crate::base::countries::zones;
use crate::base::money::Money;
use crate::wording::times;

/// How an answer is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    pub language: Language,
    /// What was asked for and has no file: `Polish`.
    pub fell_back_from: Option<String>,
    /// The region whose way of writing amounts is followed.
    region: Option<String>,
    /// The country whose time is followed, as ISO 3166-1 alpha-2.
    country: Option<String>,
}

impl Writing {
    /// As the device says it, in the time of the country. A language without a file falls back to English.
    pub fn of(locale: Option<&str>, country: Option<&str>) -> Writing {
        let own = locale.and_then(identified);
        let country = country.map(str::to_uppercase);
        let region = own.as_ref().and_then(|own| own.region).map(|region| region.as_str().to_owned());
        let region = region.or_else(|| country.clone());
        let english = Writing { language: Language::English, fell_back_from: None, region, country };
        match own {
            Some(own) => english.in_language(&own),
            None => english,
        }
    }

    /// The same in the language that somebody chose by its code; one without a file falls back to English.
    #[must_use]
    pub fn chosen(self, code: &str) -> Writing {
        match identified(code) {
            Some(own) => self.in_language(&own),
            None => {
                let fell_back_from = Some(UNKNOWN.to_owned());
                Writing { language: Language::English, fell_back_from, ..self }
            }
        }
    }

    fn in_language(self, own: &LanguageIdentifier) -> Writing {
        let found = Language::parse(own.language.as_str());
        let fell_back_from = found.is_none().then(|| name_of(own));
        Writing { language: found.unwrap_or(Language::English), fell_back_from, ..self }
    }

    /// As [`Writing::chosen`]; the same if nothing was chosen.
    #[must_use]
    pub fn asked(self, code: Option<&str>) -> Writing {
        match code.map(str::trim).filter(|code| !code.is_empty()) {
            Some(code) => self.chosen(code),
            None => self,
        }
    }

    /// The same in English, in the style of the pages.
    #[must_use]
    pub fn in_english(&self) -> Writing {
        Writing { language: Language::English, fell_back_from: None, ..self.clone() }
    }

    fn locale(&self) -> Locale {
        let of_region = |region: &str| Locale::try_from(format!("{}_{region}", self.language.code()).as_str()).ok();
        self.region.as_deref().and_then(of_region).unwrap_or(self.language.usual_locale())
    }

    /// The zone in which days and times are given: that of the country, else `UTC`.
    pub fn zone(&self, at: Moment) -> &'static str {
        self.zone_at(at).name()
    }

    fn zone_at(&self, at: Moment) -> Tz {
        self.country.as_deref().and_then(|country| zones::at(country, at)).unwrap_or(Tz::UTC)
    }

    fn local(&self, at: Moment) -> Option<DateTime<Tz>> {
        Some(at.utc()?.with_timezone(&self.zone_at(at)))
    }

    /// `13. Dezember 2026`; in English, as on the pages, `13 Dec 2026`.
    pub(super) fn day(&self, at: Moment) -> String {
        let Some(local) = self.local(at) else { return times::day(at) };
        let month = usize::try_from(local.month0()).unwrap_or_default();
        let names: &[&str] = match self.language {
            Language::English => locale_match!(Locale::en_US => LC_TIME::ABMON),
            Language::German
            | Language::Spanish
            | Language::French
            | Language::Italian
            | Language::Portuguese
            | Language::Japanese => locale_match!(self.language.usual_locale() => LC_TIME::MON),
        };
        let mut values = FluentArgs::new();
        values.set("day", FluentValue::from(local.day()));
        values.set("month", names.get(month).copied().unwrap_or_default());
        values.set("year", local.year().to_string());
        bundles::sentence(self.language, "day", &values)
    }

    /// `24 Nov 2026, 17:00 UTC`
    pub(super) fn day_and_time(&self, at: Moment) -> String {
        let Some(local) = self.local(at) else { return times::full(at) };
        let mut values = FluentArgs::new();
        values.set("date", self.day(at));
        values.set("time", format!("{:02}:{:02}", local.hour(), local.minute()));
        values.set("zone", local.format("%Z").to_string());
        bundles::sentence(self.language, "day-and-time", &values)
    }

    /// `53,99 €`
    pub(super) fn amount(&self, money: &Money) -> String {
        super::amounts::shown(money, self.locale())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECEMBER: Moment = Moment(1_797_181_200_000);

    fn day(locale: &str) -> String {
        Writing::of(Some(locale), None).day(DECEMBER)
    }

    #[test]
    fn days_are_written_as_in_the_language() {
        let days = ["en-US", "de-DE", "es-MX", "fr-FR", "it-IT", "pt_BR", "ja-JP"].map(day);
        assert_eq!(
            days,
            [
                "13 Dec 2026",
                "13. Dezember 2026",
                "13 de diciembre de 2026",
                "13 décembre 2026",
                "13 dicembre 2026",
                "13 de dezembro de 2026",
                "2026年12月13日",
            ]
        );
        let first = Moment(1_798_800_000_000);
        assert_eq!(Writing::of(Some("fr-FR"), None).day(first), "1er janvier 2027");
    }

    #[test]
    fn days_and_times_are_those_of_a_country_with_one_time() {
        let evening = Moment(1_797_195_600_000);
        let written = |country: &str| Writing::of(Some("en"), Some(country)).day_and_time(evening);
        assert_eq!(written("JP"), "14 Dec 2026, 06:00 JST");
        assert_eq!(written("de"), "13 Dec 2026, 22:00 CET");
        assert_eq!(written("US"), "13 Dec 2026, 21:00 UTC");
        assert_eq!(written("??"), "13 Dec 2026, 21:00 UTC");
    }

    #[test]
    fn the_language_is_that_of_the_device_else_english() {
        let of = |locale: Option<&str>| {
            let written = Writing::of(locale, None);
            (written.language.code(), written.fell_back_from)
        };
        assert_eq!(of(Some("de-AT")), ("de", None));
        assert_eq!(of(Some("pt")), ("pt", None));
        assert_eq!(of(Some("pl-PL")), ("en", Some("Polish".into())));
        assert_eq!(of(Some("hi_IN")), ("en", Some("Hindi".into())));
        assert_eq!(of(None), ("en", None));
        assert_eq!(of(Some("*")), ("en", None));
    }

    #[test]
    fn a_chosen_language_keeps_the_country() {
        let german = Writing::of(Some("de-DE"), Some("DE"));
        let chosen = german.clone().chosen("fr");
        assert_eq!((chosen.language.code(), chosen.zone(DECEMBER)), ("fr", "Europe/Berlin"));
        let unknown = german.chosen("pl");
        assert_eq!((unknown.language.code(), unknown.fell_back_from.as_deref()), ("en", Some("Polish")));
    }
}
