//! Events with the fields that each service's documents show.

use feedback::Standing::{self, Acted, Noted};
use feedback::webhook::Provider::{
    self, Brevo, MailerSend, Mailgun, Mailjet, Postmark, Resend, SendGrid, Signed, SparkPost,
};
use serde_json::{Value, json};

/// A service, an event of it, and what becomes of it: the standing, the class, and the row or the reason.
pub(super) type Sample = (Provider, Value, Standing, Option<&'static str>, &'static str);

/// Events about a message with this envelope id and Message-ID.
pub(super) fn samples(token: &str, message_id: &str) -> Vec<Sample> {
    let sendgrid = |event: &str, more: Value| {
        let event = json!({ "email": "ada@example.org", "timestamp": 1_513_299_569, "event": event, "eshot": token,
            "smtp-id": "<14c5d75ce93@ismtpd-555>", "sg_message_id": "14c5d75ce93.filter0001.16648.5515E0B88.0" });
        merged(event, more)
    };
    let mailgun = |event: &str, more: Value| {
        let event = json!({ "event": event, "timestamp": 1_521_472_262.908_181, "recipient": "ada@example.org",
            "user-variables": { "eshot": token }, "message": { "headers": { "message-id": "x@mailgun.example" } } });
        merged(event, more)
    };
    let postmark = |kind: &str, more: Value| {
        let event = json!({ "RecordType": kind, "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "ServerID": 23,
            "Metadata": { "eshot": token }, "Email": "ada@example.org" });
        merged(event, more)
    };
    let sparkpost = |kind: &str, more: Value| {
        let event = json!({ "type": kind, "raw_rcpt_to": "ada@example.org", "rcpt_to": "ada@example.org",
            "message_id": "000443ee14578172be22", "rcpt_meta": { "eshot": token } });
        merged(event, more)
    };
    let mailjet = |event: &str, more: Value| {
        let event = json!({ "event": event, "time": 1_430_812_195, "MessageID": 13_792_286_917_004_336_i64,
            "email": "ada@example.org", "CustomID": token, "Payload": "" });
        merged(event, more)
    };
    let brevo = |event: &str, more: Value| {
        let event = json!({ "event": event, "email": "ada@example.org", "id": 26_224, "ts_epoch": 1_604_933_653_000_i64,
            "message-id": format!("<{message_id}>") });
        merged(event, more)
    };
    let resend = |kind: &str, more: Value| {
        let data = json!({ "email_id": "56761188-7520-42d8-8898-ff6fc54ce618", "to": ["Ada <ada@example.org>"],
            "headers": [{ "name": "Message-ID", "value": format!("<{message_id}>") }] });
        json!({ "type": format!("email.{kind}"), "created_at": "2024-11-22T23:41:12.126Z", "data": merged(data, more) })
    };
    let mailersend = |kind: &str, more: Value| {
        let data = json!({ "type": kind, "recipient": "ada@example.org", "message_id": "62fb66bef54a112e920b5493",
            "tags": [token] });
        json!({ "type": format!("activity.{kind}"), "created_at": "2025-11-22T23:41:12Z", "data": merged(data, more) })
    };
    let signed = |kind: &str, more: Value| {
        merged(json!({ "kind": kind, "recipient": "ada@example.org", "message_id": message_id }), more)
    };
    vec![
        (
            SendGrid,
            sendgrid(
                "bounce",
                json!({ "sg_event_id": "sg-1", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 The email account that you tried to reach does not exist" }),
            ),
            Acted,
            Some("hard"),
            "mailbox.not-found",
        ),
        (
            SendGrid,
            sendgrid(
                "bounce",
                json!({ "sg_event_id": "sg-2", "type": "blocked", "reason": "550 5.7.1 [S3140] blocked, your IP is on our list" }),
            ),
            Acted,
            Some("block"),
            "",
        ),
        (
            SendGrid,
            sendgrid("bounce", json!({ "sg_event_id": "sg-3", "type": "blocked", "reason": "unable to get mx info" })),
            Acted,
            Some("block"),
            "",
        ),
        (
            SendGrid,
            sendgrid("dropped", json!({ "sg_event_id": "sg-4", "reason": "Bounced Address" })),
            Acted,
            Some("hard"),
            "sendgrid.dropped.bounced_address",
        ),
        (
            SendGrid,
            sendgrid("dropped", json!({ "sg_event_id": "sg-5", "reason": "Unsubscribed Address" })),
            Noted,
            None,
            "sendgrid.dropped.unsubscribed_address",
        ),
        (
            SendGrid,
            sendgrid("deferred", json!({ "sg_event_id": "sg-6", "response": "400 try again later", "attempt": "5" })),
            Noted,
            None,
            "delayed",
        ),
        (SendGrid, sendgrid("spamreport", json!({ "sg_event_id": "sg-7" })), Acted, None, "abuse"),
        (
            SendGrid,
            sendgrid("group_unsubscribe", json!({ "sg_event_id": "sg-8", "asm_group_id": 10 })),
            Acted,
            None,
            "unsubscribe",
        ),
        (
            Mailgun,
            mailgun(
                "failed",
                json!({ "id": "mg-1", "severity": "permanent", "reason": "bounce", "delivery-status": { "code": 550, "enhanced-code": "5.1.1", "message": "5.1.1 The email account that you tried to reach does not exist" } }),
            ),
            Acted,
            Some("hard"),
            "",
        ),
        (
            Mailgun,
            mailgun(
                "failed",
                json!({ "id": "mg-2", "severity": "permanent", "reason": "suppress-bounce", "delivery-status": { "code": 605, "message": "", "description": "Not delivering to previously bounced address" } }),
            ),
            Acted,
            Some("hard"),
            "",
        ),
        (
            Mailgun,
            mailgun(
                "failed",
                json!({ "id": "mg-3", "severity": "permanent", "reason": "suppress-complaint", "delivery-status": { "code": 607 } }),
            ),
            Noted,
            None,
            "mailgun.failed.permanent.suppress-complaint",
        ),
        (
            Mailgun,
            mailgun(
                "failed",
                json!({ "id": "mg-4", "severity": "temporary", "reason": "generic", "delivery-status": { "code": 452, "message": "4.2.2 mailbox full" } }),
            ),
            Noted,
            None,
            "delayed",
        ),
        (Mailgun, mailgun("complained", json!({ "id": "mg-5" })), Acted, None, "abuse"),
        (Mailgun, mailgun("unsubscribed", json!({ "id": "mg-6" })), Acted, None, "unsubscribe"),
        (
            Postmark,
            postmark(
                "Bounce",
                json!({ "ID": 4_323_372_036_854_775_807_i64, "Type": "HardBounce", "TypeCode": 1, "Details": "smtp;550 5.1.1 No such user" }),
            ),
            Acted,
            Some("hard"),
            "",
        ),
        (
            Postmark,
            postmark("Bounce", json!({ "ID": 2, "Type": "Blocked", "TypeCode": 100_006, "Details": "" })),
            Acted,
            Some("block"),
            "postmark.bounce.blocked",
        ),
        (
            Postmark,
            postmark("Bounce", json!({ "ID": 3, "Type": "AutoResponder", "TypeCode": 64 })),
            Noted,
            None,
            "auto-reply",
        ),
        (Postmark, postmark("SpamComplaint", json!({ "ID": 4 })), Acted, None, "abuse"),
        (
            Postmark,
            postmark(
                "SubscriptionChange",
                json!({ "ChangedAt": "2026-11-01T10:53:34Z", "SuppressSending": true, "SuppressionReason": "ManualSuppression" }),
            ),
            Acted,
            None,
            "unsubscribe",
        ),
        (
            SparkPost,
            sparkpost(
                "bounce",
                json!({ "event_id": "sp-1", "bounce_class": "10", "error_code": "550", "raw_reason": "550 5.1.1 user unknown" }),
            ),
            Acted,
            Some("hard"),
            "",
        ),
        (
            SparkPost,
            sparkpost(
                "out_of_band",
                json!({ "event_id": "sp-2", "bounce_class": "51", "raw_reason": "550 listed at Spamhaus" }),
            ),
            Acted,
            Some("block"),
            "",
        ),
        (
            SparkPost,
            sparkpost(
                "bounce",
                json!({ "event_id": "sp-3", "bounce_class": "25", "raw_reason": "554 5.7.1 [internal] recipient address suppressed due to customer policy" }),
            ),
            Noted,
            None,
            "sparkpost.bounce.25",
        ),
        (
            SparkPost,
            sparkpost("spam_complaint", json!({ "event_id": "sp-4", "fbtype": "abuse" })),
            Acted,
            None,
            "abuse",
        ),
        (
            Mailjet,
            mailjet(
                "bounce",
                json!({ "blocked": true, "hard_bounce": true, "error_related_to": "recipient", "error": "user unknown", "comment": "" }),
            ),
            Acted,
            Some("hard"),
            "mailjet.bounce.hard.user_unknown",
        ),
        (
            Mailjet,
            mailjet(
                "bounce",
                json!({ "time": 1_430_812_196, "hard_bounce": false, "error_related_to": "recipient", "error": "quota exceeded" }),
            ),
            Acted,
            Some("soft"),
            "mailjet.bounce.soft",
        ),
        (
            Mailjet,
            mailjet("blocked", json!({ "error_related_to": "mailjet", "error": "preblocked" })),
            Noted,
            None,
            "mailjet.blocked",
        ),
        (Mailjet, mailjet("spam", json!({ "source": "JMRPP" })), Acted, None, "abuse"),
        (Mailjet, mailjet("unsub", json!({ "mj_list_id": 1 })), Acted, None, "unsubscribe"),
        (Brevo, brevo("hard_bounce", json!({ "reason": "550 5.1.1 user unknown" })), Acted, Some("hard"), ""),
        (Brevo, brevo("soft_bounce", json!({ "reason": "server is down" })), Acted, Some("soft"), ""),
        (Brevo, brevo("blocked", json!({ "reason": "blocked : due to blacklist user" })), Noted, None, "brevo.blocked"),
        (Brevo, brevo("spam", json!({})), Acted, None, "abuse"),
        (Brevo, brevo("unsubscribed", json!({})), Acted, None, "unsubscribe"),
        (
            Resend,
            resend(
                "bounced",
                json!({ "bounce": { "type": "Permanent", "subType": "General", "message": "The recipient's email provider sent a hard bounce message", "diagnosticCode": ["smtp; 550 5.5.0 Requested action not taken: mailbox unavailable"] } }),
            ),
            Acted,
            Some("hard"),
            "",
        ),
        (
            Resend,
            resend(
                "bounced",
                json!({ "email_id": "2", "bounce": { "type": "Permanent", "subType": "OnAccountSuppressionList" } }),
            ),
            Noted,
            None,
            "resend.bounced.permanent.onaccountsuppressionlist",
        ),
        (Resend, resend("complained", json!({})), Acted, None, "abuse"),
        (
            MailerSend,
            mailersend(
                "hard_bounced",
                json!({ "id": "ms-1", "meta": { "bounce_code": 550, "bounce_reason": "Recipient address rejected: User unknown" } }),
            ),
            Acted,
            Some("hard"),
            "",
        ),
        (
            MailerSend,
            json!({ "type": "activity.soft_bounced", "data": { "id": "ms-2", "type": "soft_bounced", "email": { "tags": [token], "recipient": { "email": "ada@example.org" } }, "morph": { "object": "recipient_bounce", "reason": "Unknown reason" } } }),
            Acted,
            Some("soft"),
            "",
        ),
        (MailerSend, mailersend("spam_complaints", json!({ "id": "ms-3" })), Acted, None, "abuse"),
        (
            Signed,
            signed("failed", json!({ "id": "1", "status": "5.1.1", "diagnostic": "no such user" })),
            Acted,
            Some("hard"),
            "",
        ),
        (Signed, signed("failed", json!({ "id": "2", "class": "block" })), Acted, Some("block"), "signed.failed.block"),
        (Signed, signed("complaint", json!({ "id": "3" })), Acted, None, "abuse"),
        (Signed, signed("auto_reply", json!({ "id": "4" })), Noted, None, "auto-reply"),
    ]
}

fn merged(mut event: Value, more: Value) -> Value {
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}
