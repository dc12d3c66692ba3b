//! Repeated requests in both databases.

use std::time::Duration;

use accounts::idempotency::{self, AT_WORK, Begun, KEPT_FOR, Refused};
use domain::TokenId;
use testkit::{TestDb, both, start_of_time};

fn token() -> TokenId {
    TokenId::from_bytes([1; 16])
}

fn request() -> [u8; 32] {
    idempotency::digest("POST", "/api/v1/campaigns", b"{}")
}

both!(
    async fn a_request_that_is_sent_twice_is_carried_out_once_and_answered_twice(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let begin = async || idempotency::begin(db.writer(), token(), "k", &request(), now).await;
        assert_eq!(begin().await.unwrap(), Begun::Fresh);
        assert!(matches!(begin().await, Err(Refused::InProgress)));

        idempotency::finish(db.writer(), token(), "k", 201, "{\"id\":1}", None).await.unwrap();
        let answer = Begun::Finished { status: 201, body: "{\"id\":1}".to_owned(), etag: None };
        assert_eq!(begin().await.unwrap(), answer);
        idempotency::abandon(db.writer(), token(), "k", now).await.unwrap();
        assert_eq!(begin().await.unwrap(), answer, "what has an answer is not given up");
    }
);

both!(
    async fn of_ten_at_once_one_is_fresh(db: TestDb) {
        let now = start_of_time();
        let tasks = (0..10).map(|_| {
            let db = db.database().clone();
            tokio::spawn(async move { idempotency::begin(db.writer(), token(), "k", &request(), now).await })
        });
        let mut fresh = 0;
        for task in tasks.collect::<Vec<_>>() {
            match task.await.unwrap() {
                Ok(Begun::Fresh) => fresh += 1,
                Err(Refused::InProgress) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(fresh, 1);
    }
);

both!(
    async fn another_request_under_the_same_key_is_refused(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let other = idempotency::digest("POST", "/api/v1/campaigns", b"{ }");
        idempotency::begin(db.writer(), token(), "k", &request(), now).await.unwrap();
        let refused = idempotency::begin(db.writer(), token(), "k", &other, now).await;
        assert!(matches!(refused, Err(Refused::OtherRequest)));

        let somebody_else = TokenId::from_bytes([2; 16]);
        assert_eq!(idempotency::begin(db.writer(), somebody_else, "k", &other, now).await.unwrap(), Begun::Fresh);
    }
);

both!(
    async fn a_request_that_did_nothing_may_be_sent_again(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        idempotency::begin(db.writer(), token(), "k", &request(), now).await.unwrap();
        idempotency::abandon(db.writer(), token(), "k", now).await.unwrap();
        assert_eq!(idempotency::begin(db.writer(), token(), "k", &request(), now).await.unwrap(), Begun::Fresh);
    }
);

both!(
    async fn only_who_claimed_a_key_gives_it_up(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        idempotency::begin(db.writer(), token(), "k", &request(), now).await.unwrap();
        idempotency::abandon(db.writer(), token(), "k", now - Duration::from_secs(1)).await.unwrap();
        let again = idempotency::begin(db.writer(), token(), "k", &request(), now).await;
        assert!(matches!(again, Err(Refused::InProgress)), "{again:?}");
    }
);

both!(
    async fn what_became_of_a_request_without_an_answer_is_unknown_after_a_minute_until_it_has_one(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let begin = async |at| idempotency::begin(db.writer(), token(), "k", &request(), at).await;
        begin(now).await.unwrap();
        let early = begin(now + AT_WORK - Duration::from_secs(1)).await;
        assert!(matches!(early, Err(Refused::InProgress)), "{early:?}");
        for later in [AT_WORK, KEPT_FOR - AT_WORK] {
            let late = begin(now + later).await;
            assert!(matches!(late, Err(Refused::Unknown)), "{late:?}");
        }
        idempotency::finish(db.writer(), token(), "k", 201, "", None).await.unwrap();
        assert!(matches!(begin(now + AT_WORK).await, Ok(Begun::Finished { status: 201, .. })));
    }
);

both!(
    async fn a_request_that_failed_and_may_have_been_carried_out_is_not_carried_out_again(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let begin = async || idempotency::begin(db.writer(), token(), "k", &request(), now).await;
        begin().await.unwrap();
        idempotency::finish(db.writer(), token(), "k", 503, "", None).await.unwrap();
        idempotency::abandon(db.writer(), token(), "k", now).await.unwrap();
        let again = begin().await;
        assert!(matches!(again, Err(Refused::Unknown)), "{again:?}");
    }
);

both!(
    async fn a_key_is_forgotten_after_a_day(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let begin = async |key: &str, at| idempotency::begin(db.writer(), token(), key, &request(), at).await;
        begin("k", now).await.unwrap();
        idempotency::finish(db.writer(), token(), "k", 201, "", None).await.unwrap();
        begin("later", now + Duration::from_secs(1)).await.unwrap();

        assert_eq!(begin("k", now + KEPT_FOR).await.unwrap(), Begun::Fresh, "its answer is gone with it");
        assert_eq!(idempotency::sweep(db.writer(), now + KEPT_FOR).await.unwrap(), 0);
        assert_eq!(idempotency::sweep(db.writer(), now + KEPT_FOR + Duration::from_secs(1)).await.unwrap(), 1);
    }
);

both!(
    async fn an_erased_person_is_in_no_answer_and_comes_back_by_no_repeated_request(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let begin = async |key: &str| idempotency::begin(db.writer(), token(), key, &request(), now).await.unwrap();
        for (key, body) in [("ada", "{\"email\":\"A_a@Example.com\"}"), ("ava", "{\"email\":\"ava@example.com\"}")] {
            begin(key).await;
            idempotency::finish(db.writer(), token(), key, 201, body, None).await.unwrap();
        }
        assert_eq!(idempotency::forget(db.writer(), "a_a@example.com").await.unwrap(), 1);
        assert_eq!(begin("ada").await, Begun::Finished { status: 201, body: String::new(), etag: None });
        assert!(matches!(begin("ava").await, Begun::Finished { body, .. } if body.contains("ava@example.com")));
    }
);

both!(
    async fn a_key_that_cannot_be_kept_is_refused(db: TestDb) {
        for key in ["", "two words", "schlüssel", "line\n", &"x".repeat(256)] {
            let begun = idempotency::begin(db.database().writer(), token(), key, &request(), start_of_time()).await;
            assert!(matches!(begun, Err(Refused::Key)), "{key:?}");
        }
    }
);

#[test]
fn every_part_of_a_request_counts() {
    let digest = idempotency::digest;
    assert_ne!(digest("POST", "/a", b"b"), digest("POST", "/ab", b""));
    assert_ne!(digest("POST", "/a", b""), digest("PUT", "/a", b""));
    assert_eq!(digest("POST", "/a", b"b"), digest("POST", "/a", b"b"));
}
