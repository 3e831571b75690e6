//! How pages look to somebody: light or dark, and in which zone times are told beside UTC.

use std::any::Any;

use askama::Values;
use chrono_tz::Tz;

/// What a template asks for to tell times a second time: `"zone"|value::<Tz>`.
const ZONE: &str = "zone";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    pub theme: Theme,
    /// `None`: times are told in UTC alone.
    pub zone: Option<Tz>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Preferences {
    /// As the account keeps it. A zone that this version does not know is none.
    pub fn parse(theme: &str, zone: Option<&str>) -> Preferences {
        let theme = Theme::parse(theme).unwrap_or_default();
        Preferences { theme, zone: zone.and_then(|name| name.parse().ok()) }
    }

    /// The zone's IANA name; empty for none.
    pub fn zone_name(&self) -> &'static str {
        self.zone.map_or("", |zone| zone.name())
    }
}

/// The templates of times find the zone here, however deep in a page they are.
impl Values for Preferences {
    fn get_value<'a>(&'a self, key: &str) -> Option<&'a dyn Any> {
        let zone = self.zone.as_ref().filter(|_| key == ZONE);
        zone.map(|zone| zone as &dyn Any)
    }
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    /// As it is stored and sent.
    pub const fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn parse(name: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// For `<meta name="color-scheme">`.
    pub const fn scheme(self) -> &'static str {
        match self {
            Theme::System => "light dark",
            theme => theme.name(),
        }
    }

    /// For `<html data-theme>`; empty where the system decides.
    pub const fn forced(self) -> &'static str {
        match self {
            Theme::System => "",
            theme => theme.name(),
        }
    }
}

/// The zones to choose from: those named after a place, by continent. The others are older names of the same.
pub fn places() -> impl Iterator<Item = &'static str> {
    const CONTINENTS: [&str; 10] =
        ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    names.filter(|name| name.split_once('/').is_some_and(|(area, _)| CONTINENTS.contains(&area)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_read_and_what_is_unknown_is_the_usual() {
        let preferences = Preferences::parse("dark", Some("Europe/Berlin"));
        assert_eq!((preferences.theme, preferences.zone_name()), (Theme::Dark, "Europe/Berlin"));
        assert_eq!(Preferences::parse("neon", Some("Moon/Tycho")), Preferences::default());
        assert!(Theme::ALL.into_iter().all(|theme| Theme::parse(theme.name()) == Some(theme)));
    }

    #[test]
    fn every_place_is_a_zone() {
        assert!(places().count() > 400);
        assert!(places().all(|name| name.parse::<Tz>().is_ok()));
        assert!(places().any(|name| name == "America/Argentina/Buenos_Aires"));
        assert!(!places().any(|name| name == "UTC" || name == "US/Eastern" || name == "Etc/GMT+1"));
    }
}
