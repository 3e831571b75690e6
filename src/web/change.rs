//! A value before and after an action: short values on one line, long ones folded.

use askama::Template;
use askama::filters::HtmlSafe;

use super::filters;

/// The most characters, before and after together, that are shown on one line. Longer texts and texts of several lines
/// are folded.
const SHORT: usize = 80;

#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "change.html")]
pub struct Change {
    before: Option<String>,
    after: Option<String>,
}

impl HtmlSafe for Change {}

impl Change {
    /// `None` when both values are missing or blank.
    pub fn between(before: Option<&str>, after: Option<&str>) -> Option<Change> {
        let text = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let change = Change { before: text(before), after: text(after) };
        (change.before.is_some() || change.after.is_some()).then_some(change)
    }

    fn is_short(&self) -> bool {
        let texts = || [&self.before, &self.after].into_iter().flatten();
        texts().all(|text| !text.contains('\n')) && texts().map(|text| text.chars().count()).sum::<usize>() <= SHORT
    }

    /// The label of the folded part.
    fn summary(&self) -> &'static str {
        match (&self.before, &self.after) {
            (Some(_), Some(_)) => "Before and after",
            (Some(_), None) => "Before",
            _ => "After",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(before: Option<&str>, after: Option<&str>) -> String {
        Change::between(before, after).map(|change| change.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_short_change_is_on_one_line_and_escaped() {
        let shown = html(Some("<255>"), Some("500"));
        assert!(shown.contains("<del><bdi>&#60;255&#62;</bdi></del>") && shown.contains("<bdi>500</bdi>"), "{shown}");
        assert!(!shown.contains("<details") && html(None, Some(" ")).is_empty());
    }

    #[test]
    fn long_changes_and_changes_of_several_lines_are_folded() {
        let long = "a".repeat(81);
        for (before, after) in [(Some(long.as_str()), None), (None, Some("a\nb"))] {
            assert!(html(before, after).contains("<details class=\"fold\">"), "{before:?} {after:?}");
        }
    }
}
