use std::process::Output;

use testkit::smtp::{Moment, Rule, SmtpSink};
use testkit::{TestDb, both};

use crate::{err, eshot, out};

both!(
    async fn a_measurement_sends_reads_again_checks_and_prints_one_line(db: TestDb) {
        let sink = SmtpSink::start().await;
        let measured = measure(&db, &sink).await;
        assert!(measured.status.success(), "{}", err(&measured));
        let line: serde_json::Value = serde_json::from_str(&out(&measured)).unwrap();
        assert_eq!(out(&measured).lines().count(), 1);
        assert_eq!((&line["recipients"], &line["dkim"]), (&150.into(), &"both".into()));
        for rows in ["deliveries", "attempts", "facts"] {
            assert_eq!(line["verified"][rows], 150, "{line}");
        }
        assert_eq!(line["verified"]["sample_links"], 15 * 100, "{line}");
        for stage in ["render", "mime", "sign", "smtp", "desk", "process"] {
            assert!(line["cpu_us"][stage].as_f64().unwrap() > 0.0, "{stage}: {line}");
        }
        assert_eq!(sink.count(), 150 + 100, "a hundred of them get the sample first");

        let again = measure(&db, &sink).await;
        assert_eq!(again.status.code(), Some(1));
        assert!(err(&again).contains("has subscribers already"), "{}", err(&again));
        assert_eq!(sink.count(), 150 + 100);
    }
);

both!(
    async fn where_somebody_is_refused_there_is_no_figure(db: TestDb) {
        let sink = SmtpSink::start().await;
        sink.add(Rule::reply(Moment::Rcpt, "550 5.1.1 nobody here").to("reader.120"));
        let measured = measure(&db, &sink).await;
        assert_eq!(measured.status.code(), Some(1));
        assert_eq!(out(&measured), "");
        assert!(err(&measured).contains("not everything is sent"), "{}", err(&measured));
    }
);

async fn measure(db: &TestDb, sink: &SmtpSink) -> Output {
    let (database, relay) = (db.url().to_owned(), sink.url());
    let measured = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let arguments =
            ["bench", "send", "--recipients", "150", "--dkim", "both", "--relay", &relay, "--database", &database];
        eshot(folder.path(), &arguments, &[])
    });
    measured.await.unwrap()
}
