pub(crate) mod campaign;
pub(crate) mod event;
