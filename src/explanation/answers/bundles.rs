//! The sentences of all languages, read once.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

use super::language::Language;

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<[Bundle; Language::ALL.len()]> = LazyLock::new(|| Language::ALL.map(read));

fn read(language: Language) -> Bundle {
    let own: LanguageIdentifier = language.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![own]);
    // The sentences are copied as plain text, and marks of direction would be copied with them.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(language.file().to_owned()).unwrap_or_else(|(readable, errors)| {
        tracing::error!(language = language.code(), ?errors, "some sentences of answers cannot be read");
        readable
    });
    if let Err(errors) = bundle.add_resource(resource) {
        tracing::error!(language = language.code(), ?errors, "some sentences of answers are there twice");
    }
    bundle
}

/// A sentence with its values. A fault in a file is logged; tests see that there is none.
pub(super) fn sentence(language: Language, key: &str, values: &FluentArgs<'_>) -> String {
    match checked(language, key, values) {
        Ok(text) => text,
        Err((text, faults)) => {
            tracing::error!(language = language.code(), key, %faults, "a sentence of an answer has a fault");
            text
        }
    }
}

/// # Errors
/// What could be written, and what is wrong with the sentence.
pub(super) fn checked(language: Language, key: &str, values: &FluentArgs<'_>) -> Result<String, (String, String)> {
    let found = Language::ALL.iter().zip(BUNDLES.iter()).find(|(one, _)| **one == language);
    let Some((bundle, pattern)) = found.and_then(|(_, bundle)| Some((bundle, bundle.get_message(key)?.value()?)))
    else {
        return Err((String::new(), "it is missing".to_owned()));
    };
    let mut errors = Vec::new();
    let text = Cow::into_owned(bundle.format_pattern(pattern, Some(values), &mut errors));
    match errors.is_empty() {
        true => Ok(text),
        false => Err((text, format!("{errors:?}"))),
    }
}
