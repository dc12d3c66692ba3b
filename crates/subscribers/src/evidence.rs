use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::private::Stars;

/// From where an act reached us: what the connection says, behind trusted proxies only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The address of the person's machine.
    pub ip: Option<IpAddr>,
    /// What the browser or program calls itself.
    pub user_agent: Option<String>,
}

impl Evidence {
    /// How much of a user agent is kept; browsers need less, and the rest proves nothing.
    const LONGEST: usize = 300;

    /// Where no machine of the person's is involved: an act of staff, of a rule or of the program.
    pub fn none() -> Self {
        Self::default()
    }

    /// The user agent as it is kept: printable and not too long.
    pub(crate) fn kept_user_agent(&self) -> Option<String> {
        let kept = |text: &String| text.chars().filter(|c| !c.is_control()).take(Self::LONGEST).collect();
        self.user_agent.as_ref().map(kept)
    }
}

/// Masked: where somebody was is for the ledger alone.
impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ip, user_agent } = self;
        f.debug_struct("Evidence")
            .field("ip", &Stars::over(ip.as_ref()))
            .field("user_agent", &Stars::over(user_agent.as_ref()))
            .finish()
    }
}
