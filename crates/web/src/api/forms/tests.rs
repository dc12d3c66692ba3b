use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::{FORM, House};

both! {
    async fn a_form_gets_a_new_version_and_keeps_the_old_one(db: TestDb) {
        let house = House::new(&db).await;
        let path = format!("/api/v1/forms/{}", house.seeded.form.id);
        let shown = house.call(Method::GET, &path, Value::Null).await;
        assert_eq!((shown.status, shown.header("etag")), (StatusCode::OK, "\"1\""));
        let current = &shown.json()["current"];
        let fields = json!({
            "name": "E-shot opt in", "locale": "en", "consent_words": "Yes, write to me.", "definition": current["definition"],
        });
        let revised = house.call_with(Method::PUT, &path, fields.clone(), &[("if-match", "\"1\"")]).await;
        assert_eq!((revised.status, revised.header("etag")), (StatusCode::OK, "\"2\""), "{}", revised.body);
        let late = house.call_with(Method::PUT, &path, fields, &[("if-match", "\"1\"")]).await;
        assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);

        let versions = house.call(Method::GET, &format!("{path}/versions"), Value::Null).await.json();
        assert_eq!(versions["items"][0]["consent_words"], current["consent_words"]);
        assert_eq!(versions["items"][1]["consent_words"], "Yes, write to me.");
        assert!(house.get(FORM).await.body.contains("Yes, write to me."));
    }
}

both! {
    async fn a_form_that_offers_another_brands_topic_is_refused(db: TestDb) {
        let house = House::new(&db).await;
        let form = json!({
            "brand": house.brand.id, "slug": "short", "name": "Short", "locale": "de", "consent_words": "Ja.",
            "definition": {
                "title": "Kurz", "intro": "", "fields": [], "topics": ["01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f"], "button": "Los",
            },
        });
        let answer = house.call(Method::POST, "/api/v1/forms", form.clone()).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("topics")));
        let mut form = form;
        form["definition"]["topics"] = json!([house.seeded.topics[0].id]);
        let made = house.call(Method::POST, "/api/v1/forms", form).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        assert!(house.get("/forms/short").await.body.contains("<html lang=\"de\">"));
    }
}
