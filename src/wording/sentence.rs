//! Sentences with times and names, as pages print them. All text is escaped, and names are isolated from the text
//! direction around them. Times are machine-readable and exact on hover, in UTC and in the zone the person chose.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono_tz::Tz;

use super::times;
use crate::base::clock::Moment;

/// A time in words, with the exact time on hover if the words are less exact.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "stamp.html")]
pub struct Stamp {
    at: Moment,
    machine: String,
    exact: String,
    text: String,
}

impl HtmlSafe for Stamp {}

impl Stamp {
    /// `2021-04-23 at 01:53 AM UTC`
    pub fn full(at: Moment) -> Stamp {
        Stamp { at, machine: times::machine(at), exact: String::new(), text: times::full(at) }
    }

    /// `4 years ago`, `in 6 days`
    pub fn relative(at: Moment, now: Moment) -> Stamp {
        Stamp::with_text(at, times::relative(at, now))
    }

    /// `2 Nov`, with the year if it is not that of `now`
    pub fn short_day(at: Moment, now: Moment) -> Stamp {
        Stamp::with_text(at, times::short_day(at, now))
    }

    /// `11 Dec 2026`
    pub fn day(at: Moment) -> Stamp {
        Stamp::with_text(at, times::day(at))
    }

    /// `3 Nov, 09:40 UTC`, with the year if it is not that of `now`
    pub fn to_the_second(at: Moment) -> Stamp {
        Stamp::with_text(at, times::to_the_second(at))
    }

    pub fn day_and_time(at: Moment, now: Moment) -> Stamp {
        Stamp::with_text(at, times::day_and_time(at, now))
    }

    /// The same stamp for use inside a sentence or a cell, with a small first letter: `a month ago`.
    #[must_use]
    pub fn inside(&self) -> Stamp {
        Stamp { text: super::text::uncapitalised(&self.text), ..self.clone() }
    }

    /// A time shown by any text.
    pub fn with_text(at: Moment, text: impl Into<String>) -> Stamp {
        Stamp { at, machine: times::machine(at), exact: times::full(at), text: text.into() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The time in UTC, and below it in the zone of the person who sees the page.
    fn tooltip(&self, zone: &Tz) -> String {
        let utc = if self.exact.is_empty() { &self.text } else { &self.exact };
        format!("{utc}\n{}, your time", times::in_zone(self.at, *zone))
    }
}

/// A sequence of words, names and times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "sentence.html")]
pub struct Sentence {
    pieces: Vec<Piece>,
}

impl HtmlSafe for Sentence {}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(String),
    /// A name from outside, in any script.
    Name(String),
    /// An identifier from outside.
    Code(String),
    Time(Stamp),
    /// A remark that is never broken across lines.
    Aside(String),
}

impl Sentence {
    pub fn new(words: impl Into<String>) -> Sentence {
        Sentence::default().words(words)
    }

    #[must_use]
    pub fn words(self, words: impl Into<String>) -> Sentence {
        self.with(Piece::Words(words.into()))
    }

    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Sentence {
        self.with(Piece::Name(name.into()))
    }

    #[must_use]
    pub fn code(self, identifier: &str) -> Sentence {
        self.with(Piece::Code(super::text::visible(identifier)))
    }

    #[must_use]
    pub fn time(self, stamp: Stamp) -> Sentence {
        self.with(Piece::Time(stamp))
    }

    #[must_use]
    pub fn aside(self, remark: impl Into<String>) -> Sentence {
        self.with(Piece::Aside(remark.into()))
    }

    /// Appends the pieces of another sentence.
    #[must_use]
    pub fn then(mut self, other: Sentence) -> Sentence {
        self.pieces.extend(other.pieces);
        self
    }

    /// The same with a capital letter, if it begins with words.
    #[must_use]
    pub fn capitalised(mut self) -> Sentence {
        if let Some(Piece::Words(words)) = self.pieces.first_mut() {
            *words = super::text::capitalised(words);
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The text without markup.
    pub fn plain(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Words(text) | Piece::Name(text) | Piece::Code(text) | Piece::Aside(text) => text.clone(),
            Piece::Time(stamp) => stamp.text.clone(),
        };
        self.pieces.iter().map(text).collect()
    }

    fn with(mut self, piece: Piece) -> Sentence {
        self.pieces.push(piece);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOV_23: Moment = Moment(1_795_453_200_000);

    #[test]
    fn a_sentence_escapes_words_names_and_codes() {
        let sentence = Sentence::new("a < b, ").name("<b>Lena</b>").words(" ").code("x\u{202E}&");
        assert_eq!(
            sentence.to_string(),
            "a &#60; b, <bdi>&#60;b&#62;Lena&#60;/b&#62;</bdi> <span class=\"mono\">x‹U+202E›&#38;</span>"
        );
        assert_eq!(sentence.plain(), "a < b, <b>Lena</b> x‹U+202E›&");
    }

    #[test]
    fn a_time_is_exact_in_its_tooltip_and_for_machines() {
        let stamp = Stamp::relative(NOV_23.plus_days(6), NOV_23);
        assert_eq!(
            stamp.to_string(),
            "<time datetime=\"2026-11-29T17:00:00Z\" title=\"2026-11-29 at 05:00 PM UTC\">in 6 days</time>"
        );
        assert_eq!(
            Stamp::full(NOV_23).to_string(),
            "<time datetime=\"2026-11-23T17:00:00Z\">2026-11-23 at 05:00 PM UTC</time>"
        );
        let preferences = crate::wording::Preferences::parse("system", Some("Asia/Kolkata"));
        let sentence =
            Sentence::new("until ").time(Stamp::day(NOV_23)).render_with_values(&preferences).expect("a sentence");
        let title = "2026-11-23 at 05:00 PM UTC\nMon 23 Nov 2026, 22:30 IST, your time";
        assert!(sentence.contains(&format!("title=\"{title}\">23 Nov 2026</time>")), "{sentence}");
        assert_eq!(Stamp::relative(NOV_23, NOV_23.plus_days(30)).inside().text(), "a month ago");
        assert_eq!(Stamp::full(Moment(i64::MAX)).to_string(), "<span>9223372036854775807 ms</span>");
    }
}
