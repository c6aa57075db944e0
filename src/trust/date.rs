//! Dates of headers, of signers' lines and of the log, as seconds since 1970 in UTC.
//!
//! Three spellings, each closed: `2027-02-20`, `2027-02-20T00:00:00Z`, and OpenSSH's `20270220[HHMM[SS]]Z`. A time
//! without `Z` is refused everywhere, because OpenSSH would read it in the time zone of whoever verifies.

/// Returns the time that a header's `expires` names: a day begins at 00:00:00Z.
pub fn parse(text: &str) -> Option<i64> {
    let (day, clock) = match text.split_once('T') {
        Some((day, time)) => (day, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let [year, month, mday] = fields(day, b'-', [4, 2, 2])?;
    let [hour, minute, second] = fields(clock, b':', [2, 2, 2])?;
    seconds([year, month, mday, hour, minute, second])
}

/// Returns the time that OpenSSH's `valid-after` or `valid-before` names, or what is wrong with it.
pub fn parse_openssh(text: &str) -> Result<i64, &'static str> {
    let Some(digits) = text.strip_suffix('Z') else {
        return Err(
            "a time must end in Z, as in 20270220Z: without it OpenSSH reads it in the local zone",
        );
    };
    let wrong = "a time is YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ";
    if !matches!(digits.len(), 8 | 12 | 14) {
        return Err(wrong);
    }
    let part = |from: usize, to: usize| {
        if from >= digits.len() { Some(0) } else { number(digits.get(from..to)?) }
    };
    let parts = [part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14)];
    let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)] = parts else {
        return Err(wrong);
    };
    let time = seconds([year, month, day, hour, minute, second]).ok_or("there is no such date")?;
    // ssh-keygen refuses the whole line: what counts here has to count there.
    if time > 0 { Ok(time) } else { Err("OpenSSH reads no time before 1970") }
}

/// Returns `2027-02-20T00:00:00Z` for a time between the years 0 and 9999.
pub fn rfc3339(time: i64) -> String {
    let clock = time.rem_euclid(86_400);
    format!("{}T{:02}:{:02}:{:02}Z", day(time), clock / 3600, clock / 60 % 60, clock % 60)
}

/// Returns `2027-02-20`, the day of a time in UTC.
pub fn day(time: i64) -> String {
    // Howard Hinnant's civil_from_days: days since 1970 → year, month, day, exactly, in any era.
    let shifted = time.div_euclid(86_400) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let slot = (5 * of_year + 2) / 153;
    let month = if slot < 10 { slot + 3 } else { slot - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{:02}", of_year - (153 * slot + 2) / 5 + 1)
}

/// Returns the three numbers of `text`, which have the given widths and `separator` between them.
fn fields(text: &str, separator: u8, widths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(char::from(separator));
    let mut numbers = [0; 3];
    for (slot, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width)?;
        *slot = number(part)?;
    }
    parts.next().is_none().then_some(numbers)
}

fn number(digits: &str) -> Option<i64> {
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().ok()).flatten()
}

/// Returns the seconds since 1970 of a date that exists; a leap second is no date here.
fn seconds([year, month, day, hour, minute, second]: [i64; 6]) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let year_of_era = year.rem_euclid(400);
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    Some((era * 146_097 + of_era - 719_468) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_dates_are_days_or_utc_times() {
        assert_eq!(parse("1970-01-01"), Some(0));
        assert_eq!(parse("2027-02-20"), Some(1_803_081_600));
        assert_eq!(parse("2027-02-20T01:02:03Z"), Some(1_803_081_600 + 3723));
        assert_eq!(parse("2028-02-29"), Some(1_835_395_200));
        assert_eq!(parse("2400-02-29"), Some(13_574_563_200));
        for wrong in [
            "2027-02-29",
            "2100-02-29",
            "2027-2-20",
            "2027-02-20T00:00:00",
            "2027-02-20T24:00:00Z",
            "2027-02-20T00:00:00+01:00",
            "2027-02-20 ",
            "+027-02-20",
            "2027-13-01",
            "2027-00-01",
            "2027-01-00",
            "20270220",
            "",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn openssh_times_need_a_zone() {
        assert_eq!(parse_openssh("20270220Z"), Ok(1_803_081_600));
        assert_eq!(parse_openssh("202702200102Z"), Ok(1_803_081_600 + 3720));
        assert_eq!(parse_openssh("20270220010203Z"), Ok(1_803_081_600 + 3723));
        assert!(parse_openssh("20270220").unwrap_err().contains("must end in Z"));
        assert!(parse_openssh("2027022Z").unwrap_err().contains("a time is"));
        assert!(parse_openssh("2027022xZ").unwrap_err().contains("a time is"));
        assert!(parse_openssh("20271301Z").unwrap_err().contains("no such date"));
        assert_eq!(parse_openssh("19700101000001Z"), Ok(1));
        for early in ["19700101Z", "19600101Z", "00010101Z"] {
            assert!(parse_openssh(early).unwrap_err().contains("before 1970"), "{early}");
        }
    }

    #[test]
    fn printing_a_time_gives_back_its_text() {
        for text in ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2027-12-31T12:00:01Z"] {
            assert_eq!(rfc3339(parse(text).unwrap()), text);
        }
        for step in 0..200_000 {
            let time = step * 86_400 - 1_000_000;
            assert_eq!(parse(&rfc3339(time)), Some(time));
        }
    }
}
