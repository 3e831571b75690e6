//! The fields of the form of an offering, and the offering that they make.

use serde::Deserialize;

use crate::base::error::{Problem, Refusal};
use crate::base::ids::ProjectId;
use crate::catalog::rows::Offering;
use crate::catalog::rules;
use crate::pages::settings::values::Values;
use crate::wording::text::sentence;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    identifier: String,
    name: String,
    metadata: String,
    pub seen: String,
}

impl Draft {
    /// A new offering. Reports every problem at once.
    ///
    /// # Errors
    /// A [`Refusal`] with a [`Problem`] for each field that is not valid.
    pub fn new_offering(&self, project_id: ProjectId, is_default: bool) -> Result<Offering, Refusal> {
        let mut problems = Vec::new();
        let identifier = rules::identifier(self.identifier.trim()).unwrap_or_else(|why| {
            problems.push(Problem { field: "identifier", sentence: sentence(&why) });
            String::new()
        });
        let (display_name, metadata) = (String::new(), String::new());
        let new = Offering { project_id, identifier, display_name, is_default, is_archived: false, metadata };
        self.rest(problems, new)
    }

    /// The offering with the values of the form; its identifier stays.
    ///
    /// # Errors
    /// As [`Draft::new_offering`].
    pub fn changed(&self, offering: &Offering) -> Result<Offering, Refusal> {
        self.rest(Vec::new(), offering.clone())
    }

    fn rest(&self, mut problems: Vec<Problem>, mut row: Offering) -> Result<Offering, Refusal> {
        let mut or_refuse = |field: &'static str, parsed: Result<String, String>| {
            parsed.unwrap_or_else(|why| {
                problems.push(Problem { field, sentence: sentence(&why) });
                String::new()
            })
        };
        row.display_name = or_refuse("name", rules::name(&self.name));
        row.metadata = or_refuse("metadata", rules::metadata(&self.metadata));
        if problems.is_empty() { Ok(row) } else { Err(Refusal { problems, is_stale: false }) }
    }
}

/// An offering's settings in words.
pub fn values(row: &Offering) -> Values {
    Values(vec![("Name", row.display_name.clone()), ("Metadata", row.metadata.clone())])
}

/// The metadata, indented; unchanged when it is not valid JSON.
pub fn indented(metadata: &str) -> String {
    let object = serde_json::from_str::<serde_json::Value>(metadata);
    object.ok().and_then(|object| serde_json::to_string_pretty(&object).ok()).unwrap_or_else(|| metadata.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offering_is_normalized_and_every_problem_is_reported() {
        let draft = Draft { identifier: " a ".into(), name: " A ".into(), ..Draft::default() };
        let offering = draft.new_offering(ProjectId(11), true).expect("an offering");
        assert_eq!((offering.identifier.as_str(), offering.metadata.as_str()), ("a", "{}"));
        let wrong = Draft { metadata: "[1]".into(), ..Draft::default() };
        let problems = wrong.new_offering(ProjectId(11), false).expect_err("refused").problems;
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["identifier", "name", "metadata"]);
        assert_eq!(indented("{\"a\":1}"), "{\n  \"a\": 1\n}");
    }
}
