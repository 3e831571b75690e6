//! Text that somebody pastes into the search (§13).

use dossier::base::app_user_id::ANONYMOUS_PREFIX;
use dossier::customers::search_terms::TermKind;
use dossier::pages::directory::search::model::{MOST_BYTES, key_range, marked};
use dossier::pages::directory::search::pasted::MOST_PIECES;
use dossier::pages::directory::search::{Query, TooLong};

use crate::inputs::{corpus, fuzz, texts};

#[test]
fn any_text_gives_few_short_pieces_or_is_too_long() {
    let corpus = corpus(include_str!("corpus/searches.json"));
    fuzz(&corpus, texts(&corpus, 3_000), check);
}

fn check(text: &str) {
    let Ok(query) = Query::parse(text) else {
        return assert_eq!((Query::parse(text).err(), text.len() > MOST_BYTES), (Some(TooLong), true));
    };
    let Some(query) = query else { return assert_eq!(text.trim(), "") };
    assert!(query.pieces.len() <= MOST_PIECES);
    for piece in &query.pieces {
        assert!(piece.text.len() <= text.len() + ANONYMOUS_PREFIX.len(), "{piece:?}");
    }
    assert!(query.picked().count() <= MOST_PIECES && query.hint().is_none_or(|hint| hint.ends_with('.')));
    if let Some(beginning) = query.beginning() {
        let (from, to) = key_range(&beginning);
        assert!(from < to || beginning.is_empty(), "{beginning}");
    }
    is_marked(&query);
}

/// The three parts of a marked value are the value. Only values that match are marked, so that both are about as long.
fn is_marked(query: &Query) {
    let start = |text: &str| text.chars().take(100).collect::<String>();
    let value = start(&query.text);
    for piece in query.pieces.iter().take(3) {
        for kind in TermKind::ALL {
            let (before, hit, after) = marked(&value, &start(&piece.text), kind);
            assert_eq!(format!("{before}{hit}{after}"), value);
        }
    }
}
