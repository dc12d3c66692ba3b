pub(crate) mod brand;
pub(crate) mod dkim_key;
