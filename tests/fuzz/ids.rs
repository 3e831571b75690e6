//! App User IDs (§9.2), and the addresses that they are in.

use dossier::base::app_user_id::{AppUserId, lookup_key};
use dossier::web::path;
use dossier::wording::text::{segment, visible};
use url::{Url, form_urlencoded};

use crate::inputs::{corpus, fuzz, texts};

/// Characters that change the direction of the text around them.
const DIRECTIONS: [char; 9] =
    ['\u{202A}', '\u{202B}', '\u{202C}', '\u{202D}', '\u{202E}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'];

#[test]
fn an_id_is_refused_or_is_found_again_in_every_address() {
    let corpus = corpus(include_str!("corpus/ids.json"));
    fuzz(&corpus, texts(&corpus, 1_600), check);
}

fn check(text: &str) {
    is_never_decoded_to_what_no_database_stores(text);
    assert!(lookup_key(text).len() <= 161);
    assert!(!visible(text).contains(DIRECTIONS));
    if let Ok(id) = AppUserId::parse(text) {
        assert_eq!(id.as_str(), text);
        is_found_again(text);
    }
}

fn is_never_decoded_to_what_no_database_stores(raw: &str) {
    if let Some(decoded) = path::decode(raw) {
        assert!(!decoded.contains(['\0', char::REPLACEMENT_CHARACTER]));
    }
}

/// In a path, in a path as a browser sends it, and in a query.
fn is_found_again(id: &str) {
    let link = format!("/projects/sundial/customers/{}", segment(id));
    assert!(link.is_ascii());
    let sent = Url::parse("https://dossier.example").expect("a URL").join(&link).expect("an address");
    assert_eq!(sent.path(), link);
    assert_eq!((sent.query(), sent.fragment()), (None, None));
    let values = path::named("/projects/{project}/customers/{id}", sent.path()).expect("text");
    assert_eq!(values.last().map(|(_, value)| value.as_str()), Some(id));
    let query = format!("q={}", segment(id));
    let values: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    assert_eq!(values, [("q".into(), id.into())]);
}
