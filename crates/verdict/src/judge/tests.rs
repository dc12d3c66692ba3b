use proptest::prelude::*;

use super::*;
use crate::rules;

fn check(replies: &[(&str, Class, &str)]) {
    for (reply, class, rule) in replies {
        let verdict = judge(&reply.parse().unwrap(), None);
        assert_eq!((verdict.class, verdict.rule.as_str()), (*class, *rule), "{reply}");
    }
}

#[test]
fn clear_words_say_that_a_mailbox_is_gone_whatever_the_code() {
    check(&[
        ("550 5.1.1 <x@example.com>... User unknown", Class::Hard, "mailbox.unknown"),
        ("550 5.7.1 No such user c18si2365148hub", Class::Hard, "mailbox.none-such"),
        ("550 5.5.0 Requested action not taken: mailbox unavailable", Class::Hard, "mailbox.unavailable"),
        ("550-5.1.1 The email account that you tried to reach does not exist.", Class::Hard, "mailbox.not-found"),
        ("554 delivery error: dd This user doesn't have a yahoo.com account", Class::Hard, "mailbox.not-found"),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", Class::Hard, "mailbox.not-found"),
        ("550 Unrouteable address", Class::Hard, "mailbox.unrouteable"),
        ("550 5.2.1 This account has been disabled or discontinued", Class::Hard, "mailbox.closed"),
        ("550 Empfänger <x@example.com> unbekannt", Class::Hard, "mailbox.unknown-de"),
        ("550 EMPFÄNGER UNBEKANNT", Class::Hard, "mailbox.unknown-de"),
        ("550 Boîte aux lettres inexistante", Class::Hard, "mailbox.unknown-fr"),
        ("550 Нет такого пользователя", Class::Hard, "mailbox.unknown-slavic"),
        ("550 用户不存在", Class::Hard, "mailbox.unknown-east"),
    ]);
}

#[test]
fn reputation_words_beat_a_code_that_blames_the_recipient() {
    check(&[
        ("550 5.1.0 rejected, 192.0.2.1 is listed by Spamhaus", Class::Block, "reputation.blocklist"),
        ("553 5.1.3 http://www.spamhaus.org/query/bl?ip=192.0.2.222", Class::Block, "reputation.blocklist"),
        ("550 5.1.1 IP address blacklisted by recipient", Class::Block, "reputation.blocklist"),
        (
            "550 5.1.0 192.0.2.2 is not allowed to send from <example.net> per it's SPF Record",
            Class::Block,
            "reputation.ip-refused",
        ),
        ("521 5.2.1 AOL will not accept delivery of this message.", Class::Block, "reputation.aol"),
        (
            "550 5.2.1 The user you are trying to contact is receiving mail at a rate that",
            Class::Block,
            "exact.mailbox-rate",
        ),
    ]);
}

#[test]
fn a_policy_code_is_ours_to_mend() {
    check(&[
        ("550 5.7.1 no", Class::Block, "code.x.7.x"),
        ("550 5.7.515 Access denied", Class::Block, "code.microsoft-auth"),
        ("421 4.7.28 wait", Class::Block, "code.google-rate"),
        ("451 4.7.650 The mail server has been temporarily rate limited", Class::Block, "rate.messages"),
        ("554 Denied by policy", Class::Block, "policy.words"),
        ("550 Rejected", Class::Block, "policy.refused"),
    ]);
}

#[test]
fn a_code_decides_where_the_words_are_decoration() {
    check(&[
        ("550 5.1.1 Address rejected kijitora@example.co.jp", Class::Hard, "code.5.1.1"),
        ("550 5.2.2 sorry", Class::Soft, "code.x.2.2"),
        ("550 5.0.0", Class::LikelyGone, "code.5.0.x"),
        ("550", Class::LikelyGone, "reply.55x"),
        ("556 5.1.10 none", Class::DomainGone, "code.5.1.10"),
        ("552 5.3.4 no", Class::Content, "code.x.3.4"),
    ]);
}

