//! The replies, RFC 5321 §4.2.2 with the enhanced codes of RFC 2034.

pub(super) const OK: &str = "250 2.0.0 ok";
pub(super) const BYE: &str = "221 2.0.0 bye";
pub(super) const SENDER: &str = "250 2.1.0 sender ok";
pub(super) const RECIPIENT: &str = "250 2.1.5 recipient ok";
pub(super) const VERIFY: &str = "252 2.5.2 try and see";
pub(super) const HELP: &str = "214 2.0.0 this server takes returned mail only";
pub(super) const READY_FOR_TLS: &str = "220 2.0.0 go ahead";
pub(super) const SEND_MAIL: &str = "354 end with <CR><LF>.<CR><LF>";
pub(super) const SHUTTING_DOWN: &str = "421 4.3.2 shutting down, come back later";
pub(super) const TOO_MANY_ERRORS: &str = "421 4.7.0 too many errors";
pub(super) const TOO_SLOW: &str = "421 4.4.2 too slow";
pub(super) const NOT_KEPT: &str = "451 4.3.0 the mail cannot be kept now, try again later";
pub(super) const TOO_MANY_RECIPIENTS: &str = "452 4.5.3 too many recipients";
pub(super) const LINE_TOO_LONG: &str = "500 5.5.6 line too long";
pub(super) const UNKNOWN: &str = "500 5.5.1 no such command";
pub(super) const SYNTAX: &str = "501 5.5.4 that does not read as a command";
pub(super) const NOT_OFFERED: &str = "502 5.5.1 not offered here";
pub(super) const HELLO_FIRST: &str = "503 5.5.1 say EHLO first";
pub(super) const MAIL_FIRST: &str = "503 5.5.1 say MAIL first";
pub(super) const RECIPIENT_FIRST: &str = "503 5.5.1 no recipient was taken";
pub(super) const SENDER_TWICE: &str = "503 5.5.1 there is a sender already";
pub(super) const BARE_LINE_END: &str = "521 5.5.2 lines end with CR LF and have neither elsewhere";
pub(super) const NO_SUCH_RECIPIENT: &str = "550 5.1.1 no such recipient here";
pub(super) const TOO_LARGE: &str = "552 5.3.4 the mail is larger than is taken here";
pub(super) const NO_ADDRESS: &str = "553 5.1.3 that is no address";
