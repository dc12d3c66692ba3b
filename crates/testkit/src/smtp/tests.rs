use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// Sends the lines one by one, each after an answer, and gives back all that was answered.
async fn talk(sink: &SmtpSink, lines: &[&str]) -> String {
    let mut stream = TcpStream::connect(sink.address()).await.unwrap();
    let mut heard = String::new();
    let mut buffer = [0; 4096];
    for line in std::iter::once(&"").chain(lines) {
        stream.write_all(line.as_bytes()).await.unwrap();
        match stream.read(&mut buffer).await.unwrap() {
            0 => return heard + "<closed>",
            n => heard.push_str(std::str::from_utf8(&buffer[..n]).unwrap()),
        }
    }
    heard
}

const TO_ADA: [&str; 6] = [
    "EHLO test\r\n",
    "MAIL FROM:<b@example.com> RET=HDRS\r\n",
    "RCPT TO:<Ada@example.com> NOTIFY=FAILURE\r\n",
    "DATA\r\n",
    "Subject: x\r\n\r\n..dot\r\n.\r\n",
    "QUIT\r\n",
];

#[tokio::test]
async fn a_message_is_kept_as_it_was_sent() {
    let sink = SmtpSink::start().await;
    let heard = talk(&sink, &TO_ADA).await;
    assert!(heard.contains("250 2.0.0 taken as 1-1"), "{heard}");
    let message = &sink.messages()[0];
    assert_eq!((message.from.as_str(), message.recipient()), ("b@example.com", "Ada@example.com"));
    assert_eq!(message.parameters, ["RET=HDRS"]);
    assert_eq!(message.to[0].parameters, ["NOTIFY=FAILURE"]);
    assert_eq!(message.text(), "Subject: x\r\n\r\n.dot\r\n");
    assert_eq!(sink.by_recipient()["ada@example.com"], 1);
}

#[tokio::test]
async fn a_rule_is_used_up_and_then_over() {
    let sink = SmtpSink::start().await;
    sink.add(Rule::reply(Moment::Rcpt, "450 4.7.1 later").to("a*").times(1));
    let heard = talk(
        &sink,
        &["EHLO x\r\n", "MAIL FROM:<>\r\n", "RCPT TO:<bob@x>\r\n", "RCPT TO:<ada@x>\r\n", "RCPT TO:<ada@x>\r\n"],
    )
    .await;
    let codes: Vec<_> = heard.lines().rev().take(3).map(|line| &line[..3]).collect();
    assert_eq!(codes, ["250", "450", "250"]);
}

#[tokio::test]
async fn a_dot_that_is_not_answered_is_counted_all_the_same() {
    let sink = SmtpSink::start().await;
    sink.add(Rule::drop(Moment::Dot));
    assert!(talk(&sink, &TO_ADA).await.ends_with("<closed>"));
    assert_eq!(sink.count(), 1);
    assert!(!sink.messages()[0].answered);
}

#[tokio::test]
async fn four_twenty_one_hangs_up() {
    let sink = SmtpSink::start().await;
    sink.add(Rule::reply(Moment::Connect, "421 4.3.2 not now"));
    assert!(talk(&sink, &["EHLO x\r\n"]).await.starts_with("421 4.3.2 not now"));
}

#[tokio::test]
async fn a_server_that_was_stopped_comes_back_at_its_address() {
    let mut sink = SmtpSink::start().await;
    talk(&sink, &TO_ADA).await;
    sink.stop().await;
    assert!(TcpStream::connect(sink.address()).await.is_err());
    let again = SmtpSink::bind(sink.address(), Script::default()).await;
    talk(&again, &TO_ADA).await;
    assert_eq!((sink.count(), again.count()), (1, 1));
}
