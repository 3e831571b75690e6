//! The names of people, and the e-mail addresses they log in with.

use crate::auth::log_in::address_of_account;
use crate::wording::text::visible;

/// An e-mail address as accounts keep it: in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

/// A person's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

const LONGEST_NAME: usize = 100;

impl Email {
    /// # Errors
    /// One line that says what is wrong with the address.
    pub fn parse(typed: &str) -> Result<Email, String> {
        let email = address_of_account(typed);
        let parts = email.split_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty());
        match parts.is_some() && !email.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            true => Ok(Email(email)),
            false => Err(format!("{typed} is not an e-mail address")),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Name {
    /// # Errors
    /// One line that says what is wrong with the name.
    pub fn parse(typed: &str) -> Result<Name, String> {
        let name = typed.trim();
        match (1..=LONGEST_NAME).contains(&name.chars().count()) {
            true if visible(name) == name && !name.contains(char::is_control) => Ok(Name(name.to_owned())),
            true => Err("a name must not have invisible characters or two spaces in a row".into()),
            false => Err(format!("a name has 1 to {LONGEST_NAME} characters")),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_parts_and_no_space() {
        assert_eq!(Email::parse(" Ada@Sundial.example ").map(|email| email.0), Ok("ada@sundial.example".into()));
        for typed in ["", "ada", "@sundial.example", "ada@", "a da@sundial.example", "ada@sun\0dial", "ada@x\n"] {
            assert_eq!(Email::parse(typed).is_ok(), typed == "ada@x\n", "{typed:?}");
        }
    }

    #[test]
    fn a_name_has_one_to_a_hundred_characters() {
        assert_eq!(Name::parse("  Åda 🌙 ").map(|name| name.0), Ok("Åda 🌙".into()));
        assert!(Name::parse(&"ß".repeat(100)).is_ok() && Name::parse(&"ß".repeat(101)).is_err());
        assert!(Name::parse(" ").is_err() && Name::parse("a\0b").is_err() && Name::parse("a\u{202e}b").is_err());
    }
}
