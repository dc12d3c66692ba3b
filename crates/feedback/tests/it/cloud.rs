//! A cloud with a topic: it signs, shows its certificate over TLS under its own name, and counts who asks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64;
use feedback::webhook::{Fetcher, Hook, Provider, Receiver, Settings};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

pub(crate) const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:bounces";
const HOST: &str = "sns.eu-west-1.amazonaws.com";

pub(crate) struct Cloud {
    address: SocketAddr,
    root: CertificateDer<'static>,
    signing: RsaKeyPair,
    asked: Arc<Mutex<Vec<String>>>,
}

/// A certificate for a name, and its key.
fn certificate(name: &str, key: &KeyPair) -> rcgen::Certificate {
    CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(key).unwrap()
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        Self::named(HOST).await
    }

    /// One that shows a certificate of this name.
    pub(crate) async fn named(host: &str) -> Self {
        let (tls_key, signing_key) = (KeyPair::generate().unwrap(), KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap());
        let tls = certificate(host, &tls_key);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(tls_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![tls.der().clone()], key)
            .unwrap();
        let files = BTreeMap::from([
            ("/SimpleNotificationService-v2.pem".to_owned(), certificate("sns.amazonaws.com", &signing_key).pem()),
            (
                "/SimpleNotificationService-v1.pem".to_owned(),
                include_str!("../../testdata/webhooks/sns-v1.pem").to_owned(),
            ),
            ("/SimpleNotificationService-giant.pem".to_owned(), "x".repeat(1_000_000)),
            ("/SimpleNotificationService-none.pem".to_owned(), "no certificate".to_owned()),
        ]);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let cloud = Self {
            address: listener.local_addr().unwrap(),
            root: tls.der().clone(),
            signing: RsaKeyPair::from_pkcs8(&signing_key.serialize_der()).unwrap(),
            asked: Arc::default(),
        };
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), files, Arc::clone(&cloud.asked)));
        cloud
    }

    /// What takes requests of SES by the topic, and fetches from here.
    pub(crate) fn receiver(&self) -> Receiver {
        let settings = Settings {
            provider: Provider::Ses,
            username: String::new(),
            secret: "".into(),
            topic: TOPIC.to_owned(),
            certificates: None,
        };
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let fetcher = Fetcher::trusting(roots).unwrap().through(self.address);
        Receiver::new([("ses".to_owned(), Hook::new(settings).unwrap())]).fetching(fetcher)
    }

    /// Signs an envelope as version 2 does.
    pub(crate) fn signed(&self, mut envelope: Map<String, Value>) -> String {
        let mut names: Vec<&str> =
            envelope.keys().map(String::as_str).filter(|name| *name != "SigningCertURL").collect();
        names.sort_unstable();
        let text: String =
            names.iter().map(|name| format!("{name}\n{}\n", envelope[*name].as_str().unwrap())).collect();
        let mut signature = vec![0; self.signing.public_modulus_len()];
        self.signing.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        envelope.insert("Signature".to_owned(), BASE64.encode(&signature).into());
        envelope.insert("SignatureVersion".to_owned(), "2".into());
        Value::Object(envelope).to_string()
    }

    /// What was asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    files: BTreeMap<String, String>,
    asked: Arc<Mutex<Vec<String>>>,
) {
    while let Ok((tcp, _)) = listener.accept().await {
        let Ok(mut stream) = tls.accept(tcp).await else { continue };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        asked.lock().unwrap().push(target.clone());
        let answer = match files.get(&target) {
            Some(file) => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{file}", file.len()),
            None if target.starts_with("/?Action=ConfirmSubscription") => {
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned()
            }
            None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
        };
        // Whoever has read enough hangs up.
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}
