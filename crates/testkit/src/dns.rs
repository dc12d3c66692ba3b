//! A name server on loopback that knows what a test tells it.

#![expect(clippy::expect_used, reason = "a test that has no name server has failed")]

use std::net::SocketAddr;
use std::sync::Arc;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, MX, SOA, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

/// What the server knows. A name below `broken.example` gets SERVFAIL.
#[derive(Debug, Default)]
pub struct Zone {
    records: Vec<(Name, RData)>,
}

impl Zone {
    /// A text of one string.
    pub fn txt(self, name: &str, text: &str) -> Self {
        self.strings(name, &[text])
    }

    /// A text of several strings.
    pub fn strings(self, name: &str, strings: &[&str]) -> Self {
        let strings = strings.iter().map(|string| (*string).to_owned()).collect();
        self.with(name, RData::TXT(TXT::new(strings)))
    }

    /// A mail server of the name.
    pub fn mx(self, name: &str, preference: u16, host: &str) -> Self {
        self.with(name, RData::MX(MX::new(preference, fqdn(host))))
    }

    /// An address of the name.
    pub fn a(self, name: &str) -> Self {
        self.with(name, RData::A(A::new(192, 0, 2, 1)))
    }

    /// Another name for the name.
    pub fn cname(self, name: &str, target: &str) -> Self {
        self.with(name, RData::CNAME(CNAME(fqdn(target))))
    }

    fn with(mut self, name: &str, data: RData) -> Self {
        self.records.push((fqdn(name), data));
        self
    }

    /// Serves the zone over UDP until the runtime ends, and says where.
    pub async fn serve(self) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("its number");
        let zone = Arc::new(self);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                let Ok(query) = Message::from_vec(&buffer[..length]) else { continue };
                let answer = zone.answer(&query).to_vec().expect("an answer that can be written");
                // Who asked may be gone.
                let _ = socket.send_to(&answer, peer).await;
            }
        });
        address
    }

    fn answer(&self, query: &Message) -> Message {
        let mut answer = Message::response(query.metadata.id, OpCode::Query);
        answer.metadata.recursion_available = true;
        let Some(question) = query.queries.first() else { return answer };
        answer.add_query(question.clone());
        let mut name = question.name().to_lowercase();
        if fqdn("broken.example").zone_of(&name) {
            answer.metadata.response_code = ResponseCode::ServFail;
            return answer;
        }
        while let Some(target) = self.alias(&name) {
            answer.add_answer(Record::from_rdata(name, 60, RData::CNAME(CNAME(target.clone()))));
            name = target;
        }
        answer.add_answers(
            self.at(&name, question.query_type()).map(|data| Record::from_rdata(name.clone(), 60, data.clone())),
        );
        if answer.answers.is_empty() {
            // A name exists if there is anything at it or below it (RFC 8020).
            if !self.records.iter().any(|(known, _)| name.zone_of(known)) {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            let soa = SOA::new(fqdn("ns.example"), fqdn("hostmaster.example"), 1, 60, 60, 60, 60);
            answer.add_authority(Record::from_rdata(fqdn("example"), 60, RData::SOA(soa)));
        }
        answer
    }

    fn alias(&self, name: &Name) -> Option<Name> {
        self.at(name, RecordType::CNAME).find_map(|data| match data {
            RData::CNAME(CNAME(target)) => Some(target.clone()),
            _ => None,
        })
    }

    fn at(&self, name: &Name, kind: RecordType) -> impl Iterator<Item = &RData> {
        self.records
            .iter()
            .filter(move |(known, data)| known == name && data.record_type() == kind)
            .map(|(_, data)| data)
    }
}

fn fqdn(name: &str) -> Name {
    let mut name = Name::from_ascii(name).expect("a domain name").to_lowercase();
    name.set_fqdn(true);
    name
}
