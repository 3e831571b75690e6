//! The renderer of notes (§3): nothing leaves it but text and the tags that a note may have.

use dossier::web::markdown::{clean, render};
use url::Url;

use crate::inputs::{corpus, fuzz, texts};

const TAGS: [&str; 10] = ["p", "br", "strong", "em", "del", "code", "ul", "ol", "li", "a"];
const REL: &str = "rel=\"noopener noreferrer nofollow\"";

/// As long as a project can let a note be.
const LONGEST: usize = 5_000;

#[test]
fn a_note_becomes_text_with_allowed_tags_and_is_clean() {
    let corpus = corpus(include_str!("corpus/notes.json"));
    fuzz(&corpus, texts(&corpus, LONGEST), |note| is_clean(&render(note).to_string()));
}

/// As if the parser let HTML through.
#[test]
fn the_sanitizer_alone_leaves_only_allowed_tags() {
    let corpus = corpus(include_str!("corpus/notes.json"));
    fuzz(&corpus, texts(&corpus, LONGEST), |html| is_clean(&clean(html).to_string()));
}

fn is_clean(html: &str) {
    assert_eq!(clean(html).to_string(), as_a_parser_reads(html), "cleaning again changes it");
    let mut tags = html.split('<');
    assert!(!tags.next().unwrap_or("").contains('>'));
    for tag in tags {
        let (tag, text) = tag.split_once('>').expect("a tag has an end");
        assert!(is_allowed(tag), "<{tag}> in {html}");
        assert!(!text.contains('>'), "{text} in {html}");
    }
}

/// An HTML parser takes a byte order mark at the start for one, and every line end for LF.
fn as_a_parser_reads(html: &str) -> String {
    html.strip_prefix('\u{FEFF}').unwrap_or(html).replace("\r\n", "\n").replace('\r', "\n")
}

fn is_allowed(tag: &str) -> bool {
    let is_plain = TAGS.iter().any(|name| tag == *name || tag.strip_prefix('/') == Some(name));
    is_plain || is_list(tag) || is_link(tag)
}

fn is_list(tag: &str) -> bool {
    let start = tag.strip_prefix("ol start=\"").and_then(|rest| rest.strip_suffix('"'));
    start.is_some_and(|start| !start.contains(['"', '<']))
}

fn is_link(tag: &str) -> bool {
    let Some(rest) = tag.strip_prefix("a ") else { return false };
    let Some(address) = rest.strip_suffix(REL) else { return false };
    let address = address.strip_prefix("href=\"").and_then(|rest| rest.strip_suffix("\" "));
    // As browsers read an address: without tabs and line ends, for example.
    let leads_out = |address: &str| {
        let url = Url::parse(&address.replace("&amp;", "&"));
        url.is_ok_and(|url| ["http", "https", "mailto"].contains(&url.scheme())) && !address.contains(['"', '<'])
    };
    rest == REL || address.is_some_and(leads_out)
}
