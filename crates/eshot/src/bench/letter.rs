use std::fmt::Write as _;

use renderer::Source;

/// How many links the letter has beside those of its footer, each in a piece of its own.
pub(super) const LINKS: usize = 15;

/// Where they lead; what follows is the piece and the person.
pub(super) const SHOP: &str = "https://shop.northfield.example/autumn/";

const WORDS: &str = "lighter than it was, mended in minutes – and it costs less than 30 €. Its makers are three people in a \
                     workshop by the harbour.";

/// A letter of about 20 kB as it goes over the wire: a greeting, fifteen pieces with a personal link each, a footer.
pub(super) fn source() -> Source {
    let mut pieces = String::new();
    for piece in 1..=LINKS {
        // Writing to a text does not fail.
        let _ = writeln!(
            pieces,
            "<p>Piece {piece}: {WORDS} <a href=\"{SHOP}{piece}?reader={{{{attributes.number}}}}\">Look at it</a></p>"
        );
    }
    Source {
        subject: "{{fallback first_name \"Reader\"}}, fifteen pieces for the dark season".to_owned(),
        preheader: "Chosen by hand, number {{attributes.number}}".to_owned(),
        mjml: format!(
            "<mjml><mj-body>\n<mj-section><mj-column><mj-text><h1>For long evenings</h1>\
             <p>Dear {{{{fallback name \"reader\"}}}},</p>\
             {{{{#if company}}}}<p>At {{{{company}}}} they may like these too.</p>{{{{/if}}}}\
             <p>You are reader number {{{{attributes.number}}}}.</p></mj-text></mj-column></mj-section>\n\
             <mj-section><mj-column><mj-text>\n{pieces}</mj-text></mj-column></mj-section>\n</mj-body></mjml>"
        ),
    }
}

#[cfg(test)]
mod tests {
    use domain::Locale;
    use renderer::{Look, Merge, MergeLinks, Person, compile};

    use super::*;

    #[test]
    fn the_letter_has_fifteen_links_of_ones_own_in_both_parts_and_a_size_of_its_own() {
        let look = Look {
            brand: "Northfield Instruments".to_owned(),
            accent: "#0b6e4f".parse().unwrap(),
            postal_address: "7 Harbour Lane\nNorthfield NF1 2AB".to_owned(),
            base_url: "https://news.northfield.example/".parse().unwrap(),
            website: None,
            locale: Locale::En,
        };
        let link: url::Url = "https://news.northfield.example/x/0123456789".parse().unwrap();
        let person = Person {
            name: Some("Ada Lovelace".to_owned()),
            attributes: [("number".to_owned(), "4711".to_owned())].into(),
            ..Person::default()
        };
        let links = MergeLinks {
            unsubscribe: link.clone(),
            preferences: link.clone(),
            view: Some(link),
            click: None,
            open: None,
        };
        let rendered = compile(&source(), &look)
            .unwrap()
            .render(&Merge { person, links, why: "You signed up.".to_owned() })
            .unwrap();
        for part in [&rendered.html, &rendered.text] {
            for piece in 1..=LINKS {
                assert!(part.contains(&format!("{SHOP}{piece}?reader=4711")), "no link to piece {piece} in {part}");
            }
        }
        // Quoted-printable, headers and the footer's real links make it the 20 kB that are measured.
        let size = rendered.html.len() + rendered.text.len();
        assert!((17_000..20_000).contains(&size), "{size} = {} + {}", rendered.html.len(), rendered.text.len());
    }
}
