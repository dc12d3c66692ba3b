#![doc = include_str!("../README.md")]

mod check;
mod finding;
mod mail_hosts;
mod provider;
mod resolver;
mod signers;
mod tags;

pub use check::SendingDomain;
pub use finding::{Finding, Standing, Subject};
pub use mail_hosts::MailHosts;
pub use provider::{provider_of, provider_of_host, providers};
pub use resolver::{LookupError, Resolver, ResolverError, Settings};
pub use signers::Signers;
