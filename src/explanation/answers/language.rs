//! The languages in which customers are answered, and which of them a customer reads.

use pure_rust_locales::{Locale, locale_match};
use unic_langid::LanguageIdentifier;

/// A language that has a file beside this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    English,
    German,
    Spanish,
    French,
    Italian,
    Portuguese,
    Japanese,
}

impl Language {
    pub const ALL: [Language; 7] = [
        Language::English,
        Language::German,
        Language::Spanish,
        Language::French,
        Language::Italian,
        Language::Portuguese,
        Language::Japanese,
    ];

    /// The code of ISO 639-1: `de`.
    pub const fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
            Language::Spanish => "es",
            Language::French => "fr",
            Language::Italian => "it",
            Language::Portuguese => "pt",
            Language::Japanese => "ja",
        }
    }

    /// The name in English.
    pub const fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::German => "German",
            Language::Spanish => "Spanish",
            Language::French => "French",
            Language::Italian => "Italian",
            Language::Portuguese => "Portuguese",
            Language::Japanese => "Japanese",
        }
    }

    /// The sentences, in Fluent's format.
    pub(super) const fn file(self) -> &'static str {
        match self {
            Language::English => include_str!("en.ftl"),
            Language::German => include_str!("de.ftl"),
            Language::Spanish => include_str!("es.ftl"),
            Language::French => include_str!("fr.ftl"),
            Language::Italian => include_str!("it.ftl"),
            Language::Portuguese => include_str!("pt.ftl"),
            Language::Japanese => include_str!("ja.ftl"),
        }
    }

    /// How amounts are written where the region is not known.
    pub(super) const fn usual_locale(self) -> Locale {
        match self {
            Language::English => Locale::en_US,
            Language::German => Locale::de_DE,
            Language::Spanish => Locale::es_ES,
            Language::French => Locale::fr_FR,
            Language::Italian => Locale::it_IT,
            Language::Portuguese => Locale::pt_BR,
            Language::Japanese => Locale::ja_JP,
        }
    }

    /// What stands between sentences.
    pub(super) const fn joint(self) -> &'static str {
        match self {
            Language::English
            | Language::German
            | Language::Spanish
            | Language::French
            | Language::Italian
            | Language::Portuguese => " ",
            Language::Japanese => "",
        }
    }

    pub fn parse(code: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.code() == code)
    }
}

/// What a device says of its language: `de-DE`, `pt_BR`, `zh-Hans-CN`.
pub(super) fn identified(locale: &str) -> Option<LanguageIdentifier> {
    // What some systems append says nothing about the language: `de_DE.UTF-8`, `ca_ES@valencia`.
    let plain = locale.trim().split(['.', '@', ';']).next().unwrap_or_default();
    plain.parse().ok().filter(|own: &LanguageIdentifier| !own.language.is_empty())
}

/// A language whose name is not known.
pub(super) const UNKNOWN: &str = "this language";

/// The English name of a language: `Polish`. What a link names is never repeated.
pub(super) fn name_of(own: &LanguageIdentifier) -> String {
    let code = own.language.as_str();
    let region = own.region.map(|region| region.as_str().to_owned());
    let found = region.into_iter().chain([code.to_uppercase()]).find_map(|region| {
        let locale = Locale::try_from(format!("{code}_{region}").as_str()).ok()?;
        locale_match!(locale => LC_IDENTIFICATION::LANGUAGE)
    });
    found.unwrap_or(UNKNOWN).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_its_code_and_is_found_by_it() {
        assert!(Language::ALL.into_iter().all(|language| Language::parse(language.code()) == Some(language)));
        assert_eq!([Language::parse("DE"), Language::parse("pl"), Language::parse("")], [None; 3]);
    }

    #[test]
    fn devices_write_languages_in_many_ways() {
        let read = |locale: &str| identified(locale).map(|own| own.language.as_str().to_owned());
        for (locale, code) in [
            ("de-DE", "de"),
            ("pt_BR", "pt"),
            ("zh-Hans-CN", "zh"),
            ("de_DE.UTF-8", "de"),
            ("es-419", "es"),
            (" fr ", "fr"),
            ("EN-us", "en"),
            ("de_DE@euro", "de"),
        ] {
            assert_eq!(read(locale).as_deref(), Some(code), "{locale}");
        }
        assert_eq!([read(""), read("*"), read("none at all")], [None, None, None]);
    }

    #[test]
    fn a_language_without_a_file_has_a_name() {
        let name = |locale: &str| identified(locale).map(|own| name_of(&own)).unwrap_or_default();
        assert_eq!([name("pl-PL"), name("pl"), name("ko-KR"), name("xx")], ["Polish", "Polish", "Korean", UNKNOWN]);
    }
}
