//! Cursors of pages, and the query strings that they stand in.

use dossier::base::clock::Moment;
use dossier::base::ids::{CustomerId, EventId, RowId};
use dossier::customers::{Cursor, overrides};
use dossier::pages::directory::lists::Position;
use dossier::pages::profile::history;
use proptest::prelude::*;

use crate::inputs::{corpus, fuzz, texts};

#[test]
fn a_cursor_is_refused_or_leads_to_one_place() {
    let corpus = corpus(include_str!("corpus/cursors.json"));
    fuzz(&corpus, texts(&corpus, 200), check);
}

fn check(text: &str) {
    if let Some(cursor) = Cursor::parse(text) {
        assert_eq!(cursor.to_string(), text);
    }
    if let Some(cursor) = overrides::Cursor::parse(text) {
        assert_eq!(cursor.to_string(), text);
    }
    if let Ok(cursor) = text.parse::<history::Cursor>() {
        leads_to_one_place(cursor);
    }
    if let Ok(history::Query { before: Some(cursor), .. } | history::Query { after: Some(cursor), .. }) =
        history::Query::parse(text)
    {
        leads_to_one_place(cursor);
    }
    assert!(Position::parse(Some(text), Some(text)).is_err());
    assert_eq!(Position::parse(Some(text), None).is_ok(), Cursor::parse(text).is_some());
}

fn leads_to_one_place(cursor: history::Cursor) {
    for place in [cursor, cursor.above(), cursor.below()] {
        assert_eq!(place.to_string().parse(), Ok(place));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_place_is_read_as_it_was_written(a in any::<i64>(), b in any::<i64>(), tie in any::<i32>(), id in any::<i64>()) {
        let cursor = Cursor { active_at: Moment(a), id: RowId(id) };
        prop_assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        for until in [None, Some(Moment(b))] {
            let cursor = overrides::Cursor { until, set_at: Moment(a), customer: CustomerId(id) };
            prop_assert_eq!(overrides::Cursor::parse(&cursor.to_string()), Some(cursor));
        }
        let cursor = history::Cursor { timeline_at: Moment(a), event_at: Moment(b), tie, event: EventId(id) };
        prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
}
