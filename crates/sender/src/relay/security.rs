use super::InvalidRelay;

/// What a plain SMTP relay is asked for before anything else.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: the dialogue stays readable. For a relay on the same machine.
    None,
    /// STARTTLS where it is offered, whatever the certificate says (RFC 7435): hidden from listeners, open to impostors.
    #[default]
    Opportunistic,
    /// STARTTLS with a certificate that verifies, or no mail.
    Required,
}

/// How the connection is encrypted in the end.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Security {
    /// By STARTTLS, as the policy says.
    StartTls(Policy),
    /// From the first byte (RFC 8314 §3.3).
    Implicit,
}

impl Security {
    pub(super) fn new(scheme: &str, policy: Policy) -> Result<Self, InvalidRelay> {
        match scheme {
            "smtp" => Ok(Self::StartTls(policy)),
            "smtp+starttls" => Ok(Self::StartTls(Policy::Required)),
            "smtps" => Ok(Self::Implicit),
            other => Err(InvalidRelay::Scheme(other.to_owned())),
        }
    }

    /// Whether nobody can read along or pose as the relay, so that a password or a token may be sent.
    pub(super) const fn is_verified(self) -> bool {
        matches!(self, Self::Implicit | Self::StartTls(Policy::Required))
    }

    pub(super) const fn default_port(self) -> u16 {
        match self {
            Self::StartTls(Policy::None | Policy::Opportunistic) => 25,
            Self::StartTls(Policy::Required) => 587,
            Self::Implicit => 465,
        }
    }
}
