use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const MIDNIGHT: u32 = 24 * 60;

/// Days and hours in a zone: `mon-fri 08:00-18:00 Europe/Berlin`, `sat,sun 10:00-14:00 UTC`, `daily 22:00-06:00 Asia/Tokyo`.
///
/// Hours past midnight belong to the day on which they began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    text: String,
    /// From Monday on.
    days: [bool; 7],
    /// Minutes since midnight; `to` is greater than `from`, and past 24 h where the window goes over midnight.
    from: u32,
    to: u32,
    zone: Tz,
}

/// Why a text is no window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time to send; one looks like \"mon-fri 08:00-18:00 Europe/Berlin\" or \"daily 09:00-21:00 UTC\"")]
pub struct InvalidWindow(String);

impl Window {
    /// Whether it is open.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.around(now).any(|(opens, closes)| opens <= now && now < closes)
    }

    /// When it is next open: now, if it is.
    pub fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.around(now)
            .filter(|(opens, closes)| opens < closes && now < *closes)
            .map(|(opens, _)| opens.max(now))
            .min()
    }

    /// Each opening from yesterday's, which may last past midnight, to next week's.
    fn around(&self, now: DateTime<Utc>) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> + '_ {
        let today = now.with_timezone(&self.zone).date_naive();
        let first = today.checked_sub_days(Days::new(1)).unwrap_or(today);
        first
            .iter_days()
            .take(9)
            .filter(|day| self.days[day.weekday().num_days_from_monday() as usize])
            .filter_map(|day| Some((self.at(day, self.from)?, self.at(day, self.to)?)))
    }

    /// This many minutes into the day. A time that the clocks skip stands for the one an hour later.
    fn at(&self, day: NaiveDate, minutes: u32) -> Option<DateTime<Utc>> {
        let day = day.checked_add_days(Days::new(u64::from(minutes / MIDNIGHT)))?;
        let minutes = minutes % MIDNIGHT;
        let local = day.and_time(NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0)?);
        let there = |local| self.zone.from_local_datetime(&local).earliest();
        let found = there(local).or_else(|| there(local.checked_add_signed(TimeDelta::hours(1))?))?;
        Some(found.with_timezone(&Utc))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Window {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidWindow(text.to_owned());
        let mut words = text.split_whitespace();
        let (Some(days), Some(hours), Some(zone), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(invalid());
        };
        let days = read_days(&days.to_ascii_lowercase()).ok_or_else(invalid)?;
        let (from, to) = hours.split_once('-').ok_or_else(invalid)?;
        let (from, to) = (read_time(from).ok_or_else(invalid)?, read_time(to).ok_or_else(invalid)?);
        let zone = Tz::from_str_insensitive(zone).map_err(|_| invalid())?;
        if from == to || from == MIDNIGHT {
            return Err(invalid());
        }
        let to = if to < from { to + MIDNIGHT } else { to };
        Ok(Self { text: text.trim().to_owned(), days, from, to, zone })
    }
}

/// `daily`, or days and ranges of days with commas.
fn read_days(text: &str) -> Option<[bool; 7]> {
    if text == "daily" {
        return Some([true; 7]);
    }
    let day = |name: &str| DAYS.iter().position(|known| *known == name);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        // A range may go over Sunday: fri-mon.
        let length = (last + 7 - first) % 7;
        (0..=length).for_each(|step| days[(first + step) % 7] = true);
    }
    Some(days)
}

/// Minutes since midnight; 24:00 is the day's end.
fn read_time(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    if hours.len() > 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (minutes < 60 && hours * 60 + minutes <= MIDNIGHT).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> Window {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_is_open_on_its_days_and_hours_in_its_zone() {
        let office = window("mon-fri 08:00-18:00 Europe/Berlin");
        // 2 March 2026 is a Monday; Berlin is an hour ahead.
        for (time, open) in [
            ("2026-03-02T06:59:59Z", false),
            ("2026-03-02T07:00:00Z", true),
            ("2026-03-02T16:59:59Z", true),
            ("2026-03-02T17:00:00Z", false),
            ("2026-03-07T10:00:00Z", false),
            ("2026-06-01T06:00:00Z", true),
        ] {
            assert_eq!(office.is_open(at(time)), open, "{time}");
        }
        assert_eq!(office.next(at("2026-03-06T17:00:00Z")), Some(at("2026-03-09T07:00:00Z")));
        assert_eq!(office.next(at("2026-03-02T09:00:00Z")), Some(at("2026-03-02T09:00:00Z")));
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_opens() {
        let night = window("fri 22:00-06:00 UTC");
        assert!(night.is_open(at("2026-03-06T23:00:00Z")) && night.is_open(at("2026-03-07T05:59:00Z")));
        assert!(!night.is_open(at("2026-03-06T05:00:00Z")) && !night.is_open(at("2026-03-07T06:00:00Z")));
        assert!(window("daily 00:00-24:00 UTC").is_open(at("2026-03-07T23:59:59Z")));
    }

    #[test]
    fn an_hour_that_the_clocks_skip_is_not_lost() {
        // In Berlin 02:00 to 03:00 is skipped on 29 March 2026.
        let early = window("sun 02:30-05:00 Europe/Berlin");
        assert_eq!(early.next(at("2026-03-28T12:00:00Z")), Some(at("2026-03-29T01:30:00Z")));
    }

    #[test]
    fn days_may_be_listed_and_go_over_sunday() {
        for (text, open) in [
            ("mon,wed 08:00-09:00 UTC", [true, false, true, false, false, false, false]),
            ("fri-mon 08:00-09:00 UTC", [true, false, false, false, true, true, true]),
            ("Daily 8:00-9:00 utc", [true; 7]),
        ] {
            assert_eq!(window(text).days, open, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "mon",
            "mon 08:00-18:00",
            "mon 08:00-18:00 Mars/Olympus",
            "mon 08:00-08:00 UTC",
            "mon 24:00-08:00 UTC",
            "mon 08:00-25:00 UTC",
            "mon 08:60-09:00 UTC",
            "mo 08:00-09:00 UTC",
            "mon 08:00-09:00 UTC now",
        ] {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
    }
}
