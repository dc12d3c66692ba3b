//! What a new installation begins with.

use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, Locale, TopicId};
use sea_orm::ConnectionTrait;

use crate::form::{self, Definition, Draft, Field, FieldSpec, Form};
use crate::topic::{self, Topic};

/// The slug of the form.
pub const FORM: &str = "e-shot-opt-in";

/// Slug, name and description of each topic.
const TOPICS: [(&str, &str, &str); 3] = [
    ("offers", "Offers", "The latest offers: what is cheaper, for whom, and until when."),
    ("events", "Events", "Invitations to open days, webinars and fairs."),
    ("product-news", "Product news", "New features of the products, and what they are good for."),
];

/// Field, label and whether it must be filled in.
const FIELDS: [(Field, &str, bool); 4] = [
    (Field::Name, "Name", true),
    (Field::PostalAddress, "Postal address", false),
    (Field::Phone, "Phone", false),
    (Field::Company, "Company", false),
];

const INTRO: &str = "Tell us where to write to and what about. We then send one mail that asks you to confirm; nothing else \
                     is sent before you do.";

/// What was put in.
#[derive(Clone, Debug)]
pub struct Seeded {
    /// `offers`, `events` and `product-news`.
    pub topics: Vec<Topic>,
    /// The *E-shot opt in* form.
    pub form: Form,
}

/// Gives a brand its three topics and its sign-up form, in the caller's transaction. What is there already stays.
pub async fn first_brand(
    conn: &impl ConnectionTrait,
    brand: BrandId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Seeded, form::Error> {
    let brands::Brand { name, slug, .. } = brands::find(conn, brand).await?.ok_or(form::Error::UnknownBrand(brand))?;
    let there = topic::list(conn, brand).await?;
    let mut topics = Vec::new();
    for (position, (slug, name, description)) in (1..).zip(TOPICS) {
        let draft = topic::Draft {
            slug: slug.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            position,
        };
        topics.push(match there.iter().find(|topic| topic.slug == slug) {
            Some(topic) => topic.clone(),
            None => topic::create(conn, brand, draft, actor, now).await?,
        });
    }
    let form = match form::list(conn, Some(brand)).await?.into_iter().next() {
        Some(form) => form,
        None => {
            let offered = topics.iter().map(|topic| topic.id).collect();
            form::create(conn, brand, &free_slug(conn, &slug).await?, opt_in_form(&name, offered), actor, now).await?
        }
    };
    Ok(Seeded { topics, form })
}

/// The usual slug, or the brand's own once another brand has that.
async fn free_slug(conn: &impl ConnectionTrait, brand: &str) -> Result<String, form::Error> {
    let taken = form::find_by_slug(conn, FORM).await?.is_some();
    Ok(if taken { brand.to_owned() } else { FORM.to_owned() })
}

fn opt_in_form(brand: &str, topics: Vec<TopicId>) -> Draft {
    let spec = |(field, label, required): (Field, &str, bool)| FieldSpec { field, label: label.to_owned(), required };
    Draft {
        name: "E-shot opt in".to_owned(),
        locale: Locale::En,
        consent_words: format!(
            "I agree that {brand} sends me emails about the topics that I ticked above, and keeps what I filled in here \
             for that purpose. It is not sold, rented or lent to anybody. I can leave any topic, or all of them, with one \
             click in every mail, and have my data shown or erased at any time."
        ),
        definition: Definition {
            title: "Offers, events and product news by email".to_owned(),
            intro: INTRO.to_owned(),
            fields: FIELDS.map(spec).to_vec(),
            topics,
            button: "Sign up".to_owned(),
        },
        confirm_within_days: 7,
    }
}
