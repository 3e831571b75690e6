//! The form of an endpoint, and an endpoint's settings in words.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use crate::base::allowlist::Allowlist;
use crate::base::error::{Error, Problem, Refusal};
use crate::base::master_key::MasterKeys;
use crate::endpoints::{Endpoint, Environments};
use crate::events::EventType;
use crate::pages::settings::values::Values;
use crate::pages::settings::webhook;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 60;

/// The names of the checkboxes for event types begin with this.
pub const TYPE: &str = "type_";

/// The fields of the form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub name: String,
    pub url: String,
    /// A new `Authorization` value; empty to keep the current one.
    pub authorization: String,
    /// Present when the value is to be removed.
    pub no_authorization: Option<String>,
    pub environment: String,
    pub sends_received: Option<String>,
    /// The version of the settings that the person saw.
    pub seen: String,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

/// What happens to the `Authorization` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    Kept,
    Gone,
    Set(String),
}

/// The form, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub name: String,
    pub url: Url,
    pub authorization: Authorization,
    pub environment: Environments,
    pub sends_received: bool,
    pub types: Vec<String>,
}

/// The event types that an endpoint can be limited to.
pub fn types() -> impl Iterator<Item = &'static str> {
    EventType::KNOWN.iter().copied().filter(|kind| *kind != EventType::Test.as_str())
}

impl Draft {
    /// The form of an endpoint with this name and address, for the events of both environments.
    pub fn named(name: String, url: String) -> Draft {
        Draft { name, url, environment: Environments::All.name().into(), ..Draft::default() }
    }

    /// # Errors
    /// A [`Refusal`] with every [`Problem`].
    pub fn parse(&self, allowlist: &Allowlist) -> Result<Wanted, Refusal> {
        let mut problems: Vec<Problem> = Vec::new();
        let mut wrong = |field: &'static str, sentence: &str| problems.extend(Refusal::new(field, sentence).problems);
        let name = self.name.trim();
        if !(1..=LONGEST_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            wrong("name", "Give it a name of 1 to 60 characters.");
        }
        let url = allowlist.parse(&self.url);
        if let Err(sentence) = url {
            wrong("url", sentence);
        }
        let environment = Environments::parse(&self.environment);
        if environment.is_none() {
            wrong("environment", "Choose one of these.");
        }
        let authorization = self.authorization();
        if let Err(sentence) = &authorization {
            wrong("authorization", sentence);
        }
        match (url, environment, authorization, problems.is_empty()) {
            (Ok(url), Some(environment), Ok(authorization), true) => Ok(Wanted {
                name: name.to_owned(),
                url,
                authorization,
                environment,
                sends_received: self.sends_received.is_some(),
                types: self.types(),
            }),
            _ => Err(Refusal { problems, ..Refusal::default() }),
        }
    }

    fn authorization(&self) -> Result<Authorization, String> {
        match (self.authorization.as_str(), &self.no_authorization) {
            ("", None) => Ok(Authorization::Kept),
            ("", Some(_)) => Ok(Authorization::Gone),
            (_, Some(_)) => Err("Type a value or remove it, not both.".into()),
            (typed, None) => match webhook::Secret::parse(typed) {
                Ok(value) => Ok(Authorization::Set(value.as_str().to_owned())),
                Err(why) => Err(format!("It cannot be sent: {why}.")),
            },
        }
    }

    fn types(&self) -> Vec<String> {
        types().filter(|kind| self.rest.contains_key(&format!("{TYPE}{kind}"))).map(str::to_owned).collect()
    }
}

impl Wanted {
    /// The endpoint `before`, changed to these settings. Its `Authorization` value is known to its server alone, so another
    /// server does not get it (§5.1).
    ///
    /// # Errors
    /// When the value cannot be sealed.
    pub fn applied_to(&self, before: Endpoint, keys: &MasterKeys) -> Result<Endpoint, Error> {
        let authorization_value = match &self.authorization {
            Authorization::Kept if before.has_origin_of(&self.url) => before.authorization_value.clone(),
            Authorization::Kept | Authorization::Gone => None,
            Authorization::Set(value) => Some(before.seal(keys, value.as_bytes())?),
        };
        Ok(Endpoint {
            name: self.name.clone(),
            url: self.url.to_string(),
            authorization_value,
            environment: self.environment,
            sends_received: self.sends_received,
            ..before
        })
    }
}

