//! Countries by the names people use: the standard's own are made for treaties ("Korea (Republic of)").

use crate::wording::text::visible;

/// Where the name in everyday English is another one.
const COMMON: [(&str, &str); 28] = [
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

/// The English name of an ISO 3166-1 alpha-2 code; a code that is none stands as it is.
pub fn name(code: &str) -> String {
    let upper = code.to_uppercase();
    match COMMON.iter().find(|(common, _)| *common == upper) {
        Some((_, name)) => (*name).to_owned(),
        None => rust_iso3166::from_alpha2(&upper).map_or_else(|| visible(code), |found| found.name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_called_what_people_call_them() {
        assert_eq!([name("gb"), name("KR"), name("DE")], ["United Kingdom", "South Korea", "Germany"]);
        assert_eq!([name("XX"), name("a\u{202E}")], ["XX", "a‹U+202E›"]);
        assert!(COMMON.is_sorted());
        let formal = rust_iso3166::ALL.iter().map(|country| name(country.alpha2)).filter(|name| name.contains(" of)"));
        assert_eq!(formal.collect::<Vec<_>>(), Vec::<String>::new());
    }
}
