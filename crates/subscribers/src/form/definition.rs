use std::fmt;

use domain::TopicId;
use serde::{Deserialize, Serialize};

use crate::Profile;

/// What a form says and asks, beside the consent words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FormDefinition)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its heading.
    pub title: String,
    /// What stands above the fields.
    pub intro: String,
    /// What it asks beside the address, in this order.
    pub fields: Vec<FieldSpec>,
    /// What can be ticked, in this order. Nothing is ticked in advance.
    pub topics: Vec<TopicId>,
    /// What the button says.
    pub button: String,
}

/// One thing that a form asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FormField)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// What.
    pub field: Field,
    /// What stands before it.
    pub label: String,
    /// Whether it cannot be left empty.
    pub required: bool,
}

/// What a form can ask. The address is always asked.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FormFieldName)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The person's name.
    Name,
    /// The company that they work for.
    Company,
    /// A telephone number.
    Phone,
    /// A street address.
    PostalAddress,
}

impl Field {
    /// Everything that a form can ask.
    pub const ALL: [Self; 4] = [Self::Name, Self::Company, Self::Phone, Self::PostalAddress];

    /// The name of the field in the form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Company => "company",
            Self::Phone => "phone",
            Self::PostalAddress => "postal_address",
        }
    }

    /// What a profile says in this field.
    pub fn of(self, profile: &Profile) -> Option<&str> {
        match self {
            Self::Name => profile.name.as_deref(),
            Self::Company => profile.company.as_deref(),
            Self::Phone => profile.phone.as_deref(),
            Self::PostalAddress => profile.postal_address.as_deref(),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
