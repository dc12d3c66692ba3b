use axum::http::{Method, StatusCode};
use metrics_exporter_prometheus::PrometheusBuilder;
use testkit::{TestDb, both};

use crate::Settings;
use crate::testing::{FORM, House, settings};

both! {
    async fn the_service_says_that_it_is_there_and_ready(db: TestDb) {
        let house = House::new(&db).await;
        for path in ["/healthz", "/readyz"] {
            let answer = house.get(path).await;
            assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "ok\n"));
        }
        assert_eq!(house.get("/metrics").await.status, StatusCode::NOT_FOUND, "no recorder, no page");
    }
}

both! {
    async fn requests_are_counted_by_route_and_tell_no_token(db: TestDb) {
        let recorder = PrometheusBuilder::new().build_recorder();
        let counted = recorder.handle();
        let _guard = metrics::set_default_local_recorder(&recorder);
        let house = House::new(&db).await;
        house.get("/u/forged").await;
        house.ask("BREW".parse().unwrap(), "/u/forged").await;
        let text = counted.render();
        for line in [
            r#"eshot_http_requests_total{method="GET",route="/u/{token}",status="404"} 1"#,
            r#"eshot_http_requests_total{method="other",route="/u/{token}",status="405"} 1"#,
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(!text.contains("forged") && !text.contains("BREW"), "{text}");
    }
}

both! {
    async fn every_answer_carries_the_strict_policy_and_no_cookie(db: TestDb) {
        let house = House::new(&db).await;
        for path in [FORM, "/nothing", "/api/openapi.json", "/api/v1/brands", "/healthz", "/u/x", "/assets/nothing"] {
            for method in [Method::GET, Method::POST] {
                let answer = house.ask(method, path).await;
                let policy = answer.header("content-security-policy");
                assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path} {policy}");
                assert_eq!(answer.header("x-content-type-options"), "nosniff");
                assert_eq!(answer.header("referrer-policy"), "no-referrer");
                assert!(answer.header("strict-transport-security").starts_with("max-age="));
                assert!(answer.headers.get("set-cookie").is_none());
            }
        }
    }
}

both! {
    async fn style_and_colours_are_kept_for_ever_and_the_page_names_them(db: TestDb) {
        let house = House::new(&db).await;
        let page = house.get(FORM).await;
        let links: Vec<&str> = page.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let assets: Vec<_> = links.into_iter().filter(|link| link.starts_with("/assets/")).collect();
        assert_eq!(assets.len(), 3, "icon, style, colours");
        for asset in assets {
            let answer = house.get(asset).await;
            assert_eq!(answer.status, StatusCode::OK, "{asset}");
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        }
        for asset in ["style-000000000000.css", "accent/red.css", "accent/..%2f.css", "icon/0b6e4f%3C.svg", "starters/no"] {
            assert_eq!(house.get(&format!("/assets/{asset}")).await.status, StatusCode::NOT_FOUND, "{asset}");
        }
    }
}

both! {
    async fn whoever_posts_too_often_waits_and_a_mailbox_providers_one_click_does_not(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let link = crate::testing::path(&house.links().unsubscribe_url(&house.site(), house.person(&person)));
        let house = house.with(Settings { public_rate: "2/h".parse().unwrap(), ..settings() });
        for _ in 0..2 {
            assert_eq!(house.press("/u/forged", &[]).await.status, StatusCode::NOT_FOUND);
        }
        let refused = house.press("/u/forged", &[]).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 60);
        assert!(refused.body.contains("That was a bit often"));
        assert_eq!(house.press(FORM, &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
        let one_click = house.press(&link, &[("List-Unsubscribe", "One-Click")]).await;
        assert_eq!(one_click.status, StatusCode::OK);
        assert!(house.topics_of(&person).await.is_empty());
    }
}

both! {
    async fn evidence_is_by_the_address_behind_trusted_proxies_alone(db: TestDb) {
        for (trusted, seen) in [("192.0.2.0/24", "203.0.113.9"), ("10.0.0.0/8", "192.0.2.7")] {
            let house = House::new(&db).await;
            let house = house.with(Settings { trusted_proxies: vec![trusted.parse().unwrap()], ..settings() });
            let email = format!("{}@example.com", seen.replace('.', "-"));
            house.sign_up(&email, &[0]).await;
            let link = house.confirm_path().await;
            let request = axum::http::Request::post(link).header("x-forwarded-for", "1.2.3.4, 203.0.113.9");
            house.send(request.body(axum::body::Body::empty()).unwrap()).await;
            let ledger = subscribers::consent::show(db.database().reader(), &email.parse().unwrap()).await.unwrap().unwrap();
            let confirmed = ledger.iter().find(|entry| entry.act == subscribers::consent::Act::Confirmed).unwrap();
            let confirmed = confirmed.proof.as_ref().unwrap();
            assert_eq!(confirmed.ip.unwrap().to_string(), seen);
        }
    }
}
