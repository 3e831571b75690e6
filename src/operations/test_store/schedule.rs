//! The schedule of the Test Store (§17): a subscription renews five times, after minutes instead of months.

/// How often a subscription renews before it ends.
pub const RENEWALS: i64 = 5;

/// The most days of a product's period, and how many minutes such a period lasts in the Test Store.
const MINUTES: [(i64, i64); 4] = [(31, 5), (62, 10), (93, 15), (186, 30)];
const MINUTES_OF_A_YEAR: i64 = 60;

/// How long a period lasts in the Test Store, in milliseconds; `None` when `duration` is not a period.
pub fn period(duration: &str) -> Option<i64> {
    let days = days(duration)?;
    let minutes = MINUTES.iter().find(|(most, _)| days <= *most).map_or(MINUTES_OF_A_YEAR, |(_, minutes)| *minutes);
    Some(minutes * 60_000)
}

/// The approximate days of a duration in the catalog, such as `P1Y6M` or `P2W`.
fn days(duration: &str) -> Option<i64> {
    let (mut sum, mut number) = (0_i64, 0_i64);
    for letter in duration.strip_prefix('P')?.chars() {
        let unit = match letter {
            'Y' => 365,
            'M' => 30,
            'W' => 7,
            'D' => 1,
            digit => {
                number = number.checked_mul(10)?.checked_add(i64::from(digit.to_digit(10)?))?;
                continue;
            }
        };
        sum = sum.checked_add(number.checked_mul(unit)?)?;
        number = 0;
    }
    Some(sum).filter(|days| *days > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_of_months_lasts_minutes() {
        let minutes = |duration| period(duration).map(|millis| millis / 60_000);
        for (duration, wanted) in [
            ("P1D", 5),
            ("P1W", 5),
            ("P1M", 5),
            ("P4W", 5),
            ("P31D", 5),
            ("P2M", 10),
            ("P45D", 10),
            ("P3M", 15),
            ("P6M", 30),
            ("P1Y", 60),
            ("P12M", 60),
            ("P1Y6M", 60),
            ("P9999Y9999M9999W9999D", 60),
        ] {
            assert_eq!(minutes(duration), Some(wanted), "{duration}");
        }
        for none in ["", "P", "P0D", "1M", "PT5M", "P1.5M", "PéD"] {
            assert_eq!(minutes(none), None, "{none}");
        }
    }
}
