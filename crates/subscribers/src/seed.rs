//! What a new installation begins with, in its brand's language.

mod words;

use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, Locale, TopicId};
use sea_orm::ConnectionTrait;

use crate::form::{self, Definition, Draft, Field, FieldSpec, Form};
use crate::topic::{self, Topic};
use words::Words;

/// The slug of the form.
pub const FORM: &str = "e-shot-opt-in";

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
    let brands::Brand { name, slug, locale, .. } =
        brands::find(conn, brand).await?.ok_or(form::Error::UnknownBrand(brand))?;
    let there = topic::list(conn, brand).await?;
    let mut topics = Vec::new();
    for (position, (slug, name, description)) in (1..).zip(Words::of(locale).topics) {
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
            form::create(conn, brand, &free_slug(conn, &slug).await?, opt_in_form(&name, locale, offered), actor, now)
                .await?
        }
    };
    Ok(Seeded { topics, form })
}

/// The usual slug, or the brand's own once another brand has that.
async fn free_slug(conn: &impl ConnectionTrait, brand: &str) -> Result<String, form::Error> {
    let taken = form::find_by_slug(conn, FORM).await?.is_some();
    Ok(if taken { brand.to_owned() } else { FORM.to_owned() })
}

fn opt_in_form(brand: &str, locale: Locale, topics: Vec<TopicId>) -> Draft {
    let words = Words::of(locale);
    let spec = |(field, label, required): (Field, &str, bool)| FieldSpec { field, label: label.to_owned(), required };
    Draft {
        name: words.form.to_owned(),
        locale,
        consent_words: words.consent(brand),
        definition: Definition {
            title: words.title.to_owned(),
            intro: words.intro.to_owned(),
            fields: words.fields.map(spec).to_vec(),
            topics,
            button: words.button.to_owned(),
        },
        confirm_within_days: 7,
    }
}
