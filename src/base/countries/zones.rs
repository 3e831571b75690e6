//! The time of a country (`zone.tab`, see `LICENCE.md`), where the whole country has the same.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;

use crate::base::clock::Moment;

/// The zones of each country.
static ZONES: LazyLock<HashMap<&'static str, Vec<Tz>>> = LazyLock::new(|| {
    let mut zones: HashMap<&str, Vec<Tz>> = HashMap::new();
    for line in include_str!("zone.tab").lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let (code, name) = (columns.next(), columns.nth(1));
        if let (Some(code), Some(Ok(zone))) = (code, name.map(str::parse)) {
            zones.entry(code).or_default().push(zone);
        }
    }
    zones
});

/// The zone of a country, by its code in capitals, if all its clocks show the same at that moment.
pub fn at(country: &str, at: Moment) -> Option<Tz> {
    let utc = at.utc()?.naive_utc();
    let [first, others @ ..] = ZONES.get(country)?.as_slice() else { return None };
    let offset = |zone: &Tz| zone.offset_from_utc_datetime(&utc).fix();
    others.iter().all(|zone| offset(zone) == offset(first)).then_some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOVEMBER: Moment = Moment(1_795_453_200_000);

    #[test]
    fn a_country_whose_clocks_agree_has_a_zone() {
        let zone = |country: &str| at(country, NOVEMBER).map(|zone| zone.name());
        assert_eq!(zone("JP"), Some("Asia/Tokyo"));
        assert_eq!(zone("DE"), Some("Europe/Berlin"), "Büsingen has the time of Berlin");
        assert_eq!([zone("US"), zone("ES"), zone("BR"), zone("XX"), zone("")], [None; 5]);
    }

    #[test]
    fn every_zone_of_the_table_is_known() {
        let lines = include_str!("zone.tab").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(ZONES.values().map(Vec::len).sum::<usize>(), lines);
        assert!(ZONES.len() > 240);
    }
}
