//! What happens to a token between leaving in a mail and coming back.

#![expect(clippy::unwrap_used, reason = "a test ends where a helper fails")]

use domain::{AccessId, DeliveryKey, EmailAddress, KeyId, MailingNo, OptInId, Ordinal, SubscriberId, TopicNo};
use links::{Anonymous, Links, Person, Refused, Site, Unfit};
use proptest::prelude::*;

const FIRST: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SECOND: &str = "2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

fn links(keys: &str) -> Links {
    Links::new(&keys.parse().unwrap())
}

fn site() -> Site {
    Site::new("https://news.example.com".parse().unwrap(), "bounce.example.com").unwrap()
}

/// The last step of a link's path: its token.
fn token(url: &url::Url) -> String {
    url.path().rsplit('/').next().unwrap().to_owned()
}

prop_compose! {
    fn delivery()(mailing: u32, ordinal in 0i64..1 << 40) -> DeliveryKey {
        DeliveryKey::new(MailingNo(i64::from(mailing)), Ordinal(ordinal))
    }
}

prop_compose! {
    fn person()(subscriber: [u8; 16], topic: i32) -> Person {
        Person { subscriber: SubscriberId::from_bytes(subscriber), topic: TopicNo(topic) }
    }
}

/// Every other text that differs from `token` in one character.
fn with_one_character_changed(token: &str) -> impl Iterator<Item = String> {
    (0..token.len()).flat_map(move |at| {
        "abcdefghijklmnopqrstuvwxyz234567"
            .chars()
            .filter(move |c| !token[at..].starts_with(*c))
            .map(move |c| format!("{}{c}{}", &token[..at], &token[at + 1..]))
    })
}

proptest! {
    #[test]
    fn a_return_path_survives_the_journey(key in delivery()) {
        let links = links(FIRST);
        let address = links.return_path(&site(), key).unwrap();
        prop_assert!(address.local_part().len() <= 64);
        for returned in [address.to_string().to_lowercase(), address.to_string().to_uppercase()] {
            prop_assert_eq!(links.read_return_path(&returned.parse().unwrap()), Ok(key));
        }
    }

    #[test]
    fn a_message_id_and_an_envelope_id_survive_the_journey(key in delivery()) {
        let links = links(FIRST);
        let (message_id, envid) = (links.message_id(&site(), key).unwrap(), links.envid(key).unwrap());
        prop_assert!(envid.len() <= 100, "RFC 3461 §4.4");
        prop_assert_eq!(links.read_message_id(&message_id), Ok(key));
        prop_assert_eq!(links.read_message_id(&format!(" <{}>\r\n", message_id.to_uppercase())), Ok(key));
        prop_assert_eq!(links.read_envid(&envid.to_uppercase()), Ok(key));
    }

    #[test]
    fn an_unsubscribe_address_survives_the_journey(person in person()) {
        let links = links(FIRST);
        let address = links.unsubscribe_mailto(&site(), person).unwrap();
        prop_assert!(address.local_part().len() <= 64);
        for returned in [address.to_string().to_lowercase(), address.to_string().to_uppercase()] {
            prop_assert_eq!(links.read_unsubscribe_mailto(&returned.parse().unwrap()), Ok(person));
        }
    }

    #[test]
    fn every_link_is_read_back_in_either_case(person in person(), id: [u8; 16], mailing: u32) {
        let (links, site) = (links(FIRST), site());
        let (opt_in, access) = (OptInId::from_bytes(id), AccessId::from_bytes(id));
        let mailing = MailingNo(i64::from(mailing));
        for turn in [str::to_lowercase, str::to_uppercase] {
            let read = |url: url::Url| turn(&token(&url));
            prop_assert_eq!(links.read_unsubscribe(&read(links.unsubscribe_url(&site, person))), Ok(person));
            prop_assert_eq!(links.read_preferences(&read(links.preferences_url(&site, person))), Ok(person));
            prop_assert_eq!(links.read_confirm(&read(links.confirm_url(&site, opt_in))), Ok(opt_in));
            prop_assert_eq!(links.read_access(&read(links.access_url(&site, access))), Ok(access));
            prop_assert_eq!(links.read_view(&read(links.view_url(&site, mailing).unwrap())), Ok(mailing));
        }
    }

    #[test]
    fn what_is_counted_is_read_back_in_either_case(key in delivery(), variant: u8) {
        let (links, site) = (links(FIRST), site());
        let place = Anonymous { mailing: key.mailing, variant };
        for turn in [str::to_lowercase, str::to_uppercase] {
            let read = |url: url::Url| turn(&token(&url));
            prop_assert_eq!(links.read_click(&read(links.click_url(&site, key).unwrap())), Ok(key));
            prop_assert_eq!(links.read_open(&read(links.open_url(&site, key).unwrap())), Ok(key));
            let anonymous = links.anonymous_click_url(&site, place).unwrap();
            prop_assert_eq!(links.read_anonymous_click(&read(anonymous)), Ok(place));
        }
    }

    #[test]
    fn reading_never_panics(text in ".{0,80}") {
        let links = links(FIRST);
        prop_assert!(links.read_unsubscribe(&text).is_err());
        prop_assert!(links.read_message_id(&text).is_err());
        prop_assert!(links.read_envid(&text).is_err());
        prop_assert!(links.read_click(&text).is_err() && links.read_open(&text).is_err());
        prop_assert!(links.read_anonymous_click(&text).is_err());
        if let Ok(address) = text.parse::<EmailAddress>() {
            prop_assert!(links.read_return_path(&address).is_err());
        }
    }
}

