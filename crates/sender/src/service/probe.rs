use std::sync::Arc;

use chrono::{DateTime, Utc};
use outbox::Phase;

use super::mailgun::Mailgun;
use super::postmark::Postmark;
use super::sendgrid::SendGrid;
use super::ses::Ses;
use super::{Api, Service, Session};
use crate::connection::{Ended, Problem};
use crate::relay::{Probe, Step};

impl Service {
    /// Connects, encrypts and asks who we are. No message is sent.
    pub async fn probe(&self, now: DateTime<Utc>) -> Probe {
        let mut session = match Session::open(Arc::new(self.clone())).await {
            Ok(session) => session,
            Err(error) => return Probe { steps: vec![Step { phase: error.phase, outcome: Err(error.problem) }] },
        };
        let mut steps = vec![Step { phase: Phase::Connect, outcome: Ok("it answers".to_owned()) }];
        if self.tls.is_some() {
            steps.push(Step { phase: Phase::Tls, outcome: Ok("encrypted, certificate verified".to_owned()) });
        }
        steps.push(Step { phase: Phase::Auth, outcome: self.introduce(&mut session, now).await });
        session.close();
        Probe { steps }
    }

    async fn introduce(&self, session: &mut Session, now: DateTime<Utc>) -> Result<String, Problem> {
        let told = match session.ask(now).await {
            Ok(told) => told,
            Err(Ended::Broken { problem, .. }) => return Err(problem),
            Err(_) => return Err(Problem::Closed),
        };
        if !told.status.is_success() {
            return Err(Problem::Refused(self.judge(&told).reply));
        }
        let body = told.json();
        let found = match &self.api {
            Api::Ses(_) => Ses::describe(&body).ok_or("sending: the account is not allowed to"),
            Api::SendGrid(_) => SendGrid::describe(&body).ok_or("sending: the key does not have the scope mail.send"),
            Api::Mailgun(_) => Mailgun::describe(&body).ok_or("sending: the domain is not active"),
            Api::Postmark(_) => Postmark::describe(&body).ok_or("what a server of Postmark does"),
        };
        found.map_err(Problem::NotOffered)
    }
}
