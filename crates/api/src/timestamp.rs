//! Instants as the API writes and reads them: written as `2024-05-11T12:00:00.123Z`, read leniently.
//!
//! The published clients write offsets without a colon, naive datetimes and fractions of six digits; all are understood.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Not a datetime in any of the notations understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a datetime such as 2024-05-11T12:00:00.123Z")]
pub struct InvalidTimestamp;

/// 0001-01-01 and 9999-12-31, the years that can be written.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

impl Timestamp {
    /// Limited to the years 1 to 9999.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(*RANGE.start(), *RANGE.end()))
    }

    pub fn millis(self) -> i64 {
        self.0
    }

    /// This much later.
    pub fn after(self, duration: std::time::Duration) -> Self {
        Self::from_millis(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier`; nothing when it is not after it.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(at: OffsetDateTime) -> Self {
        Self((at.unix_timestamp_nanos() / 1_000_000) as i64)
    }
}

impl From<std::time::SystemTime> for Timestamp {
    fn from(at: std::time::SystemTime) -> Self {
        OffsetDateTime::from(at).into()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .expect("a timestamp lies within the years 1 to 9999");
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.millisecond()
        )
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Reads `2024-01-02T03:04:05.678Z`, a space for the `T`, offsets `+02:00`, `+0200`, `+02` and ` 0200` (a `+` that a
    /// query string turned into a space), no offset (UTC), any number of fraction digits, and seconds since 1970.
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let text = text.trim_end();
        if let Ok(seconds) = text.parse::<f64>() {
            return from_unix(seconds);
        }
        let (date, rest) = text.split_at_checked(10).ok_or(InvalidTimestamp)?;
        let rest = rest.strip_prefix(['T', 't', ' ']).ok_or(InvalidTimestamp)?;
        let end = rest.find(['Z', 'z', '+', '-', ' ']).unwrap_or(rest.len());
        let (clock, offset) = rest.split_at(end);
        let at = read_date(date)?
            .with_time(read_clock(clock)?)
            .assume_offset(read_offset(offset)?);
        let millis = (at.unix_timestamp_nanos() / 1_000_000) as i64;
        if RANGE.contains(&millis) {
            Ok(Self(millis))
        } else {
            Err(InvalidTimestamp)
        }
    }
}

/// As pydantic did: numbers beyond the year 2603 are milliseconds or smaller.
fn from_unix(seconds: f64) -> Result<Timestamp, InvalidTimestamp> {
    let mut seconds = seconds;
    while seconds.abs() > 2e10 {
        seconds /= 1000.0;
        if !seconds.is_finite() {
            return Err(InvalidTimestamp);
        }
    }
    if seconds.is_nan() {
        Err(InvalidTimestamp)
    } else {
        Ok(Timestamp::from_millis((seconds * 1000.0).round() as i64))
    }
}

fn digits(text: &str, length: usize) -> Result<u16, InvalidTimestamp> {
    if text.len() != length || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidTimestamp);
    }
    text.parse().map_err(|_| InvalidTimestamp)
}

fn read_date(text: &str) -> Result<Date, InvalidTimestamp> {
    let mut parts = text.split('-');
    let mut next = |length| {
        parts
            .next()
            .ok_or(InvalidTimestamp)
            .and_then(|part| digits(part, length))
    };
    let (year, month, day) = (next(4)?, next(2)? as u8, next(2)? as u8);
    let month = Month::try_from(month).map_err(|_| InvalidTimestamp)?;
    Date::from_calendar_date(i32::from(year), month, day).map_err(|_| InvalidTimestamp)
}

fn read_clock(text: &str) -> Result<Time, InvalidTimestamp> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let mut next = || parts.next().map_or(Ok(0), |part| digits(part, 2));
    let (hour, minute, second) = (next()?, next()?, next()?);
    if !clock.contains(':')
        || parts.next().is_some()
        || !fraction.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(InvalidTimestamp);
    }
    let millis = fraction
        .bytes()
        .chain(*b"000")
        .take(3)
        .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    Time::from_hms_milli(hour as u8, minute as u8, second as u8, millis)
        .map_err(|_| InvalidTimestamp)
}

fn read_offset(text: &str) -> Result<UtcOffset, InvalidTimestamp> {
    if text.is_empty() || text.eq_ignore_ascii_case("z") {
        return Ok(UtcOffset::UTC);
    }
    let (sign, offset) = text.split_at_checked(1).ok_or(InvalidTimestamp)?;
    let sign = if sign == "-" { -1 } else { 1 };
    let offset = offset.replacen(':', "", 1);
    let (hours, minutes) = match offset.len() {
        2 => (digits(&offset, 2)?, 0),
        4 => offset
            .split_at_checked(2)
            .map_or(Err(InvalidTimestamp), |(h, m)| {
                Ok((digits(h, 2)?, digits(m, 2)?))
            })?,
        _ => return Err(InvalidTimestamp),
    };
    UtcOffset::from_hms(sign * hours as i8, sign * minutes as i8, 0).map_err(|_| InvalidTimestamp)
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        text.parse::<Timestamp>()
            .map_or_else(|error| error.to_string(), |at| at.to_string())
    }

    #[test]
    fn it_is_written_in_utc_with_milliseconds() {
        assert_eq!(
            Timestamp::from_millis(1_715_428_800_123).to_string(),
            "2024-05-11T12:00:00.123Z"
        );
        assert_eq!(
            Timestamp::from_millis(-1).to_string(),
            "1969-12-31T23:59:59.999Z"
        );
    }

    #[test]
    fn what_the_published_clients_send_is_understood() {
        assert_eq!(read("2024-01-02T03:04:05.678Z"), "2024-01-02T03:04:05.678Z");
        assert_eq!(
            read("2024-01-02T03:04:05.000678+0200"),
            "2024-01-02T01:04:05.000Z"
        );
        assert_eq!(
            read("2024-01-02T03:04:05.000678 0200"),
            "2024-01-02T01:04:05.000Z"
        );
        assert_eq!(
            read("2024-01-02T03:04:05.000678"),
            "2024-01-02T03:04:05.000Z"
        );
        assert_eq!(read("2024-01-02T03:04:05"), "2024-01-02T03:04:05.000Z");
        assert_eq!(read("2024-01-02 03:04-03:30"), "2024-01-02T06:34:00.000Z");
        assert_eq!(read("1700000000"), "2023-11-14T22:13:20.000Z");
        assert_eq!(read("1700000000123"), "2023-11-14T22:13:20.123Z");
    }

    #[test]
    fn what_is_no_datetime_is_refused() {
        for text in [
            "",
            "yesterday",
            "2024-01-02",
            "2024-13-02T03:04:05Z",
            "2024-02-30T03:04:05Z",
            "2024-01-02T25:00:00Z",
            "2024-01-02T03:04:05.Xé",
            "2024-01-02Té3:04:05",
            "é024-01-02T03:04:05",
            "2024-01-02T03:04:05+1",
            "NaN",
            "inf",
            "2024-01-02T03:04:05+é1",
            "2024-01-02T03",
            "2024-01-02T03:04:05:06",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
