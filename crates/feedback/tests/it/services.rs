//! Mail services in their own words, with the keys of the tests.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::{BASE64, HEXLOWER};
use feedback::webhook::{Hook, Posted, Provider, Receiver, Settings, TakeError, Taken};
use serde_json::{Value, json};

use crate::world::World;

/// Those that prove themselves by the request alone.
pub(crate) const POSTING: [Provider; 9] = [
    Provider::SendGrid,
    Provider::Mailgun,
    Provider::Postmark,
    Provider::SparkPost,
    Provider::Mailjet,
    Provider::Brevo,
    Provider::Resend,
    Provider::MailerSend,
    Provider::Signed,
];

const SECRET: &str = "a secret of the tests";

/// The addresses of all services, each by its name.
pub(crate) struct Services {
    receiver: Receiver,
    sendgrid: EcdsaKeyPair,
}

impl Services {
    pub(crate) fn new() -> Self {
        let sendgrid = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let public: PublicKeyX509Der<'_> = sendgrid.public_key().as_der().unwrap();
        let public = BASE64.encode(public.as_ref());
        let hook = |provider| {
            let (username, secret) = match provider {
                Provider::SendGrid => ("", public.clone()),
                Provider::Resend => ("", format!("whsec_{}", BASE64.encode(SECRET.as_bytes()))),
                Provider::Postmark | Provider::Mailjet | Provider::SparkPost | Provider::Brevo => {
                    ("eshot", SECRET.to_owned())
                }
                _ => ("", SECRET.to_owned()),
            };
            let (username, secret) = (username.to_owned(), secret.into());
            Hook::new(Settings { provider, username, secret, topic: String::new(), certificates: None }).unwrap()
        };
        let hooks = POSTING.map(|provider| (provider.to_string(), hook(provider)));
        Self { receiver: Receiver::new(hooks), sendgrid }
    }

    /// The service posts these events as it does, and is answered.
    pub(crate) async fn post(
        &self,
        world: &World<'_>,
        provider: Provider,
        events: &[Value],
    ) -> Result<Taken, TakeError> {
        self.post_body(world, provider, &self.wrapped(provider, events)).await
    }

    pub(crate) async fn post_body(
        &self,
        world: &World<'_>,
        provider: Provider,
        body: &str,
    ) -> Result<Taken, TakeError> {
        let headers = self.headers(provider, body);
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.post_as(world, provider, &headers, body).await
    }

    pub(crate) async fn post_as(
        &self,
        world: &World<'_>,
        provider: Provider,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Taken, TakeError> {
        let posted = Posted { headers, body: body.as_bytes() };
        self.receiver.take(world.db, &world.links, provider.as_str(), &posted, testkit::start_of_time()).await
    }

    /// The body around its events.
    pub(crate) fn wrapped(&self, provider: Provider, events: &[Value]) -> String {
        match provider {
            Provider::SendGrid | Provider::Mailjet => json!(events),
            Provider::SparkPost => events.iter().map(|event| json!({ "msys": { "message_event": event } })).collect(),
            Provider::Signed => json!({ "events": events }),
            Provider::Mailgun => json!({ "signature": mailgun(&events[0]["id"].to_string()), "event-data": events[0] }),
            _ => events[0].clone(),
        }
        .to_string()
    }

    /// What proves it.
    pub(crate) fn headers(&self, provider: Provider, body: &str) -> Vec<(&'static str, String)> {
        let time = testkit::start_of_time().timestamp().to_string();
        match provider {
            Provider::SendGrid => {
                let signature = self.sendgrid.sign(&SystemRandom::new(), format!("{time}{body}").as_bytes()).unwrap();
                vec![
                    ("X-Twilio-Email-Event-Webhook-Signature", BASE64.encode(signature.as_ref())),
                    ("X-Twilio-Email-Event-Webhook-Timestamp", time),
                ]
            }
            Provider::Mailgun => Vec::new(),
            Provider::MailerSend => vec![("Signature", HEXLOWER.encode(&mac(body)))],
            Provider::Signed => {
                let mac = HEXLOWER.encode(&mac(&format!("{time}.{body}")));
                vec![("Eshot-Signature", format!("t={time},v1={mac}"))]
            }
            Provider::Resend => {
                let mac = BASE64.encode(&mac(&format!("msg_1.{time}.{body}")));
                vec![("svix-id", "msg_1".to_owned()), ("svix-timestamp", time), ("svix-signature", format!("v1,{mac}"))]
            }
            _ => vec![("Authorization", format!("Basic {}", BASE64.encode(format!("eshot:{SECRET}").as_bytes())))],
        }
    }
}

/// Mailgun's own proof, which stands beside the event.
pub(crate) fn mailgun(token: &str) -> Value {
    let time = testkit::start_of_time().timestamp().to_string();
    let signature = HEXLOWER.encode(&mac(&format!("{time}{token}")));
    json!({ "timestamp": time, "token": token, "signature": signature })
}

fn mac(text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(HMAC_SHA256, SECRET.as_bytes()), text.as_bytes()).as_ref().to_vec()
}
