//! From which country a request comes (§C2.3): an address is looked up in a table and dropped. The
//! table lies in the binary (see `LICENCE.md` beside it); an operator may name another one.
//!
//! Nothing here keeps or logs an address.

mod table;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use table::Table;

/// The countries of addresses. Clones share one table.
#[derive(Debug, Clone)]
pub struct Countries(Arc<Table>);

impl Countries {
    /// The table at `chosen` (any MaxMind DB file with countries), else the one that came with the program.
    ///
    /// # Errors
    /// One line naming `DOSSIER_GEOIP`, when the file cannot be read or has no countries.
    pub fn open(chosen: Option<&Path>) -> Result<Countries, String> {
        let table = match chosen {
            Some(path) => Table::read(path).map_err(|why| format!("DOSSIER_GEOIP ({}): {why}", path.display()))?,
            None => Table::shipped().map_err(|why| format!("the table of countries in the program: {why}"))?,
        };
        Ok(Countries(Arc::new(table)))
    }

    /// The country in which an address is used, as ISO 3166-1 alpha-2 in capitals. `None` for addresses of no network,
    /// such as private ones, and for those that the table does not know.
    pub fn country_at(&self, address: IpAddr) -> Option<&'static str> {
        self.0.code(address.to_canonical()).and_then(known)
    }

    /// Where a client is: by its address, else by the store it shops in (`X-Storefront`, [`of_storefront`]).
    pub fn country_of(&self, address: IpAddr, storefront: Option<&str>) -> Option<&'static str> {
        self.country_at(address).or_else(|| of_storefront(storefront?))
    }
}

/// The country of a storefront as its alpha-2 code: Play names countries by two letters, Apple by three.
pub fn of_storefront(storefront: &str) -> Option<&'static str> {
    let storefront = storefront.trim();
    match storefront.len() {
        2 => known(storefront),
        3 => rust_iso3166::from_alpha3(&storefront.to_ascii_uppercase()).map(|country| country.alpha2),
        _ => None,
    }
}

/// A code of the standard, in capitals; nothing else.
fn known(code: &str) -> Option<&'static str> {
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
    fn addresses_of_both_kinds_are_known() {
        assert_eq!([country("80.156.0.1"), country("2003::1"), country("::ffff:80.156.0.1")], [Some("DE"); 3]);
        assert_eq!(
            [country("8.8.8.8"), country("200.160.2.3"), country("133.11.93.0")],
            [Some("US"), Some("BR"), Some("JP")]
        );
        assert_eq!(country("2001:200::"), Some("JP"));
    }

    #[test]
    fn an_address_of_no_network_has_no_country() {
        for address in ["127.0.0.1", "10.0.0.1", "192.0.2.1", "0.0.0.0", "::", "::1", "fe80::1", "2001:db8::1"] {
            assert_eq!(country(address), None, "{address}");
        }
    }

    #[test]
    fn the_storefront_speaks_where_the_address_does_not() {
        let countries = Countries::open(None).expect("the shipped table");
        let country =
            |address: &str, storefront| countries.country_of(address.parse().expect("an address"), storefront);
        assert_eq!(country("80.156.0.1", Some("BRA")), Some("DE"));
        assert_eq!(country("10.0.0.1", Some("BRA")), Some("BR"));
        assert_eq!(country("10.0.0.1", Some("br")), Some("BR"));
        assert_eq!(country("10.0.0.1", None), None);
        for nothing in ["", "B", "XX", "ZZZ", "Brazil", "é", "éa", "日"] {
            assert_eq!(country("10.0.0.1", Some(nothing)), None, "{nothing}");
        }
    }

    #[test]
    fn a_file_that_is_no_table_is_refused_by_the_name_of_its_setting() {
        for path in ["/nowhere/table.mmdb", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
            let said = Countries::open(Some(Path::new(path))).expect_err("no table");
            assert!(said.starts_with("DOSSIER_GEOIP (") && said.contains(path) && !said.contains('\n'), "{said}");
        }
    }

    #[test]
    fn the_shipped_table_can_be_named_as_well() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/base/countries/table.mmdb");
        let countries = Countries::open(Some(Path::new(path))).expect("a table");
        assert_eq!(countries.country_at("8.8.8.8".parse().expect("an address")), Some("US"));
    }
}
