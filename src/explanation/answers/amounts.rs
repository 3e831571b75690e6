//! Amounts as people of a region write them. How they do is in the locale data of the GNU C Library.

use pure_rust_locales::{Locale, locale_match};

use crate::base::money::Money;

const NO_BREAK: char = '\u{00A0}';

/// `53,99 €`, `$8.99`, `￥1,000`. A sign stands only where it can mean one currency.
pub(super) fn shown(money: &Money, locale: Locale) -> String {
    let code = money.currency.to_uppercase();
    let is_own = locale_match!(locale => LC_MONETARY::INT_CURR_SYMBOL).trim() == code;
    let sign = match code.as_str() {
        _ if is_own => locale_match!(locale => LC_MONETARY::CURRENCY_SYMBOL),
        "EUR" => "€",
        code => code,
    };
    let number = number(money, &code, locale);
    let is_word = sign.chars().all(char::is_alphabetic);
    let is_apart = is_word || locale_match!(locale => LC_MONETARY::P_SEP_BY_SPACE) != 0;
    let gap = if is_apart { NO_BREAK.to_string() } else { String::new() };
    let is_first = locale_match!(locale => LC_MONETARY::P_CS_PRECEDES) != 0;
    if is_first { format!("{sign}{gap}{number}") } else { format!("{number}{gap}{sign}") }
}

/// The number with as many decimals as the currency has.
fn number(money: &Money, code: &str, locale: Locale) -> String {
    let digits = iso_currency::Currency::from_code(code).and_then(|one| one.exponent()).map_or(2, u32::from);
    let unit = 10_u64.pow(digits.min(6));
    let micros = money.amount.0.unsigned_abs();
    let step = 1_000_000 / unit;
    let parts = (micros + step / 2) / step;
    let whole = grouped(parts / unit, locale_match!(locale => LC_MONETARY::MON_THOUSANDS_SEP));
    match usize::try_from(digits) {
        Ok(0) | Err(_) => whole,
        Ok(width) => {
            format!("{whole}{}{:0width$}", locale_match!(locale => LC_MONETARY::MON_DECIMAL_POINT), parts % unit)
        }
    }
}

fn grouped(number: u64, separator: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push_str(separator);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Micros;

    fn written(locale: &str, micros: i64, currency: &str) -> String {
        let money = Money { amount: Micros(micros), currency: currency.into() };
        shown(&money, Locale::try_from(locale).expect("a locale")).replace(['\u{A0}', '\u{202F}'], " ")
    }

    #[test]
    fn amounts_are_written_as_in_the_region() {
        let euros = |locale: &str| written(locale, 53_990_000, "EUR");
        assert_eq!(["de_DE", "fr_FR", "es_ES"].map(euros), ["53,99 €"; 3]);
        assert_eq!(["en_IE", "en_US"].map(euros), ["€53.99"; 2]);
        assert_eq!(written("ja_JP", 1_000_000_000, "JPY"), "￥1,000");
        assert_eq!(written("pt_BR", 1_234_500_000, "BRL"), "R$ 1.234,50");
        assert_eq!(written("fr_FR", 1_234_500_000, "EUR"), "1 234,50 €");
        assert_eq!(written("en_GB", 8_990_000, "GBP"), "£8.99");
    }

    #[test]
    fn a_sign_that_several_currencies_have_is_only_used_at_home() {
        assert_eq!([written("en_US", 8_990_000, "USD"), written("en_CA", 8_990_000, "USD")], ["$8.99", "USD 8.99"]);
        assert_eq!(written("de_DE", 8_990_000, "USD"), "8,99 USD");
        assert_eq!(written("de_DE", 1_000_000_000, "JPY"), "1.000 JPY");
        assert_eq!(written("en_US", 1_234_000, "KWD"), "KWD 1.234");
    }
}
