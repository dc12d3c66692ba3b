use chrono::{DateTime, Utc};
use domain::EmailAddress;

/// A delivery report (RFC 3464) as a mail server would return it for a mailbox that does not exist.
///
/// `returned` is the mail; its headers go back with the report (RFC 3462 §2, `text/rfc822-headers`).
pub fn delivery_report(
    return_path: &EmailAddress,
    recipient: &EmailAddress,
    returned: &[u8],
    number: u64,
    now: DateTime<Utc>,
) -> Vec<u8> {
    let date = now.to_rfc2822();
    let headers = headers(returned);
    let host = "mx.demo.example";
    let reply = format!("550 5.1.1 <{recipient}>: Recipient address rejected: User unknown in virtual mailbox table");
    let lines = format!(
        "From: MAILER-DAEMON@{host} (Mail Delivery System)\n\
         To: {return_path}\n\
         Subject: Undelivered Mail Returned to Sender\n\
         Date: {date}\n\
         Message-ID: <report-{number}@{host}>\n\
         Auto-Submitted: auto-replied\n\
         MIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"report-{number}\"\n\
         \n\
         --report-{number}\n\
         Content-Type: text/plain; charset=us-ascii\n\
         \n\
         This is the mail system at host {host}.\n\
         \n\
         Your message could not be delivered to one recipient.\n\
         \n\
         <{recipient}>: {reply}\n\
         \n\
         --report-{number}\n\
         Content-Type: message/delivery-status\n\
         \n\
         Reporting-MTA: dns; {host}\n\
         Arrival-Date: {date}\n\
         \n\
         Final-Recipient: rfc822; {recipient}\n\
         Action: failed\n\
         Status: 5.1.1\n\
         Remote-MTA: dns; {host}\n\
         Diagnostic-Code: smtp; {reply}\n\
         \n\
         --report-{number}\n\
         Content-Type: text/rfc822-headers\n\
         \n\
         {headers}\n\
         --report-{number}--\n"
    );
    lines.replace('\n', "\r\n").into_bytes()
}

/// The header section, RFC 5322 §2.1: everything before the first empty line.
fn headers(mail: &[u8]) -> String {
    let text = String::from_utf8_lossy(mail).replace("\r\n", "\n");
    let end = text.find("\n\n").map_or(text.len(), |at| at + 1);
    text[..end].to_owned()
}
