use std::path::PathBuf;

use secrecy::SecretString;

/// Who logs in, and by what.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// What shows that the name is ours.
    pub proof: Proof,
}

/// What shows a relay that a name is ours.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A password, for AUTH PLAIN (RFC 4616) or LOGIN.
    Password(SecretString),
    /// A file that holds an access token (RFC 6750), for AUTH XOAUTH2. A token lasts for an hour or so: the file is another
    /// program's to renew, and is read again for every connection.
    TokenFile(PathBuf),
}
