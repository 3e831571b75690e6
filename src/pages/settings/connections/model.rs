//! The forms of a connection.

use serde::Deserialize;
use url::Url;

use crate::base::allowlist::Allowlist;
use crate::base::error::{Problem, Refusal};
use crate::pages::settings::values::Values;
use crate::stores::revenuecat::{BASE_URL, Connection, Keys};

/// The longest project id and key, in characters.
const LONGEST: usize = 200;

/// What was typed to connect, or to replace keys.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub project: String,
    pub v2_key: String,
    pub v1_key: String,
    /// Empty for RevenueCat's own.
    pub base_url: String,
}

/// A draft that may be tried.
#[derive(Clone, PartialEq, Eq)]
pub struct Wanted {
    pub project: String,
    pub base_url: String,
    pub keys: Keys,
}

impl Draft {
    /// # Errors
    /// A [`Problem`] for each field that cannot be right.
    pub fn parse(&self, allowlist: &Allowlist) -> Result<Wanted, Refusal> {
        let mut problems = Vec::new();
        let mut wrong = |field: &'static str, sentence: String| problems.push(Problem { field, sentence });
        let project = self.project.trim();
        if project.is_empty() || project.len() > LONGEST || !project.chars().all(|letter| letter.is_ascii_graphic()) {
            wrong(
                "project",
                "Enter the project id, as it stands in RevenueCat under Project settings, General.".into(),
            );
        }
        let base_url = base_url(&self.base_url, allowlist).unwrap_or_else(|why| {
            wrong("base_url", why);
            String::new()
        });
        let keys = self.keys().unwrap_or_else(|mut found| {
            problems.append(&mut found.problems);
            Keys { v2: String::new(), v1: None }
        });
        match problems.is_empty() {
            true => Ok(Wanted { project: project.to_owned(), base_url, keys }),
            false => Err(Refusal { problems, is_stale: false }),
        }
    }

    /// The keys alone.
    ///
    /// # Errors
    /// As [`Draft::parse`].
    pub fn keys(&self) -> Result<Keys, Refusal> {
        let is_key = |key: &str| (8..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        let (v2, v1) = (self.v2_key.trim(), self.v1_key.trim());
        if !is_key(v2) {
            return Err(Refusal::new("v2_key", "Enter a secret key of API version 2. It begins with sk_."));
        }
        if !v1.is_empty() && !is_key(v1) {
            return Err(Refusal::new("v1_key", "Enter a secret key of API version 1, or leave it empty."));
        }
        if v1 == v2 {
            return Err(Refusal::new(
                "v1_key",
                "That is the key of version 2 again. Each version has keys of its own.",
            ));
        }
        Ok(Keys { v2: v2.to_owned(), v1: Some(v1.to_owned()).filter(|key| !key.is_empty()) })
    }
}

/// The origin of the API: RevenueCat's, unless another was typed.
fn base_url(typed: &str, allowlist: &Allowlist) -> Result<String, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(BASE_URL.to_owned());
    }
    let url: Url = allowlist.parse(typed).map_err(|why| format!("{why}{}", Allowlist::hint(typed, why)))?;
    match url.query() {
        Some(_) => Err("It must not contain a question mark.".into()),
        None => Ok(url.as_str().trim_end_matches('/').trim_end_matches("/v1").trim_end_matches("/v2").to_owned()),
    }
}

/// A connection in words, without its keys.
pub fn values(connection: &Connection) -> Values {
    let v1 = if connection.has_v1_key() { "Entered, not shown" } else { "None" };
    Values(vec![
        ("Connected to", "RevenueCat".to_owned()),
        ("Project id", connection.upstream_project.clone()),
        ("Address of the API", connection.base_url.clone()),
        ("Key of version 1", v1.to_owned()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft { project: "proj1ab2c3d4".into(), v2_key: "sk_second_version".into(), ..Draft::default() }
    }

    fn refused(draft: &Draft) -> Vec<&'static str> {
        let refusal = draft.parse(&Allowlist::default()).err().unwrap_or_default();
        refusal.problems.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn revenuecat_itself_is_meant_unless_another_address_is_typed() {
        let base_url = |typed: &str| {
            let wanted = Draft { base_url: typed.into(), ..draft() }.parse(&Allowlist::default());
            wanted.map(|wanted| wanted.base_url).unwrap_or_default()
        };
        assert_eq!(base_url(" "), BASE_URL);
        for typed in
            ["https://desk.example", "https://desk.example/", "https://desk.example/v2", "https://desk.example/v2/"]
        {
            assert_eq!(base_url(typed), "https://desk.example", "{typed}");
        }
    }

    #[test]
    fn each_field_that_cannot_be_right_is_named() {
        assert!(refused(&draft()).is_empty());
        let wrong = Draft { project: "a b".into(), v2_key: "x".into(), base_url: "http://a.example".into(), ..draft() };
        assert_eq!(refused(&wrong), ["project", "base_url", "v2_key"]);
        assert_eq!(refused(&Draft { v1_key: draft().v2_key, ..draft() }), ["v1_key"]);
        for (typed, setting) in
            [("http://a.example", "DOSSIER_OUTGOING_HTTP=1"), ("https://10.1.2.3", "DOSSIER_OUTGOING_PRIVATE")]
        {
            let refusal =
                Draft { base_url: typed.into(), ..draft() }.parse(&Allowlist::default()).err().unwrap_or_default();
            assert!(refusal.problems.iter().any(|problem| problem.sentence.contains(setting)), "{typed}");
        }
        assert_eq!(refused(&Draft { v1_key: "sk_ä_first_version".into(), ..draft() }), ["v1_key"]);
    }
}
