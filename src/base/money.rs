//! Money as whole micro-units of a currency, never as a float. Decimals are read digit by digit and rounded once, to
//! the micro-unit, half away from zero.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// Millionths of one unit of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

/// An amount in a currency (an ISO 4217 code, kept as it was sent).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    pub amount: Micros,
    pub currency: String,
}

impl Micros {
    pub const ZERO: Micros = Micros(0);

    /// Reads a JSON number or a decimal (`4.99`, `1e3`, `-0.000001`). `None` if it is not a number or is beyond nine
    /// trillion units.
    pub fn parse(text: &str) -> Option<Micros> {
        let decimal = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
        let decimal = decimal.or_else(|_| text.parse::<Decimal>()).ok()?;
        let micros = decimal.checked_mul(Decimal::from(1_000_000))?;
        let whole = micros.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        whole.to_i64().map(Micros)
    }

    pub fn plus(self, other: Micros) -> Micros {
        Micros(self.0.saturating_add(other.0))
    }

    pub fn minus(self, other: Micros) -> Micros {
        Micros(self.0.saturating_sub(other.0))
    }

    pub fn abs(self) -> Micros {
        Micros(self.0.saturating_abs())
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The exact number for programs, with at least two decimals: `106.95`, `-9.99`, `0.000001`.
    pub fn decimal(self) -> String {
        let (sign, micros) = (if self.is_negative() { "-" } else { "" }, self.0.unsigned_abs());
        let digits = format!("{:06}", micros % 1_000_000);
        let (cents, finer) = digits.split_at_checked(2).unwrap_or((&digits, ""));
        format!("{sign}{}.{cents}{}", micros / 1_000_000, finer.trim_end_matches('0'))
    }

    /// The number for people: no decimals if it is whole, else two, rounded half up (§2 Total Spent), with commas
    /// between thousands and a true minus sign.
    pub fn shown(self) -> String {
        let cents = (self.0.unsigned_abs() + 5_000) / 10_000;
        let (units, rest) = (group_thousands(cents / 100), cents % 100);
        let sign = if self.0 < 0 && cents > 0 { "\u{2212}" } else { "" };
        if rest == 0 { format!("{sign}{units}") } else { format!("{sign}{units}.{rest:02}") }
    }
}

impl Money {
    /// The amount for people, with the sign before the currency: `EUR 8.99`, `−EUR 8.99`.
    pub fn shown(&self) -> String {
        let number = self.amount.shown();
        match number.strip_prefix('\u{2212}') {
            Some(positive) => format!("\u{2212}{} {positive}", self.currency),
            None => format!("{} {number}", self.currency),
        }
    }
}

fn group_thousands(units: u64) -> String {
    let digits = units.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(Micros::parse("4.99"), Some(Micros(4_990_000)));
        assert_eq!(Micros::parse("0.1234565"), Some(Micros(123_457)));
        assert_eq!(Micros::parse("4.9999999999"), Some(Micros(5_000_000)));
        assert_eq!(Micros::parse("-9.9900000000"), Some(Micros(-9_990_000)));
        assert_eq!(Micros::parse("1e3"), Some(Micros(1_000_000_000)));
        assert_eq!(Micros::parse("2.5E-1"), Some(Micros(250_000)));
        assert_eq!(Micros::parse("0.00000000000000000000000000000000000001"), Some(Micros(0)));
        for bad in ["", "NaN", "1e400", "12,5", "ten", "99999999999999999999"] {
            assert_eq!(Micros::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_decimal_form_has_every_digit() {
        assert_eq!(Micros(106_950_000).decimal(), "106.95");
        assert_eq!(Micros(-9_990_000).decimal(), "-9.99");
        assert_eq!(Micros(1).decimal(), "0.000001");
        assert_eq!(Micros(i64::MIN).decimal(), "-9223372036854.775808");
    }

    #[test]
    fn whole_amounts_have_no_decimals() {
        let shown = |micros| Money { amount: Micros(micros), currency: "USD".into() }.shown();
        assert_eq!(shown(0), "USD 0");
        assert_eq!(shown(20_000_000), "USD 20");
        assert_eq!(shown(404_460_000), "USD 404.46");
        assert_eq!(shown(-8_990_000), "\u{2212}USD 8.99");
        assert_eq!(shown(1_234_567_005_000), "USD 1,234,567.01");
        assert_eq!(shown(-1), "USD 0");
    }
}