proptest! {
    // Each case tries every character at every place.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn one_changed_character_is_refused_wherever_it_stands(key in delivery(), person in person(), id: [u8; 16]) {
        let (links, site) = (links(FIRST), site());
        for changed in with_one_character_changed(&links.envid(key).unwrap()) {
            prop_assert!(links.read_envid(&changed).is_err(), "{}", changed);
        }
        for changed in with_one_character_changed(&token(&links.unsubscribe_url(&site, person))) {
            prop_assert!(links.read_unsubscribe(&changed).is_err(), "{}", changed);
        }
        for changed in with_one_character_changed(&token(&links.click_url(&site, key).unwrap())) {
            prop_assert!(links.read_click(&changed).is_err(), "{}", changed);
        }
        for changed in with_one_character_changed(&token(&links.open_url(&site, key).unwrap())) {
            prop_assert!(links.read_open(&changed).is_err(), "{}", changed);
        }
        let place = Anonymous { mailing: key.mailing, variant: 0 };
        for changed in with_one_character_changed(&token(&links.anonymous_click_url(&site, place).unwrap())) {
            prop_assert!(links.read_anonymous_click(&changed).is_err(), "{}", changed);
        }
        for changed in with_one_character_changed(&token(&links.confirm_url(&site, OptInId::from_bytes(id)))) {
            prop_assert!(links.read_confirm(&changed).is_err(), "{}", changed);
        }
    }
}

#[test]
fn a_token_of_another_purpose_is_refused() {
    let (links, site) = (links(FIRST), site());
    let key = DeliveryKey::new(MailingNo(1), Ordinal(1));
    let person = Person { subscriber: SubscriberId::NOBODY, topic: TopicNo(1) };
    let id = [7; 16];

    assert_eq!(links.read_preferences(&token(&links.unsubscribe_url(&site, person))), Err(Refused::Forged));
    assert_eq!(links.read_unsubscribe(&token(&links.preferences_url(&site, person))), Err(Refused::Forged));
    assert_eq!(links.read_access(&token(&links.confirm_url(&site, OptInId::from_bytes(id)))), Err(Refused::Forged));
    assert_eq!(links.read_confirm(&token(&links.access_url(&site, AccessId::from_bytes(id)))), Err(Refused::Forged));

    // A picture that was fetched is no link that was followed, and neither comes back as mail.
    let (click, open) = (links.click_url(&site, key).unwrap(), links.open_url(&site, key).unwrap());
    assert_eq!(links.read_click(&token(&open)), Err(Refused::Forged));
    assert_eq!(links.read_open(&token(&click)), Err(Refused::Forged));
    assert_eq!(links.read_envid(&token(&click)), Err(Refused::Forged));

    // Whoever reads a mail sees its Message-ID, so it must not do as a return path.
    let message_id = links.message_id(&site, key).unwrap();
    let seen = message_id.strip_prefix("m-").unwrap().split('@').next().unwrap();
    let forged: EmailAddress = format!("b-{seen}@bounce.example.com").parse().unwrap();
    assert_eq!(links.read_return_path(&forged), Err(Refused::Forged));
    assert_eq!(links.read_envid(seen), Err(Refused::Forged));
}

#[test]
fn a_token_of_another_layout_is_refused() {
    let (links, site) = (links(FIRST), site());
    let person = Person { subscriber: SubscriberId::NOBODY, topic: TopicNo(1) };
    let view = token(&links.view_url(&site, MailingNo(1)).unwrap());
    assert_eq!(links.read_confirm(&token(&links.unsubscribe_url(&site, person))), Err(Refused::Malformed));
    assert_eq!(links.read_unsubscribe(&view), Err(Refused::Malformed));
}

#[test]
fn a_rotated_key_is_still_read_and_a_retired_one_is_named() {
    let key = DeliveryKey::new(MailingNo(1), Ordinal(1));
    let old = links(FIRST).return_path(&site(), key).unwrap();
    let rotated = links(&format!("{FIRST}\n{SECOND}"));

    assert_eq!(rotated.read_return_path(&old), Ok(key));
    assert_ne!(rotated.return_path(&site(), key).unwrap(), old, "new ones are made under the newest key");
    assert_eq!(links(SECOND).read_return_path(&old), Err(Refused::UnknownKey(KeyId(1))));
}

#[test]
fn a_token_of_another_installation_is_refused() {
    let theirs = SECOND.replace("2:", "1:");
    let key = DeliveryKey::new(MailingNo(1), Ordinal(1));
    let foreign = links(&theirs).return_path(&site(), key).unwrap();
    assert_eq!(links(FIRST).read_return_path(&foreign), Err(Refused::Forged));
}

#[test]
fn a_number_that_does_not_fit_is_refused_and_not_cut() {
    let links = links(FIRST);
    for (mailing, ordinal, why) in [
        (1 << 32, 1, Unfit::Mailing(1 << 32)),
        (-1, 1, Unfit::Mailing(-1)),
        (1, 1 << 40, Unfit::Ordinal(1 << 40)),
        (1, -1, Unfit::Ordinal(-1)),
    ] {
        let key = DeliveryKey::new(MailingNo(mailing), Ordinal(ordinal));
        assert_eq!(links.return_path(&site(), key), Err(why));
    }
    assert_eq!(links.view_url(&site(), MailingNo(1 << 32)), Err(Unfit::Mailing(1 << 32)));
}