#[test]
fn a_transient_refusal_makes_nobody_gone() {
    check(&[
        ("450 4.1.1 User unknown in virtual alias table", Class::Soft, "code.4.x.x"),
        ("451 4.1.2 Domain name not found", Class::Soft, "code.4.x.x"),
        ("450 4.2.0 Greylisted, see http://postgrey.example/", Class::Soft, "exact.greylist"),
        ("452 4.2.2 The recipient's inbox is out of storage space", Class::Soft, "full.mailbox"),
        ("421 try again later", Class::Soft, "full.system"),
        // The code and the status disagree.
        ("450 5.1.1 User unknown", Class::Soft, "reply.4xx"),
        ("550 4.1.1 User unknown", Class::Soft, "code.4.x.x"),
    ]);
}

#[test]
fn an_echo_is_no_word_of_the_server() {
    check(&[
        ("550 5.1.1 <spamhaus.blocked@blacklist.example>: Recipient address rejected", Class::Hard, "code.5.1.1"),
        ("550 5.1.1 sorry, see https://dkim-spf-policy.example/virus", Class::Hard, "code.5.1.1"),
        ("550 5.2.2 host mx.virus-blocked.example says no", Class::Soft, "code.x.2.2"),
        // The other way round: an address that pretends to be an excuse.
        ("550 5.7.1 <no.such.user@example.com> denied", Class::Block, "code.x.7.x"),
    ]);
}

#[test]
fn a_provider_is_left_in_peace_for_the_time_it_asks_for() {
    let pause = |reply: &str| judge(&reply.parse().unwrap(), None).pause.map(|pause| pause.as_secs() / 60);
    assert_eq!(pause("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred"), Some(120));
    assert_eq!(pause("550 5.7.1 Unfortunately, messages were blocked (S3150)"), Some(60));
    assert_eq!(pause("550 5.7.1 no"), Some(10));
    assert_eq!(pause("550 Rejected"), None);
    assert_eq!(pause("550 5.1.1 User unknown"), None);
}

#[test]
fn a_report_is_judged_by_what_is_nearest_to_the_server_that_refused() {
    let report = |status: &str, diagnostic: &str| {
        let verdict = judge_report(status.parse().ok(), diagnostic, None);
        (verdict.class, verdict.rule)
    };
    assert_eq!(report("5.0.0", "smtp; 550 5.1.1 <x@example.jp>... gone"), (Class::Hard, "code.5.1.1".into()));
    assert_eq!(report("5.1.1", "smtp; 550 recipient rejected"), (Class::Hard, "code.5.1.1".into()));
    assert_eq!(report("5.2.2", "smtp; 550 5.0.0 sorry"), (Class::Soft, "code.x.2.2".into()));
    assert_eq!(
        report("4.4.7", "X-Postfix; connect to 192.0.2.1:25: Connection timed out"),
        (Class::Soft, "exact.unreachable".into())
    );
    assert_eq!(report("", ""), (Class::Soft, "none".into()));
}

#[test]
fn words_in_a_report_need_a_second_witness() {
    let class = |status: &str, diagnostic: &str| judge_report(status.parse().ok(), diagnostic, None).class;
    // What filters say of mailboxes that live.
    for (status, said) in [
        ("", "[User unknown]"),
        ("5.0.0", "smtp; 550 : User unknown"),
        ("5.2.0", "550 Unknown user ada@example.org (in reply to end of DATA command)"),
        ("", "550 5.2.1 <ada@example.org>... User Unknown"),
    ] {
        assert_eq!(class(status, said), Class::LikelyGone, "{said}");
    }
    for (status, said) in [
        ("5.1.1", "smtp; 550 : User unknown"),
        ("5.0.0", "550 5.1.1 User unknown"),
        ("5.7.1", "550 5.7.1 No such user (in reply to RCPT TO command)"),
        ("", "550 <ada@example.org>: Recipient address rejected. (in reply to RCPT TO command)"),
        ("", "User Ada (ada@example.org) not listed in Domino Directory"),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. [AS(201806281) MX.example.com]"),
    ] {
        assert_eq!(class(status, said), Class::Hard, "{said}");
    }
}

