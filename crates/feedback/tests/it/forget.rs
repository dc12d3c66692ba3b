//! Erasure reaches the mails that came back.

use data_encoding::BASE64;
use feedback::{Filter, forget, list, raw};
use testkit::{TestDb, both};

use crate::world::{World, address};

both!(
    async fn an_erased_address_is_in_no_kept_mail_however_it_was_written(db: TestDb) {
        let world = World::new(db.database()).await;
        let to = address("postmaster@bounce.example.com");
        let text = "ada+news@example.org is gone";
        for (n, mail) in [
            format!("Subject: plain\r\n\r\n{}\r\n", text.to_uppercase()),
            format!("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n", BASE64.encode(text.as_bytes())),
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nada+=\r\nnews=40example.org\r\n".to_owned(),
            format!("Subject: =?utf-8?b?{}?=\r\n\r\nhello\r\n", BASE64.encode(text.as_bytes())),
            "Original-Recipient: rfc822;ada+2Bnews@example.org\r\n\r\n".to_owned(),
            "Return-Path: <list+ada+news=example.org@lists.example>\r\n\r\n".to_owned(),
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
                 Subject: inner\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
                BASE64.encode(text.as_bytes())
            ),
        ]
        .into_iter()
        .enumerate()
        {
            world.process(&to, &mail).await;
            assert_eq!(forget(world.db, None, &address("ada+news@example.org")).await.unwrap(), 1, "mail {n}");
            let kept = list(world.db.reader(), Filter::default(), None, 1).await.unwrap();
            assert_eq!(raw(world.db.reader(), kept[0].id).await.unwrap(), Some(Vec::new()), "mail {n}");
        }
    }
);

both!(
    async fn other_peoples_mails_stay(db: TestDb) {
        let world = World::new(db.database()).await;
        let to = address("postmaster@bounce.example.com");
        world.process(&to, "Subject: hello\r\n\r\nbob@example.org and ada@example.net\r\n").await;
        assert_eq!(forget(world.db, None, &address("ada@example.org")).await.unwrap(), 0);
    }
);
