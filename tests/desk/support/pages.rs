//! Reads the HTML of pages.

use super::cast::LENA;

/// The text of a piece of HTML, one space between words.
pub fn text_of(html: &str) -> String {
    let texts: Vec<&str> = html.split('<').filter_map(|piece| Some(piece.split_once('>')?.1)).collect();
    texts.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The HTML of the card with this fragment, or an empty text.
pub fn card_of<'a>(html: &'a str, fragment: &str) -> &'a str {
    let card = html.split_once(&format!("id=\"{fragment}\"")).map_or("", |(_, rest)| rest);
    card.split_once("</section>").map_or(card, |(card, _)| card)
}

/// The version of what a form changes, which the form sends back.
pub fn seen_version(html: &str) -> &str {
    let value = html.split("name=\"seen\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    value.expect("a version")
}

/// The address behind the pager's link to the `next` or the `prev` page, without its fragment.
pub fn pager_link(html: &str, rel: &str) -> Option<String> {
    let (before, _) = html.split_once(&format!("\" rel=\"{rel}\""))?;
    let (_, address) = before.rsplit_once("href=\"")?;
    let address = address.replace("&#38;", "&").replace("&amp;", "&");
    address.split('#').next().map(str::to_owned)
}

/// The ids of the events in the history that a profile of Lena shows, from its links.
pub fn events_on(html: &str) -> Vec<String> {
    let link = format!("{LENA}/events/");
    let history = html.split_once("id=\"history\"").map_or(html, |(_, history)| history);
    let links = history.split(&link).skip(1);
    links.map(|rest| rest.split(['"', '?']).next().unwrap_or_default().to_owned()).collect()
}
