//! Tokens and the log of acts in both databases.

use std::time::Duration;

use accounts::token::{self, Error, Refused};
use accounts::{Scope, Scopes, audit};
use domain::{Actor, TokenId};
use secrecy::ExposeSecret;
use serde_json::json;
use testkit::{TestDb, both, start_of_time};

fn scopes() -> Scopes {
    [Scope::SubscribersRead, Scope::CampaignsSend].into_iter().collect()
}

both!(
    async fn whoever_has_the_text_acts_as_the_token_within_its_scopes(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let (made, secret) = token::create(db, " website ", &scopes(), None, &Actor::Operator, now).await.unwrap();
        assert_eq!((made.name.as_str(), made.created_by.clone()), ("website", Actor::Operator));

        let caller = token::authenticate(db, secret.expose_secret(), now).await.unwrap();
        assert_eq!(caller.actor(), Actor::Token(made.id));
        assert!(caller.require(Scope::CampaignsSend).is_ok());
        assert_eq!(caller.require(Scope::SubscribersWrite).unwrap_err().0, Scope::SubscribersWrite);
    }
);

both!(
    async fn the_text_is_not_kept(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let (_, secret) = token::create(db, "website", &scopes(), None, &Actor::Operator, now).await.unwrap();
        let kept = format!("{:?} {:?}", token::list(db.reader()).await, audit::list(db.reader(), None, None, 10).await);
        assert!(!kept.contains(secret.expose_secret()), "{kept}");
    }
);

both!(
    async fn a_text_that_is_no_token_lets_nobody_in(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let (_, secret) = token::create(db, "website", &scopes(), None, &Actor::Operator, now).await.unwrap();
        let text = secret.expose_secret();
        let other = if text.ends_with('A') { "E" } else { "A" };
        let forged = format!("{}{other}", &text[..text.len() - 1]);
        for text in ["", "eshot_", "' OR 1=1 --", &forged, &text.to_uppercase(), &format!("{text} ")] {
            assert!(matches!(token::authenticate(db, text, now).await, Err(Refused::Unknown)), "{text}");
        }
    }
);

both!(
    async fn a_token_works_until_it_expires(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let end = now + Duration::from_secs(3600);
        let (made, secret) = token::create(db, "website", &scopes(), Some(end), &Actor::Operator, now).await.unwrap();
        let text = secret.expose_secret();
        assert!(token::authenticate(db, text, end - Duration::from_micros(1)).await.is_ok());
        assert!(matches!(token::authenticate(db, text, end).await, Err(Refused::Expired(id)) if id == made.id));
    }
);

both!(
    async fn a_revoked_token_stops_at_once_and_is_still_listed(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let (made, secret) = token::create(db, "website", &scopes(), None, &Actor::Operator, now).await.unwrap();
        token::revoke(db, made.id, &Actor::System, now).await.unwrap();
        assert!(matches!(token::authenticate(db, secret.expose_secret(), now).await, Err(Refused::Revoked(_))));
        assert!(matches!(token::revoke(db, made.id, &Actor::System, now).await, Err(Error::NotFound(_))));
        assert!(matches!(token::revoke(db, TokenId::new(now), &Actor::System, now).await, Err(Error::NotFound(_))));

        let listed = token::list(db.reader()).await.unwrap();
        assert_eq!(listed.iter().map(|token| token.revoked_by.clone()).collect::<Vec<_>>(), [Some(Actor::System)]);
    }
);

both!(
    async fn the_last_use_is_known_to_the_minute(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let (made, secret) = token::create(db, "website", &scopes(), None, &Actor::Operator, now).await.unwrap();
        for (seconds, noted) in [(0, 0), (59, 0), (60, 60), (61, 60)] {
            token::authenticate(db, secret.expose_secret(), now + Duration::from_secs(seconds)).await.unwrap();
            let found = token::find(db.reader(), made.id).await.unwrap().unwrap();
            assert_eq!(found.last_used_at, Some(now + Duration::from_secs(noted)), "after {seconds} s");
        }
    }
);

both!(
    async fn a_token_that_would_be_of_no_use_is_refused(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let make = async |name: &str, scopes: &Scopes, end| {
            token::create(db, name, scopes, end, &Actor::Operator, now).await.map(drop)
        };
        assert!(matches!(make("  ", &scopes(), None).await, Err(Error::Name)));
        assert!(matches!(make("two\nlines", &scopes(), None).await, Err(Error::Name)));
        assert!(matches!(make("website", &Scopes::default(), None).await, Err(Error::NoScope)));
        assert!(matches!(make("website", &scopes(), Some(now)).await, Err(Error::Expired)));
        assert!(token::list(db.reader()).await.unwrap().is_empty());
    }
);

both!(
    async fn acts_are_read_newest_first_and_by_object(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        for (act, object) in [("brand.create", "brand:1"), ("brand.create", "brand:2"), ("brand.update", "brand:1")] {
            audit::record(db.writer(), &Actor::Operator, act, object, Some(json!({ "act": act })), now).await.unwrap();
        }
        let of_one = audit::list(db.reader(), Some("brand:1"), None, 10).await.unwrap();
        assert_eq!(of_one.iter().map(|entry| entry.act.as_str()).collect::<Vec<_>>(), ["brand.update", "brand.create"]);
        assert_eq!(of_one[0].detail, Some(json!({ "act": "brand.update" })));

        let newest = audit::list(db.reader(), None, None, 2).await.unwrap();
        let older = audit::list(db.reader(), None, Some(newest[1].id), 2).await.unwrap();
        assert_eq!(newest.len() + older.len(), 3);
    }
);

both!(
    async fn making_and_revoking_a_token_is_logged(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let (made, _) = token::create(db, "website", &scopes(), None, &Actor::Operator, now).await.unwrap();
        token::revoke(db, made.id, &Actor::System, now).await.unwrap();
        let acts = audit::list(db.reader(), Some(&format!("token:{}", made.id)), None, 10).await.unwrap();
        let acts: Vec<_> = acts.into_iter().map(|entry| (entry.act, entry.actor)).collect();
        assert_eq!(acts, [("token.revoke".to_owned(), Actor::System), ("token.create".to_owned(), Actor::Operator)]);
    }
);
