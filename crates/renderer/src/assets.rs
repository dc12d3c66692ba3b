/// A picture that is embedded in the program.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The file.
    pub bytes: &'static [u8],
    /// Its media type.
    pub content_type: &'static str,
}

/// The picture that a starter calls `{{asset "name"}}`. In a mail it is `BASE_URL/assets/starters/NAME`, so whoever
/// serves that path answers with this.
pub fn asset(name: &str) -> Option<Asset> {
    let _ = name;
    None
}
