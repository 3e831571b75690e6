//! A person's preferences: the theme, and the time zone in which pages show times beside UTC.

use std::any::Any;

use askama::Values;
use chrono_tz::Tz;

/// The key by which templates read the zone, to show times in it as well: `"zone"|value::<Tz>`.
const ZONE: &str = "zone";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    pub theme: Theme,
    /// `None` if times are shown in UTC only.
    pub zone: Option<Tz>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// Follows the setting of the person's device.
    #[default]
    System,
    Light,
    Dark,
}

impl Preferences {
    /// Reads the stored preferences. An unknown theme becomes [`Theme::System`], an unknown zone `None`.
    pub fn parse(theme: &str, zone: Option<&str>) -> Preferences {
        let theme = Theme::parse(theme).unwrap_or_default();
        Preferences { theme, zone: zone.and_then(|name| name.parse().ok()) }
    }

    /// The zone's IANA name; empty if there is no zone.
    pub fn zone_name(&self) -> &'static str {
        self.zone.map_or("", |zone| zone.name())
    }
}

/// Templates of times read the zone from here, however deep they are in a page.
impl Values for Preferences {
    fn get_value<'a>(&'a self, key: &str) -> Option<&'a dyn Any> {
        let zone = self.zone.as_ref().filter(|_| key == ZONE);
        zone.map(|zone| zone as &dyn Any)
    }
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    /// The name as it is stored and sent in forms.
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

    /// The value of `<meta name="color-scheme">`.
    pub const fn scheme(self) -> &'static str {
        match self {
            Theme::System => "light dark",
            theme => theme.name(),
        }
    }

    /// The value of `<html data-theme>`; empty if the device decides.
    pub const fn forced(self) -> &'static str {
        match self {
            Theme::System => "",
            theme => theme.name(),
        }
    }
}

/// The zones to choose from: those named after a place, such as `Europe/Berlin`. The others are older names of these.
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
    fn unknown_preferences_become_the_defaults() {
        let preferences = Preferences::parse("dark", Some("Europe/Berlin"));
        assert_eq!((preferences.theme, preferences.zone_name()), (Theme::Dark, "Europe/Berlin"));
        assert_eq!(Preferences::parse("neon", Some("Moon/Tycho")), Preferences::default());
        assert!(Theme::ALL.into_iter().all(|theme| Theme::parse(theme.name()) == Some(theme)));
    }

    #[test]
    fn every_place_names_a_zone() {
        assert!(places().count() > 400);
        assert!(places().all(|name| name.parse::<Tz>().is_ok()));
        assert!(places().any(|name| name == "America/Argentina/Buenos_Aires"));
        assert!(!places().any(|name| name == "UTC" || name == "US/Eastern" || name == "Etc/GMT+1"));
    }
}
