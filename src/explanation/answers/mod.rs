//! What is written to customers, in seven languages: one to four sentences of a closed set. English counts; the other
//! languages say the same. A sentence never names other people, nor anything that the customer does not know.

mod amounts;
mod bundles;
mod language;
mod message;
mod named;
#[cfg(test)]
mod tests;
mod writing;

pub use language::Language;
pub use message::{Day, Message, Minute};
pub use named::{Charger, Named};
pub use writing::Writing;

/// An answer to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer(pub Vec<Message>);

impl Answer {
    /// The text to copy.
    pub fn text(&self, writing: &Writing) -> String {
        let one =
            |message: &Message| bundles::sentence(writing.language, message.key(), message.arguments(writing).values());
        let all: Vec<String> = self.0.iter().map(one).collect();
        all.join(writing.language.joint())
    }

    /// What is wrong with its sentences in a language.
    #[cfg(test)]
    pub fn faults(&self, language: Language) -> Vec<String> {
        let writing = Writing::of(Some(language.code()), None);
        let checked =
            |message: &Message| bundles::checked(language, message.key(), message.arguments(&writing).values()).err();
        self.0.iter().filter_map(checked).map(|(text, faults)| format!("{text}: {faults}")).collect()
    }
}