/// An endpoint's settings in words, without its secrets.
pub fn values(endpoint: &Endpoint, types: &[String]) -> Values {
    let authorization = endpoint.authorization_value.as_ref().map_or("None", |_| "Sent, not shown");
    let which = if types.is_empty() { "All".to_owned() } else { types.join(", ") };
    let received = if endpoint.sends_received { "Made by Dossier, and received" } else { "Made by Dossier" };
    Values(vec![
        ("Name", endpoint.name.clone()),
        ("URL", endpoint.url.clone()),
        ("Authorization", authorization.to_owned()),
        ("Environment", endpoint.environment.words().to_owned()),
        ("Events", received.to_owned()),
        ("Types", which),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Ctx;
    use crate::base::clock::Moment;
    use crate::base::ids::{Ids, ProjectId};
    use crate::base::master_key::{self, MasterKeySource};
    use crate::endpoints::Secret;

    fn draft() -> Draft {
        Draft::named("Sundial".into(), "https://example.com/".into())
    }

    fn refused(draft: &Draft) -> Vec<&'static str> {
        let problems = draft.parse(&Allowlist::default()).map_or_else(|refusal| refusal.problems, |_| Vec::new());
        problems.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn every_problem_is_reported() {
        assert!(refused(&draft()).is_empty());
        let wrong = Draft {
            name: "a\0".into(),
            url: "http://localhost/".into(),
            environment: "moon".into(),
            authorization: "ä".into(),
            ..Draft::default()
        };
        assert_eq!(refused(&wrong), ["name", "url", "environment", "authorization"]);
        let both = Draft { authorization: "Bearer a".into(), no_authorization: Some("1".into()), ..draft() };
        assert_eq!(refused(&both), ["authorization"]);
        assert_eq!(refused(&Draft { name: "x".repeat(61), ..draft() }), ["name"]);
    }

    #[test]
    fn an_authorization_value_stays_with_its_scheme_host_and_port() {
        let source = MasterKeySource::Given(master_key::fresh().expect("a key"));
        let keys = MasterKeys::read(&source).expect("a good key").expect("a key");
        let ctx = Ctx::system(ProjectId(1), &Ids::of_node(1), Moment(0));
        let new = Endpoint::new(&ctx, &keys, &Secret::fresh().expect("a secret")).expect("an endpoint");
        let before = Endpoint {
            url: "https://example.com/hooks?token=a".into(),
            authorization_value: Some(new.seal(&keys, b"Bearer a").expect("it seals")),
            ..new
        };
        let after = |url: &str, authorization: &str| {
            let typed = Draft { url: url.into(), authorization: authorization.into(), ..draft() };
            let allowlist = Allowlist { allows_http: true, ..Allowlist::default() };
            let changed = typed.parse(&allowlist).expect("a good draft").applied_to(before.clone(), &keys);
            changed.and_then(|changed| changed.authorization(&keys)).expect("it opens")
        };
        for same in ["https://example.com/", "https://EXAMPLE.com:443/other?x=1"] {
            assert_eq!(after(same, ""), Some("Bearer a".into()), "{same}");
        }
        let others = ["http://example.com/hooks", "https://example.com:8443/hooks", "https://www.example.com/hooks"];
        for other in others {
            assert_eq!(after(other, ""), None, "{other}");
            assert_eq!(after(other, "Bearer b"), Some("Bearer b".into()), "{other}");
        }
    }

    #[test]
    fn only_known_types_are_chosen() {
        let rest = ["type_RENEWAL", "type_TEST", "type_MOON", "once"].map(|name| (name.to_owned(), "1".to_owned()));
        let wanted = Draft { rest: rest.into(), ..draft() }.parse(&Allowlist::default()).expect("a good draft");
        assert_eq!(wanted.types, ["RENEWAL"]);
        assert_eq!(wanted.authorization, Authorization::Kept);
    }
}
