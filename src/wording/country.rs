//! Country names as people use them. The names in the standard are formal, such as "Korea (Republic of)".

use crate::wording::text::visible;

/// Countries whose everyday English name differs from that of the standard, sorted by code.
const EVERYDAY: [(&str, &str); 28] = [
    ("BN", "Brunei"),
    ("BO", "Bolivia"),
    ("BQ", "Caribbean Netherlands"),
    ("CC", "Cocos Islands"),
    ("CD", "DR Congo"),
    ("CG", "Republic of the Congo"),
    ("FK", "Falkland Islands"),
    ("FM", "Micronesia"),
    ("GB", "United Kingdom"),
    ("IR", "Iran"),
    ("KP", "North Korea"),
    ("KR", "South Korea"),
    ("LA", "Laos"),
    ("MD", "Moldova"),
    ("MF", "Saint Martin"),
    ("NL", "Netherlands"),
    ("PS", "Palestine"),
    ("RU", "Russia"),
    ("SX", "Sint Maarten"),
    ("SY", "Syria"),
    ("TW", "Taiwan"),
    ("TZ", "Tanzania"),
    ("US", "United States"),
    ("VA", "Vatican City"),
    ("VE", "Venezuela"),
    ("VG", "British Virgin Islands"),
    ("VI", "US Virgin Islands"),
    ("VN", "Vietnam"),
];

/// The English name of an ISO 3166-1 alpha-2 code. An unknown code is returned as it is.
pub fn name(code: &str) -> String {
    let upper = code.to_uppercase();
    match EVERYDAY.iter().find(|(code, _)| *code == upper) {
        Some((_, name)) => (*name).to_owned(),
        None => rust_iso3166::from_alpha2(&upper).map_or_else(|| visible(code), |found| found.name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_their_everyday_names() {
        assert_eq!([name("gb"), name("KR"), name("DE")], ["United Kingdom", "South Korea", "Germany"]);
        assert_eq!([name("XX"), name("a\u{202E}")], ["XX", "a‹U+202E›"]);
        assert!(EVERYDAY.is_sorted());
        let formal = rust_iso3166::ALL.iter().map(|country| name(country.alpha2)).filter(|name| name.contains(" of)"));
        assert_eq!(formal.collect::<Vec<_>>(), Vec::<String>::new());
    }
}
