//! Durations in options: a number of seconds, or with a unit.

use std::time::Duration;

/// Reads `10`, `10s`, `500ms` or `2m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| FORM.to_owned())?;
    match unit {
        "" | "s" => Ok(Duration::from_secs(number)),
        "ms" => Ok(Duration::from_millis(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs).ok_or_else(|| FORM.to_owned()),
        _ => Err(FORM.to_owned()),
    }
}

const FORM: &str = "write a number of seconds, or one with a unit, such as 500ms, 60s or 2m";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "s", "-1", "1.5s", "1h", "10 s", "99999999999999999999", "1\u{e9}"] {
            assert_eq!(duration(wrong), Err(FORM.to_owned()), "{wrong}");
        }
    }
}
