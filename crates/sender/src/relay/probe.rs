use std::sync::Arc;

use outbox::Phase;

use super::{Policy, Relay, Security};
use crate::connection::{Opening, Problem};

/// What a relay answers to somebody who only asks: the steps up to the point where mail could be handed over, or the first
/// that failed.
#[derive(Debug)]
pub struct Probe {
    /// The steps in their order; only the last can have failed.
    pub steps: Vec<Step>,
}

/// One step of a [`Probe`].
#[derive(Debug)]
pub struct Step {
    /// Connect (the name, the greeting, EHLO), Tls or Auth.
    pub phase: Phase,
    /// What there is to know, or what went wrong.
    pub outcome: Result<String, Problem>,
}

impl Probe {
    /// Whether the relay would take mail from us.
    pub fn is_good(&self) -> bool {
        self.steps.iter().all(|step| step.outcome.is_ok())
    }
}

impl Relay {
    /// Greets the relay, encrypts and logs in as for mail, and leaves.
    pub async fn probe(&self) -> Probe {
        let mut steps = Vec::new();
        let opening = match Opening::connect(Arc::new(self.clone())).await {
            Ok(opening) => opening,
            Err(error) => return Probe { steps: vec![Step { phase: error.phase, outcome: Err(error.problem) }] },
        };
        if self.security == Security::Implicit {
            steps.push(Step { phase: Phase::Tls, outcome: Ok("encrypted, certificate verified".to_owned()) });
        }
        steps.push(Step { phase: Phase::Connect, outcome: Ok(opening.offered().to_string()) });
        let opening = match opening.encrypt().await {
            Ok(opening) => opening,
            Err(error) => return end(steps, error.phase, error.problem),
        };
        if let Some(note) = self.encryption(opening.is_encrypted()) {
            steps.push(Step { phase: Phase::Tls, outcome: Ok(note.to_owned()) });
        }
        let opening = match opening.log_in().await {
            Ok(opening) => opening,
            Err(error) => return end(steps, error.phase, error.problem),
        };
        if let Some(credentials) = &self.credentials {
            steps.push(Step { phase: Phase::Auth, outcome: Ok(format!("logged in as {}", credentials.user)) });
        }
        opening.finish().close().await;
        Probe { steps }
    }

    fn encryption(&self, encrypted: bool) -> Option<&'static str> {
        match self.security {
            Security::Implicit => None,
            Security::StartTls(Policy::None) => Some("not encrypted, as asked"),
            Security::StartTls(Policy::Required) => Some("encrypted, certificate verified"),
            Security::StartTls(Policy::Opportunistic) if encrypted => Some("encrypted, certificate not verified"),
            Security::StartTls(Policy::Opportunistic) => Some("not encrypted: STARTTLS is not offered"),
        }
    }
}

fn end(mut steps: Vec<Step>, phase: Phase, problem: Problem) -> Probe {
    steps.push(Step { phase, outcome: Err(problem) });
    Probe { steps }
}
