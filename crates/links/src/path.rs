//! The paths of the links in our mails, as axum routes take them: the pages behind them are mounted under these words,
//! so that a mail and a route cannot disagree.

/// Leaving a topic or all of a brand; the RFC 8058 POST goes here too.
pub const UNSUBSCRIBE: &str = "/u/{token}";
/// The preferences page that a footer opens.
pub const PREFERENCES: &str = "/p/{token}";
/// Confirming an opt-in.
pub const CONFIRM: &str = "/confirm/{token}";
/// A single-use link mailed to the address itself.
pub const ACCESS: &str = "/access/{token}";
/// A mailing's page in the browser.
pub const VIEW: &str = "/view/{token}";
/// A followed link that is counted for one delivery: its token, and the link's number in the campaign's document.
pub const CLICK: &str = "/c/{token}/{link}";
/// A followed link that is counted for nobody in particular.
pub const ANONYMOUS_CLICK: &str = "/l/{token}/{link}";
/// The picture that says that a mail was opened.
pub const OPEN: &str = "/o/{token}";
