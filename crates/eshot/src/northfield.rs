//! The made-up company whose newsletter the demo and the measurements send.

use url::Url;

/// What it is called.
pub(crate) const NAME: &str = "Northfield Instruments";

/// What its mail is signed with. Nobody can have it (RFC 2606 §2).
pub(crate) const DOMAIN: &str = "northfield.example";

/// Its brand, whose pages are at the address.
pub(crate) fn brand(base_url: Url) -> anyhow::Result<brands::Draft> {
    let (from, postal_address) = (format!("news@{DOMAIN}").parse()?, "7 Harbour Lane\nNorthfield NF1 2AB");
    let brand = brands::Draft::new("northfield", NAME, from, postal_address, base_url);
    Ok(brands::Draft { accent: "#0b6e4f".to_owned(), ..brand })
}
