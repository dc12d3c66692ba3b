use domain::{EmailAddress, InvalidAddress, Locale};

use super::{Row, Skipped};
use crate::Profile;
use crate::suppression::{AddressHash, AddressHasher};

/// An address as some rows bring it.
pub(super) struct Person {
    pub(super) email: EmailAddress,
    pub(super) hashes: Vec<AddressHash>,
    /// What the first row that has it knows.
    pub(super) profile: Profile,
    pub(super) locale: Option<Locale>,
    /// Where it stands: the first row, and others that say the address again.
    pub(super) line: u64,
    pub(super) again: Vec<u64>,
}

/// The addresses among some rows, in one order everywhere: two imports at once that put the same people on file do not wait
/// for each other in a ring. Rows that cannot be taken go to `skipped`.
pub(super) fn read(rows: Vec<Row>, hasher: &AddressHasher, skipped: &mut Vec<(u64, Skipped)>) -> Vec<Person> {
    let mut good = Vec::with_capacity(rows.len());
    for row in rows {
        match checked(row.email.parse(), row.profile) {
            Ok((email, profile)) => good.push((email, row.line, profile, row.locale)),
            Err(why) => skipped.push((row.line, why)),
        }
    }
    good.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let mut people: Vec<Person> = Vec::with_capacity(good.len());
    for (email, line, profile, locale) in good {
        match people.last_mut().filter(|last| last.email == email) {
            Some(last) => last.again.push(line),
            None => {
                let hashes = hasher.all(&email);
                people.push(Person { email, hashes, profile, locale, line, again: Vec::new() });
            }
        }
    }
    people
}

fn checked(email: Result<EmailAddress, InvalidAddress>, profile: Profile) -> Result<(EmailAddress, Profile), Skipped> {
    let email = email?;
    email.check_reachable()?;
    Ok((email, profile.checked().map_err(|error| Skipped::Field(error.to_string()))?))
}
