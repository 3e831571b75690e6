//! What something was before and after an action: on one line where that is short, folded where it is not.

use askama::Template;
use askama::filters::HtmlSafe;

/// Longer texts, and those of several lines, are folded.
const SHORT: usize = 80;

#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "change.html")]
pub struct Change {
    before: Option<String>,
    after: Option<String>,
}

impl HtmlSafe for Change {}

impl Change {
    /// `None` where there is neither a before nor an after.
    pub fn between(before: Option<&str>, after: Option<&str>) -> Option<Change> {
        let text = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let change = Change { before: text(before), after: text(after) };
        (change.before.is_some() || change.after.is_some()).then_some(change)
    }

    fn is_short(&self) -> bool {
        let texts = || [&self.before, &self.after].into_iter().flatten();
        texts().all(|text| !text.contains('\n')) && texts().map(|text| text.chars().count()).sum::<usize>() <= SHORT
    }

    /// How the fold is called.
    fn summary(&self) -> &'static str {
        match (&self.before, &self.after) {
            (Some(_), Some(_)) => "Before and after",
            (Some(_), None) => "What it said",
            _ => "What it says",
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
    fn a_short_change_stands_on_one_line_and_is_escaped() {
        let shown = html(Some("<255>"), Some("500"));
        assert!(shown.contains("<del><bdi>&#60;255&#62;</bdi></del>") && shown.contains("<bdi>500</bdi>"), "{shown}");
        assert!(!shown.contains("<details") && html(None, Some(" ")).is_empty());
    }

    #[test]
    fn a_long_one_and_one_of_several_lines_are_folded() {
        let long = "a".repeat(81);
        for (before, after) in [(Some(long.as_str()), None), (None, Some("a\nb"))] {
            assert!(html(before, after).contains("<details class=\"fold\">"), "{before:?} {after:?}");
        }
    }
}
