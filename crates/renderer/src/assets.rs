use url::Url;

/// A picture that is embedded in the program.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The file.
    pub bytes: &'static [u8],
    /// Its media type.
    pub content_type: &'static str,
}

/// Where pictures are served, below a brand's base URL.
pub const ASSETS_PATH: &str = "/assets/starters/";

/// The picture that a starter calls `{{asset "name"}}`. In a mail it is the brand's base URL, [`ASSETS_PATH`] and the
/// name, so whoever serves that path answers with this.
pub fn asset(name: &str) -> Option<Asset> {
    let _ = name;
    None
}

/// Where a picture is fetched from, if it exists.
pub(crate) fn url(base: &Url, name: &str) -> Option<String> {
    asset(name)?;
    Some(format!("{}{ASSETS_PATH}{name}", base.as_str().trim_end_matches('/')))
}
