use renderer::Person;
use subscribers::Subscriber;

/// What a template may say about a subscriber.
///
/// A name is split at its white space, which is right for most names that people type into one field and for no rule. The
/// parts of a postal address are known only where a form or an import kept them as attributes of their own.
pub fn person(subscriber: &Subscriber) -> Person {
    let profile = &subscriber.profile;
    let words: Vec<&str> = profile.name.as_deref().unwrap_or_default().split_whitespace().collect();
    let attribute = |name: &str| profile.attributes.get(name).cloned();
    Person {
        name: profile.name.clone(),
        first_name: words.first().map(|word| (*word).to_owned()),
        last_name: words.get(1..).and_then(<[&str]>::last).map(|word| (*word).to_owned()),
        email: Some(subscriber.email.to_string()),
        company: profile.company.clone(),
        phone: profile.phone.clone(),
        street: attribute("street"),
        postal_code: attribute("postal_code"),
        city: attribute("city"),
        country: attribute("country"),
        attributes: profile.attributes.clone(),
    }
}
