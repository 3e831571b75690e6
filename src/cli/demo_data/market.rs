//! The countries of customers: currency, exchange rate, tax and the locale of their devices.

pub struct Market {
    pub country: &'static str,
    pub locale: &'static str,
    pub currency: &'static str,
    /// The value of one unit, in micro-dollars.
    rate: i64,
    pub tax: f64,
}

#[rustfmt::skip]
const MARKETS: &[Market] = &[
    row("US", "en-US", "USD", 1_000_000, 0.0),    row("CA", "fr-CA", "CAD", 718_000, 0.1154),
    row("DE", "de-DE", "EUR", 1_111_000, 0.1597), row("FR", "fr-FR", "EUR", 1_111_000, 0.1667),
    row("ES", "es-ES", "EUR", 1_111_000, 0.1736), row("IT", "it-IT", "EUR", 1_111_000, 0.1803),
    row("NL", "nl-NL", "EUR", 1_111_000, 0.1736), row("IE", "en-IE", "EUR", 1_111_000, 0.187),
    row("GR", "el-GR", "EUR", 1_111_000, 0.1935), row("FI", "fi-FI", "EUR", 1_111_000, 0.2032),
    row("GB", "en-GB", "GBP", 1_290_000, 0.1667), row("SE", "sv-SE", "SEK", 101_000, 0.2),
    row("PL", "pl-PL", "PLN", 258_000, 0.187),    row("UA", "uk-UA", "UAH", 23_700, 0.1667),
    row("TR", "tr-TR", "TRY", 24_600, 0.1667),    row("MA", "ar-MA", "MAD", 107_500, 0.1667),
    row("EG", "ar-EG", "EGP", 20_600, 0.1228),    row("IL", "he-IL", "ILS", 296_000, 0.1525),
    row("NG", "en-NG", "NGN", 655, 0.0698),       row("KE", "sw-KE", "KES", 7_730, 0.1379),
    row("ZA", "en-ZA", "ZAR", 56_200, 0.1304),    row("IN", "hi-IN", "INR", 11_400, 0.1525),
    row("ID", "id-ID", "IDR", 60, 0.0991),        row("VN", "vi-VN", "VND", 38, 0.0909),
    row("CN", "zh-Hans-CN", "CNY", 140_300, 0.0), row("TW", "zh-Hant-TW", "TWD", 30_500, 0.0476),
    row("JP", "ja-JP", "JPY", 6_600, 0.0909),     row("KR", "ko-KR", "KRW", 690, 0.0909),
    row("AU", "en-AU", "AUD", 655_000, 0.0909),   row("MX", "es-MX", "MXN", 54_100, 0.1379),
    row("BR", "pt-BR", "BRL", 187_000, 0.0965),
];

#[rustfmt::skip]
const fn row(
    country: &'static str, locale: &'static str, currency: &'static str, rate: i64, tax: f64,
) -> Market {
    Market { country, locale, currency, rate, tax }
}

impl Market {
    pub fn for_country(country: &str) -> &'static Market {
        let found = MARKETS.iter().find(|market| market.country == country);
        found.expect("the country is in the table of markets")
    }

    pub fn any(seed: &mut super::seed::Seed) -> &'static Market {
        seed.pick(MARKETS)
    }

    /// Converts a price of `cents` dollar cents into micro-units of this currency. The result is a multiple of ten
    /// units if a unit is worth less than a cent, else just below a whole unit.
    pub fn local(&self, cents: i64) -> i64 {
        let units = (cents * 10_000 + self.rate / 2) / self.rate;
        match (cents, self.rate) {
            (0, _) => 0,
            (_, ..10_000) => (units + 5) / 10 * 10_000_000,
            _ => units.max(1) * 1_000_000 - 10_000,
        }
    }

    /// Converts micro-units of this currency into micro-dollars, rounded to a tenth of a cent as stores do.
    pub fn dollars(&self, local: i64) -> i64 {
        (local * self.rate / 1_000_000 + 500).div_euclid(1_000) * 1_000
    }
}