#[test]
fn what_is_said_of_the_sender_takes_nobody_off_a_list() {
    check(&[
        ("550 5.7.25 The PTR record for your IP address could not be found", Class::Block, "exact.sender-unknown"),
        ("550 5.1.8 Sender address could not be found", Class::Block, "exact.sender-unknown"),
        ("550 5.7.1 Sender not found in the recipient's address book", Class::Block, "exact.sender-unknown"),
        ("553 5.7.1 From address does not match authenticated user", Class::Block, "exact.sender-unknown"),
    ]);
    for (status, said) in
        [("5.1.7", "550 5.1.7 Your address is unknown"), ("5.1.8", "550 5.1.8 User unknown: the sender")]
    {
        assert_ne!(judge_report(status.parse().ok(), said, None).class, Class::Hard, "{said}");
    }
    // Postfix says so of whomever an access table refuses; with a bracket behind it Microsoft does, of whom it does not know.
    let denied =
        judge(&"554 5.7.1 <ada@example.org>: Recipient address rejected: Access denied".parse().unwrap(), None);
    assert_ne!(denied.class, Class::Hard, "{denied:?}");
}

#[test]
fn every_class_is_reached_by_some_rule() {
    for class in Class::ALL {
        assert!(rules().any(|rule| rule.class == class), "{class}");
    }
}

proptest! {
    #[test]
    fn judging_never_panics(text in "\\PC{0,300}", status in "[245]\\.[0-9]{1,3}\\.[0-9]{1,3}") {
        let verdict = judge_report(status.parse().ok(), &text, None);
        prop_assert!(verdict.words.len() <= 500);
    }

    #[test]
    fn an_address_never_survives_into_the_words(local in "[a-z0-9.+_-]{1,30}", domain in "[a-z]{1,10}\\.(example|com)") {
        let address = format!("{local}@{domain}");
        for said in [format!("550 5.1.1 <{address}>: no"), format!("smtp; 550 user {address} unknown"), format!("({address})")] {
            prop_assert!(!judge_report(None, &said, None).words.contains(&address));
        }
    }
}

#[test]
fn each_word_for_slower_is_heard_and_no_other() {
    let said = [
        ("421 4.7.0 [TSS05] Messages from 192.0.2.1 temporarily deferred", "reputation.yahoo-long"),
        ("421 4.7.0 [TSS04] Messages temporarily deferred due to user complaints", "reputation.yahoo-defer"),
        ("421 4.7.0 [TS03] All messages from 192.0.2.1 will be deferred", "reputation.yahoo-rate"),
        ("421 RP-001 The mail server has exceeded the rate limit", "reputation.outlook-rate"),
        ("550 SC-001 Mail rejected by Outlook.com for policy reasons", "reputation.outlook-policy"),
        ("421 [HCM1] Your mail from 192.0.2.1 was deferred", "reputation.apple"),
        ("421 Service refuse. Veuillez essayer plus tard. OFR004", "reputation.orange-rate"),
        ("421 4.1.0 Throttled RL000001", "reputation.comcast"),
        ("421 4.7.0 To protect our users, see our sender guidelines", "reputation.google-guidelines"),
        ("421 4.7.28 wait", "code.google-rate"),
        ("421 too many connections from your host", "rate.connections"),
        ("451 Server busy. Please try again later", "rate.messages"),
        ("450 4.7.1 not now", "code.4.7.x"),
    ];
    for (reply, rule) in said {
        let verdict = judge(&reply.parse().unwrap(), None);
        assert_eq!((verdict.rule.as_str(), verdict.slow), (rule, true), "{reply}");
    }
    let slow: Vec<&str> = rules().filter(|rule| rule.slow).map(|rule| rule.id.as_str()).collect();
    assert!(slow.iter().all(|id| said.iter().any(|(_, rule)| rule == id)), "{slow:?}");
    for reply in
        ["550 5.1.1 user unknown", "550 5.7.1 no", "421 closing channel", "452 4.2.2 mailbox full", "451 later"]
    {
        assert!(!judge(&reply.parse().unwrap(), None).slow, "{reply}");
    }
}

