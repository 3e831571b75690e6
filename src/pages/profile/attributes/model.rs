//! How the card shows attributes: reserved keys in their order, then the others by name; long values are cut.

use crate::base::clock::Moment;
use crate::customers::attributes::reserved;
use crate::pages::profile::visit::Attribute;
use crate::wording::text;

/// The most characters of a value that are shown unfolded. People may type 500; apps send more.
const HEAD: usize = 500;

/// An attribute that has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// The label of a reserved key, else the key.
    pub label: String,
    pub key: String,
    /// Whether the label differs from the key.
    pub is_labelled: bool,
    pub head: String,
    /// The rest of a long value, with the length of the whole value.
    pub tail: Option<Tail>,
    pub is_code: bool,
    /// The text that the search in the card matches.
    pub search_text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    pub label: String,
    pub text: String,
}

/// A reserved key without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unset {
    pub key: &'static str,
    pub label: &'static str,
}

/// Reserved keys in their order, then the others alphabetically.
pub fn set(attributes: &[Attribute]) -> Vec<Set> {
    let mut sorted: Vec<&Attribute> = attributes.iter().collect();
    sorted.sort_by_cached_key(|attribute| {
        let place = reserved::find(&attribute.key).map_or(usize::MAX, |(place, _)| place);
        (place, attribute.key.to_lowercase(), attribute.key.clone())
    });
    sorted.into_iter().map(Set::new).collect()
}

/// The reserved keys without a value.
pub fn unset(attributes: &[Attribute]) -> Vec<Unset> {
    let is_unset = |key: &str| !attributes.iter().any(|attribute| attribute.key == key);
    reserved::KEYS.iter().filter(|(key, _)| is_unset(key)).map(|(key, label)| Unset { key, label }).collect()
}

impl Set {
    fn new(attribute: &Attribute) -> Set {
        let label = reserved::find(&attribute.key).map(|(_, label)| label);
        let (head, tail) = cut(&attribute.value);
        Set {
            label: label.map_or_else(|| text::visible(&attribute.key), str::to_owned),
            key: attribute.key.clone(),
            is_labelled: label.is_some(),
            search_text: format!("{} {} {head}", label.unwrap_or(""), attribute.key).trim_start().to_owned(),
            head,
            tail,
            is_code: reserved::is_code(&attribute.key),
        }
    }
}

/// The row of a reserved key that has no value but is worth a look, with what counts instead.
pub fn without_value(key: &str, instead: &str) -> Set {
    Set::new(&Attribute { key: key.into(), value: instead.into(), updated_at: Moment::EARLIEST })
}

fn cut(value: &str) -> (String, Option<Tail>) {
    let Some((at, _)) = value.char_indices().nth(HEAD) else { return (value.to_owned(), None) };
    let (head, rest) = value.split_at(at);
    let length = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
    let label = format!("the rest of {}", text::count(length, "character", "characters"));
    (head.to_owned(), Some(Tail { label, text: rest.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(key: &str, value: &str) -> Attribute {
        Attribute { key: key.into(), value: value.into(), updated_at: Moment(0) }
    }

    #[test]
    fn reserved_keys_come_in_their_order_and_others_by_name() {
        let keys =
            ["zebra", "$tenjinId", "$email", "Apple", "$new key", "apple", "$displayName", "$adjustId", "$campaign"];
        let labels: Vec<String> =
            set(&keys.map(|key| attribute(key, "x"))).into_iter().map(|attribute| attribute.label).collect();
        let wanted = ["Name", "E-mail", "Campaign", "Adjust ID", "Tenjin ID", "$new key", "Apple", "apple", "zebra"];
        assert_eq!(labels, wanted);
    }

    #[test]
    fn every_reserved_key_is_either_set_or_unset() {
        assert_eq!(unset(&[]).len(), reserved::KEYS.len());
        let left = unset(&[attribute("$email", "lena@okafor.example"), attribute("custom", "x")]);
        assert_eq!(left.len(), reserved::KEYS.len() - 1);
        assert!(left.iter().all(|unset| unset.key != "$email"));
    }

    #[test]
    fn the_keys_after_the_known_order_are_alphabetical() {
        let rest: Vec<_> = reserved::KEYS.iter().skip(25).map(|(key, _)| key.to_lowercase()).collect();
        assert!(rest.is_sorted(), "{rest:?}");
    }

    #[test]
    fn a_long_value_is_cut_between_characters_and_says_how_long_it_is() {
        let value = "é".repeat(102_400);
        let shown = set(&[attribute("essay", &value)]);
        let attribute = shown.first().expect("one");
        assert_eq!(attribute.head.chars().count(), HEAD);
        let tail = attribute.tail.as_ref().expect("a tail");
        assert_eq!(tail.label, "the rest of 102,400 characters");
        assert_eq!(format!("{}{}", attribute.head, tail.text), value);
        assert!(set(&[attribute_of_500()]).first().is_some_and(|attribute| attribute.tail.is_none()));
    }

    fn attribute_of_500() -> Attribute {
        attribute("note", &"x".repeat(500))
    }

    #[test]
    fn the_search_finds_label_key_and_value() {
        let shown = set(&[attribute("$email", "lena@okafor.example")]);
        assert_eq!(shown.first().map(|one| one.search_text.as_str()), Some("E-mail $email lena@okafor.example"));
    }
}
