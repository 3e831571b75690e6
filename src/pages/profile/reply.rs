//! The answer to copy: in the language of the customer, or in one that was chosen, and beside it in English, which counts.

use super::visit::Visit;
use crate::base::clock::Moment;
use crate::explanation::{Answer, Language, Writing};

/// An answer, ready to be copied.
#[derive(Debug)]
pub struct Reply {
    /// The name of the language, and the text.
    pub own: Option<Text>,
    pub english: String,
    /// What was asked for and has no text.
    pub missing: Option<String>,
    /// The zone of the days in it, if it is not UTC.
    pub zone: Option<&'static str>,
    /// Where the language can be chosen.
    pub languages: Option<Languages>,
}

/// The answer in a language other than English.
#[derive(Debug)]
pub struct Text {
    pub language: &'static str,
    /// For the attribute `lang`.
    pub code: &'static str,
    pub text: String,
}

/// The form that chooses the language.
#[derive(Debug)]
pub struct Languages {
    pub action: String,
    /// The other fields of the address, which stay.
    pub kept: Vec<(String, String)>,
    /// Code and name of each language, and whether it is shown.
    pub options: Vec<(&'static str, &'static str, bool)>,
}

/// How the customer writes: as the device says, in the language that was asked for, in the time of the country.
pub fn writing(visit: &Visit) -> Writing {
    let (locale, country) = &visit.habits;
    Writing::of(locale.as_deref(), country.as_deref()).asked(visit.asked_language.as_deref())
}

impl Reply {
    pub fn new(answer: &Answer, writing: &Writing, now: Moment, languages: Option<Languages>) -> Reply {
        let language = writing.language;
        let own = || Text { language: language.name(), code: language.code(), text: answer.text(writing) };
        Reply {
            own: (language != Language::English).then(own),
            english: answer.text(&writing.in_english()),
            missing: writing.fell_back_from.clone(),
            zone: Some(writing.zone(now)).filter(|zone| *zone != "UTC"),
            languages,
        }
    }
}

impl Languages {
    pub fn new(visit: &Visit, writing: &Writing, kept: &[(String, String)]) -> Languages {
        let sandbox = visit.is_sandbox().then(|| ("sandbox".to_owned(), "1".to_owned()));
        let kept = kept.iter().filter(|(name, _)| name != "language").cloned();
        let option = |language: Language| (language.code(), language.name(), language == writing.language);
        Languages {
            action: visit.href.clone(),
            kept: sandbox.into_iter().chain(kept).collect(),
            options: Language::ALL.map(option).to_vec(),
        }
    }
}
