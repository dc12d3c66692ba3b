//! Writes every starter and every system mail as HTML and text into a folder, for the browser checks.
//!
//! `cargo run -p renderer --example render_starters -- FOLDER`. Mails fetch their pictures from
//! `https://news.example.com/assets/starters/`; the pictures are written to the same path below the folder, so that a
//! browser can be given them without a network.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use domain::Locale;
use renderer::{ASSETS_PATH, Catalogue, Look, Merge, MergeLinks, Person, Rendered, asset, compile, starters, system};
use url::Url;

const PICTURES: [&str; 6] = ["offer.png", "event.png", "product-news.png", "search.png", "calendar.png", "share.png"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder to write to")?);
    let pictures = folder.join(ASSETS_PATH.trim_matches('/'));
    fs::create_dir_all(&pictures)?;
    for name in PICTURES {
        let picture = asset(name).ok_or("a picture is missing")?;
        fs::write(pictures.join(name), picture.bytes)?;
    }

    let look = look()?;
    for locale in Locale::ALL {
        let look = Look { locale, ..look.clone() };
        for starter in starters(locale) {
            let compiled = compile(&starter.source(), &look)?;
            let topic = topic(starter.topic, locale);
            let name = match locale {
                Locale::En => starter.slug.to_owned(),
                Locale::De => format!("{}.{locale}", starter.slug),
            };
            write(&folder, &name, &compiled.render(&merge(topic, locale, ada())?)?)?;
            let long = compiled.render(&merge(topic, locale, somebody_with_a_long_name())?)?;
            write(&folder, &format!("{name}.long"), &long)?;
            write(&folder, &format!("{name}.public"), &compiled.render_public()?)?;
        }
        for (name, mail) in system_mails(locale, &look)? {
            write(&folder, &format!("{name}.{locale}"), &mail)?;
        }
    }
    Ok(())
}

fn look() -> Result<Look, Box<dyn Error>> {
    Ok(Look {
        brand: "Larch & Linden".to_owned(),
        accent: "#24615a".parse()?,
        postal_address: "14 Mill Lane\nBath BA2 4XY\nUnited Kingdom".to_owned(),
        base_url: "https://news.example.com/".parse()?,
        website: Some("https://www.example.com/".parse()?),
        locale: Locale::En,
    })
}

fn ada() -> Person {
    Person { first_name: Some("Ada".to_owned()), company: Some("Lovelace & Daughters".to_owned()), ..Person::default() }
}

fn somebody_with_a_long_name() -> Person {
    Person {
        first_name: Some("Wolfeschlegelsteinhausenbergerdorff-Bartholomäus-Maximilian".to_owned()),
        company: Some("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".to_owned()),
        ..Person::default()
    }
}

fn merge(topic: &str, locale: Locale, person: Person) -> Result<Merge, url::ParseError> {
    Ok(Merge {
        person,
        links: MergeLinks {
            unsubscribe: "https://news.example.com/u/q2w3e4r5t6y7".parse()?,
            preferences: "https://news.example.com/p/q2w3e4r5t6y7".parse()?,
            view: Some("https://news.example.com/view/a2s3d4f5".parse()?),
            click: None,
            open: None,
        },
        why: Catalogue::of(locale).text("mail.footer.why", &[("topic", topic), ("brand", "Larch & Linden")]),
    })
}

fn topic(slug: &str, locale: Locale) -> &'static str {
    match (slug, locale) {
        ("offers", Locale::En) => "Offers",
        ("offers", Locale::De) => "Angebote",
        ("events", Locale::En) => "Events",
        ("events", Locale::De) => "Veranstaltungen",
        (_, Locale::En) => "Product news",
        (_, Locale::De) => "Produktneuheiten",
    }
}

fn system_mails(locale: Locale, look: &Look) -> Result<[(&'static str, Rendered); 6], Box<dyn Error>> {
    let topics = match locale {
        Locale::En => ["Offers", "Events"],
        Locale::De => ["Angebote", "Veranstaltungen"],
    };
    let (name, topics) = (Some("Ada Lovelace".to_owned()), topics.map(str::to_owned).to_vec());
    let confirm: Url = "https://news.example.com/confirm/mzxw6ytboi4dsmrqgezdgnbvgy3tqojqmzxw6ytboi4dsmrq".parse()?;
    let question =
        system::Confirmation { name: name.clone(), topics: topics.clone(), confirm: confirm.clone(), days: 7 };
    let welcome = system::Welcome {
        name: name.clone(),
        topics,
        preferences: "https://news.example.com/p/q2w3e4r5t6y7".parse()?,
        unsubscribe: "https://news.example.com/u/q2w3e4r5t6y7".parse()?,
    };
    let access =
        system::Access { name, link: "https://news.example.com/access/mzxw6ytboi4dsmrqgezd".parse()?, minutes: 30 };
    let alert = system::Alert {
        cause: "hard_bounces",
        stopped: true,
        over: false,
        campaign: Some("Donaudampfschifffahrtsgesellschaftskapitänsmützen, autumn and winter, second wave".to_owned()),
        provider: None,
        share: Some((12, 200)),
        words: String::new(),
    };
    let of_provider = system::Alert {
        cause: "refusals",
        campaign: None,
        provider: Some("gmail".to_owned()),
        share: None,
        words: "421 4.7.28 our system has detected an unusual rate of unsolicited mail".to_owned(),
        ..alert.clone()
    };
    Ok([
        ("confirmation", system::confirmation(locale, look, &question)?),
        ("reminder", system::reminder(locale, look, &system::Confirmation { days: 6, ..question })?),
        ("welcome", system::welcome(locale, look, &welcome)?),
        ("access", system::access(locale, look, &access)?),
        ("alert-campaign", system::alert(locale, look, &alert)?),
        ("alert-provider", system::alert(locale, look, &of_provider)?),
    ])
}

fn write(folder: &Path, name: &str, mail: &Rendered) -> std::io::Result<()> {
    fs::write(folder.join(format!("{name}.html")), &mail.html)?;
    fs::write(folder.join(format!("{name}.txt")), format!("{}\n\n{}", mail.subject, mail.text))
}
