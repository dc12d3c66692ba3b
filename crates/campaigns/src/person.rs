use domain::EmailAddress;
use renderer::Person;
use subscribers::Profile;

/// What a template may say about a subscriber.
///
/// A name is split at its white space, which is right for most names that people type into one field and for no rule. The
/// parts of a postal address are known only where a form or an import kept them as attributes of their own.
pub fn person(email: &EmailAddress, profile: Profile) -> Person {
    let Profile { name, company, phone, postal_address: _, attributes } = profile;
    let mut words = name.as_deref().unwrap_or_default().split_whitespace();
    let (first_name, last_name) = (words.next().map(str::to_owned), words.last().map(str::to_owned));
    let attribute = |name: &str| attributes.get(name).cloned();
    Person {
        first_name,
        last_name,
        email: Some(email.to_string()),
        street: attribute("street"),
        postal_code: attribute("postal_code"),
        city: attribute("city"),
        country: attribute("country"),
        name,
        company,
        phone,
        attributes,
    }
}
