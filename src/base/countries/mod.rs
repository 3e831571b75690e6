//! The country a request comes from (§C2.3): this module looks the address up in a table and does not keep or log it.
//! The table is part of the binary (see `LICENCE.md` beside it); an operator can name another one.

mod table;
pub mod zones;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use table::Table;

/// The countries of IP addresses. Clones share one table.
#[derive(Debug, Clone)]
pub struct Countries(Arc<Table>);

impl Countries {
    /// Opens the table at `chosen` (any MaxMind DB file with countries), else the one in the program.
    ///
    /// # Errors
    /// One line that names `DOSSIER_GEOIP` when the file cannot be read or has no countries.
    pub fn open(chosen: Option<&Path>) -> Result<Countries, String> {
        let table = match chosen {
            Some(path) => {
                Table::read(path).map_err(|reason| format!("DOSSIER_GEOIP ({}): {reason}", path.display()))?
            }
            None => Table::shipped()
                .map_err(|error| format!("cannot read the table of countries in the program: {error}"))?,
        };
        Ok(Countries(Arc::new(table)))
    }

    /// The country in which an address is used, as ISO 3166-1 alpha-2 in capitals. `None` for addresses that are not
    /// public and for those that the table does not contain.
    pub fn country_at(&self, address: IpAddr) -> Option<&'static str> {
        self.0.code(address.to_canonical()).and_then(standard_code)
    }

    /// The country of a client: by its address, else by its store's country (`X-Storefront`, [`of_storefront`]).
    pub fn country_of(&self, address: IpAddr, storefront: Option<&str>) -> Option<&'static str> {
        self.country_at(address).or_else(|| of_storefront(storefront?))
    }
}

/// The alpha-2 code of a storefront's country. Google Play names countries by two letters, Apple by three.
pub fn of_storefront(storefront: &str) -> Option<&'static str> {
    let storefront = storefront.trim();
    match storefront.len() {
        2 => standard_code(storefront),
        3 => rust_iso3166::from_alpha3(&storefront.to_ascii_uppercase()).map(|country| country.alpha2),
        _ => None,
    }
}

/// The code in capitals, if the standard has it.
fn standard_code(code: &str) -> Option<&'static str> {
    rust_iso3166::from_alpha2(&code.to_ascii_uppercase()).map(|country| country.alpha2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(address: &str) -> Option<&'static str> {
        let countries = Countries::open(None).expect("the shipped table");
        countries.country_at(address.parse().expect("an address"))
    }

    #[test]
    fn addresses_of_ipv4_and_ipv6_have_countries() {
        assert_eq!([country("80.156.0.1"), country("2003::1"), country("::ffff:80.156.0.1")], [Some("DE"); 3]);
        assert_eq!(
            [country("8.8.8.8"), country("200.160.2.3"), country("133.11.93.0")],
            [Some("US"), Some("BR"), Some("JP")]
        );
        assert_eq!(country("2001:200::"), Some("JP"));
    }

    #[test]
    fn an_address_that_is_not_public_has_no_country() {
        for address in ["127.0.0.1", "10.0.0.1", "192.0.2.1", "0.0.0.0", "::", "::1", "fe80::1", "2001:db8::1"] {
            assert_eq!(country(address), None, "{address}");
        }
    }

    #[test]
    fn the_storefront_decides_when_the_address_has_no_country() {
        let countries = Countries::open(None).expect("the shipped table");
        let country =
            |address: &str, storefront| countries.country_of(address.parse().expect("an address"), storefront);
        assert_eq!(country("80.156.0.1", Some("BRA")), Some("DE"));
        assert_eq!(country("10.0.0.1", Some("BRA")), Some("BR"));
        assert_eq!(country("10.0.0.1", Some("br")), Some("BR"));
        assert_eq!(country("10.0.0.1", None), None);
        for unknown in ["", "B", "XX", "ZZZ", "Brazil", "é", "éa", "日"] {
            assert_eq!(country("10.0.0.1", Some(unknown)), None, "{unknown}");
        }
    }

    #[test]
    fn the_message_for_a_file_that_is_not_a_table_names_the_setting() {
        for path in ["/nowhere/table.mmdb", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
            let message = Countries::open(Some(Path::new(path))).expect_err("no table");
            assert!(
                message.starts_with("DOSSIER_GEOIP (") && message.contains(path) && !message.contains('\n'),
                "{message}"
            );
        }
    }

    #[test]
    fn the_shipped_table_can_also_be_opened_by_its_path() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/base/countries/table.mmdb");
        let countries = Countries::open(Some(Path::new(path))).expect("a table");
        assert_eq!(countries.country_at("8.8.8.8".parse().expect("an address")), Some("US"));
    }
}