#[test]
fn a_quota_or_a_rate_is_over_by_itself_whatever_the_code() {
    let said = [
        ("550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits", "quota.google"),
        ("550-5.7.1 Daily SMTP relay limit exceeded for customer.", "quota.google"),
        (
            "550 5.7.233 - Your message can't be sent because your tenant exceeded its daily limit for sending email",
            "quota.microsoft",
        ),
        (
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; submission quota",
            "quota.microsoft",
        ),
        ("554 Throttling failure: Daily message quota exceeded.", "quota.amazon"),
        ("550 5.4.6 Mail rate exceeded limit", "quota.zoho"),
        (
            "550 Domain example.com has exceeded the max emails per hour (150/150 (100%)) allowed. Message discarded.",
            "quota.hosting",
        ),
        ("554 5.7.1 <x@example.com>: Recipient address rejected: You have exceeded your Outmail quota.", "quota.own"),
        ("550 5.7.0 daily sending quota of 500 reached", "quota.own"),
        (
            "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more",
            "exact.mailbox-rate",
        ),
        ("550 5.7.28 There is an unusual rate of messages", "code.google-rate"),
        ("554 5.7.1 Too many connections from your host", "rate.connections"),
        ("550 5.7.1 too many messages, slow down", "rate.messages"),
    ];
    for (reply, rule) in said {
        let verdict = judge(&reply.parse().unwrap(), None);
        assert_eq!((verdict.rule.as_str(), verdict.class, verdict.again), (rule, Class::Block, true), "{reply}");
        assert_eq!(verdict.relay, rule.starts_with("quota."), "{reply}");
        assert!(!verdict.relay || verdict.pause.is_none() && !verdict.slow, "no provider pays for our relay: {reply}");
    }
    let again: Vec<&str> = rules().filter(|rule| rule.again).map(|rule| rule.id.as_str()).collect();
    assert!(again.iter().all(|id| said.iter().any(|(_, rule)| rule == id)), "{again:?}");
}

#[test]
fn a_full_mailbox_and_what_is_refused_for_good_are_no_quota_of_ours() {
    for (reply, class) in [
        ("552 5.2.2 <x@example.com>: mailbox full", Class::Soft),
        ("552 5.2.2 The email account that you tried to reach is over quota", Class::Soft),
        ("552 5.2.2 Quota exceeded (mailbox for user is full)", Class::Soft),
        ("550 5.2.2 User has exceeded his disk quota limit", Class::Soft),
        ("552 5.3.4 Message size exceeds fixed limit", Class::Content),
        ("550 5.7.1 message rejected due to policy", Class::Block),
        ("550 5.1.1 user unknown", Class::Hard),
        ("550 5.7.1 Service unavailable; client host is listed by a blocklist", Class::Block),
    ] {
        let verdict = judge(&reply.parse().unwrap(), None);
        assert_eq!((verdict.class, verdict.again, verdict.relay), (class, false, false), "{reply}: {}", verdict.rule);
    }
}

#[test]
fn what_is_said_of_the_sender_is_told_from_what_is_said_of_us_the_message_and_the_recipient() {
    for (reply, sender) in [
        ("553 5.7.1 <a@example.com>: Sender address rejected: not owned by user acme", true),
        ("550 5.1.8 <a@example.com>: Sender address rejected: Domain not found", true),
        ("553 5.1.8 Domain of sender address a@example.com does not exist", true),
        ("501 5.1.7 Bad sender address syntax", true),
        ("554 5.2.252 SendAsDenied; a@example.com not allowed to send as b@example.com", true),
        ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", true),
        (
            "554 Message rejected: Email address is not verified. The following identities failed the check in region X",
            true,
        ),
        ("550 5.7.1 Service unavailable; client host is listed by a blocklist", false),
        ("550 5.7.26 This mail is unauthenticated, which poses a security risk to the sender", false),
        ("550 5.1.1 user unknown", false),
        ("554 5.7.1 spam", false),
        ("452 4.3.1 daily sending quota exceeded", false),
    ] {
        let verdict = judge(&reply.parse().unwrap(), None);
        assert_eq!(verdict.sender, sender, "{reply}: {}", verdict.rule);
        assert!(!sender || verdict.class == Class::Block, "{reply}: {}", verdict.rule);
    }
}
