//! Which passwords may be chosen: no common ones, and none that is little more than a name everybody knows.

const SHORTEST: usize = 8;
pub(super) const LONGEST: usize = 1024;
/// How many letters and digits a password must have besides the names in it.
const BESIDE_NAMES: usize = 5;
/// Shorter words are in many passwords by chance.
const SHORTEST_NAME: usize = 3;

/// The passwords that attackers try first, in lower case, one a line. `LICENCE.md` says where they come from.
const COMMON: &str = include_str!("common.txt");

/// The words that somebody who guesses at an account tries: the names of the person and of their projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuessedWords(Vec<String>);

impl GuessedWords {
    /// The words of the person's address and name, and of the names and slugs of the projects.
    pub fn new<'a>(email: &'a str, name: &'a str, projects: impl IntoIterator<Item = &'a str>) -> GuessedWords {
        let texts = [email, name, "dossier"].into_iter().chain(projects);
        let mut words: Vec<String> = texts.flat_map(|text| words_of(&text.to_lowercase())).collect();
        // A word that is part of another must not be taken out of it.
        words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        GuessedWords(words)
    }

    /// Whether little is left of a password without these words.
    fn nearly_are(&self, password: &str) -> bool {
        let typed: String = password.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect();
        let rest = self.0.iter().fold(typed.clone(), |rest, word| rest.replace(word, " "));
        rest != typed && rest.chars().filter(|letter| letter.is_alphanumeric()).count() < BESIDE_NAMES
    }
}

fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| word.chars().count() >= SHORTEST_NAME).map(str::to_owned).collect()
}

/// Whether a password may be chosen.
///
/// # Errors
/// One line that says why not: too short, too long or too common.
pub fn accept(password: &str) -> Result<(), String> {
    match password.chars().count() {
        ..SHORTEST => Err(format!("the password must have at least {SHORTEST} characters")),
        SHORTEST..=LONGEST if is_common(password) => {
            Err("that password is one of those that attackers try first".into())
        }
        SHORTEST..=LONGEST => Ok(()),
        _ => Err(format!("the password must have at most {LONGEST} characters")),
    }
}

/// Whether a person may choose a password.
///
/// # Errors
/// One line that says why not: what [`accept`] refuses, or a password that is nearly a name.
pub fn accept_for(password: &str, guessed: &GuessedWords) -> Result<(), String> {
    accept(password)?;
    match guessed.nearly_are(password) {
        true => Err("that password is little more than your name, your address or the name of the project".into()),
        false => Ok(()),
    }
}

fn is_common(password: &str) -> bool {
    let password = password.to_lowercase();
    COMMON.lines().any(|common| common == password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_may_choose_a_name_that_others_know() {
        let guessed = GuessedWords::new("ada.okoye@sundial.example", "Ada Okoye", ["Nine Moons", "nine-moons"]);
        let accept = |password| accept_for(password, &guessed);
        for name in [
            "ada okoye",
            "Ada.Okoye",
            "ada.okoye@sundial.example",
            "okoyeada!!",
            "ada okoye 1",
            "Sundial2026!",
            "NineMoons#42",
            "nine-moons-2026",
            "dossier!!2026",
        ] {
            assert!(accept(name).is_err(), "{name}");
        }
        for other in ["ada eats nine plums", "sundial tK9x4", "canada rules ok"] {
            assert_eq!(accept(other), Ok(()), "{other}");
        }
    }

    #[test]
    fn any_text_of_the_right_length_may_be_chosen_unless_it_is_common() {
        assert!(accept("1234567").is_err());
        assert!(accept("Passw0rd").is_err() && accept("iloveyou1").is_err());
        assert!(accept("пароль 🌙 ok").is_ok());
        assert!(accept("        \t  ").is_ok());
        assert!(accept(&"a".repeat(1024)).is_ok() && accept(&"a".repeat(1025)).is_err());
    }

    #[test]
    fn the_ten_thousand_most_common_passwords_are_refused() {
        assert!(COMMON.lines().count() > 10_000 && COMMON.lines().all(|common| common.len() >= SHORTEST));
        for common in ["qazwsxedc", "Basketball1", "1q2w3e4r5t", "michael1", "qwertyuiop", "elizabeth", "snowboard"] {
            assert!(accept(common).is_err(), "{common}");
        }
    }
}
