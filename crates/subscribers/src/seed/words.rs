use domain::Locale;

use crate::form::Field;

/// What topics and form say in one language.
#[derive(Debug)]
pub(super) struct Words {
    /// Slug, name and description of each topic. The slugs are the same in every language.
    pub(super) topics: [(&'static str, &'static str, &'static str); 3],
    /// Field, label and whether it must be filled in.
    pub(super) fields: [(Field, &'static str, bool); 4],
    /// What staff call the form.
    pub(super) form: &'static str,
    pub(super) title: &'static str,
    pub(super) intro: &'static str,
    pub(super) button: &'static str,
    /// What people agree to; `{brand}` is the brand's name.
    consent: &'static str,
}

impl Words {
    /// The words of a language.
    pub(super) const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::En => &ENGLISH,
            Locale::De => &GERMAN,
        }
    }

    /// What people agree to.
    pub(super) fn consent(&self, brand: &str) -> String {
        self.consent.replace("{brand}", brand)
    }
}

const ENGLISH: Words = Words {
    topics: [
        ("offers", "Offers", "The latest offers: what is cheaper, for whom, and until when."),
        ("events", "Events", "Invitations to open days, webinars and fairs."),
        ("product-news", "Product news", "New features of the products, and what they are good for."),
    ],
    fields: [
        (Field::Name, "Name", true),
        (Field::PostalAddress, "Postal address", false),
        (Field::Phone, "Phone", false),
        (Field::Company, "Company", false),
    ],
    form: "E-shot opt in",
    title: "Offers, events and product news by email",
    intro: "Tell us where to write to and what about. We then send one mail that asks you to confirm; nothing else is \
            sent before you do.",
    button: "Sign up",
    consent: "I agree that {brand} sends me emails about the topics that I ticked above, and keeps what I filled in \
              here for that purpose. It is not sold, rented or lent to anybody. I can leave any topic, or all of them, \
              with one click in every mail, and have my data shown or erased at any time.",
};

const GERMAN: Words = Words {
    topics: [
        ("offers", "Angebote", "Die neuesten Angebote: was günstiger ist, für wen und bis wann."),
        ("events", "Veranstaltungen", "Einladungen zu Tagen der offenen Tür, Webinaren und Messen."),
        ("product-news", "Produktneuheiten", "Neue Funktionen der Produkte, und wozu sie gut sind."),
    ],
    fields: [
        (Field::Name, "Name", true),
        (Field::PostalAddress, "Postanschrift", false),
        (Field::Phone, "Telefon", false),
        (Field::Company, "Firma", false),
    ],
    form: "E-Mail-Anmeldung",
    title: "Angebote, Veranstaltungen und Produktneuheiten per E-Mail",
    intro: "Sagen Sie uns, wohin wir schreiben sollen und worüber. Wir schicken Ihnen dann eine E-Mail, in der wir Sie \
            um Bestätigung bitten; bevor Sie bestätigen, schicken wir nichts weiter.",
    button: "Anmelden",
    consent: "Ich bin damit einverstanden, dass {brand} mir E-Mails zu den oben angekreuzten Themen schickt und meine \
              Angaben zu diesem Zweck speichert. Sie werden nicht verkauft, vermietet oder verliehen. Ich kann mich \
              mit einem Klick in jeder E-Mail von jedem Thema oder von allen abmelden und jederzeit meine Daten einsehen \
              oder löschen lassen.",
};
