pub(crate) mod api_token;
pub(crate) mod audit_log;
pub(crate) mod idempotency_key;
