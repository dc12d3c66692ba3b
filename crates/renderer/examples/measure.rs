//! How long a campaign's message takes: rendered and written by lettre's builder, or put together from segments.
//!
//! `cargo run --release -p renderer --example measure`. One thread; the best of several rounds, in microseconds a message.

use std::error::Error;
use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use chrono::DateTime;
use domain::{Locale, MailKind};
use renderer::mime::{Headers, ListHeaders, Mailbox, message};
use renderer::{Look, Merge, MergeLinks, Person, Segments, Source, compile};

const LINKS: usize = 15;
const ROUNDS: usize = 15;
const MESSAGES: u32 = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let look = Look {
        brand: "Larch & Linden".to_owned(),
        accent: "#24615a".parse()?,
        postal_address: "14 Mill Lane\nBath BA2 4XY\nUnited Kingdom".to_owned(),
        base_url: "https://news.example.com/".parse()?,
        website: Some("https://www.example.com/".parse()?),
        locale: Locale::En,
    };
    let (compiled, merge, headers) = (compile(&source(), &look)?, merge()?, headers()?);
    let segments = Segments::new(compiled.clone());

    let by_lettre = message(&compiled.render(&merge)?, &headers)?;
    let ours = segments.message(&merge, &headers)?;
    println!(
        "{} bytes of HTML, {LINKS} links; {} bytes by lettre, {} from segments",
        compiled.html_bytes(),
        by_lettre.len(),
        ours.len()
    );

    if std::env::args().any(|word| word == "segments") {
        for _ in 0..20 {
            println!("{:8.1}", measure(|| segments.message(&merge, &headers).map(|raw| raw.len()))?);
        }
        return Ok(());
    }
    let render = measure(|| compiled.render(&merge).map(|mail| mail.html.len()))?;
    let slow = measure(|| -> Result<_, Box<dyn Error>> { Ok(message(&compiled.render(&merge)?, &headers)?.len()) })?;
    let fast = measure(|| segments.message(&merge, &headers).map(|raw| raw.len()))?;
    println!("render alone       {render:8.1} µs");
    println!("render, then lettre{slow:8.1} µs");
    println!("from segments      {fast:8.1} µs, {:.1} times as fast", slow / fast);
    Ok(())
}

/// The best mean of several rounds: what other programs took is no part of it.
fn measure<E>(mut act: impl FnMut() -> Result<usize, E>) -> Result<f64, E> {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..MESSAGES {
            black_box(act()?);
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(MESSAGES));
    }
    Ok(best)
}

/// A newsletter of about 20 kB: a salutation, fifteen articles with a link each, a condition, a footer.
fn source() -> Source {
    let mut mjml = "<mjml><mj-body><mj-section><mj-column>\n<mj-text><h1>News</h1>\
                    <p>Hello {{fallback first_name \"there\"}}{{#if company}} of {{company}}{{/if}},</p></mj-text>\n"
        .to_owned();
    for number in 1..=LINKS {
        let _ = writeln!(
            mjml,
            "<mj-text><h2>Article {number}</h2><p>Here is a digest of small things – read it slowly, and tell us \
             what you think of it when you are in {{{{fallback city \"town\"}}}}. There is more where it came from, and \
             none of it is urgent, so keep it for a quiet hour with a cup of tea.</p>\
             <p><a href=\"https://www.example.com/articles/{number}?campaign=autumn&amp;plan={{{{attributes.plan}}}}\">\
             Read article {number}</a></p></mj-text>"
        );
    }
    mjml.push_str("</mj-column></mj-section></mj-body></mjml>");
    Source {
        subject: "Good news, {{fallback first_name \"friend\"}}".to_owned(),
        preheader: "And more".to_owned(),
        mjml,
    }
}

fn merge() -> Result<Merge, Box<dyn Error>> {
    Ok(Merge {
        person: Person {
            first_name: Some("Zoë".to_owned()),
            company: Some("Lovelace & Daughters".to_owned()),
            city: Some("Bath".to_owned()),
            attributes: [("plan".to_owned(), "gold & more".to_owned())].into(),
            ..Person::default()
        },
        links: MergeLinks {
            unsubscribe: "https://news.example.com/u/mzxw6ytboi4dsmrqgezdgnbvgy3tqojqmzxw6ytboi4dsmrq".parse()?,
            preferences: "https://news.example.com/p/mzxw6ytboi4dsmrqgezdgnbvgy3tqojqmzxw6ytboi4dsmrq".parse()?,
            view: Some("https://news.example.com/view/mzxw6ytboi4dsmrq".parse()?),
            click: None,
            open: None,
        },
        why: "You get this mail because you signed up for Offers of Larch & Linden.".to_owned(),
    })
}

fn headers() -> Result<Headers, Box<dyn Error>> {
    Ok(Headers {
        kind: MailKind::Campaign,
        from: Mailbox { name: Some("Larch & Linden".to_owned()), address: "news@example.com".parse()? },
        reply_to: Some(Mailbox { name: None, address: "hello@example.com".parse()? }),
        to: Mailbox { name: Some("Zoë Lovelace".to_owned()), address: "zoe@example.org".parse()? },
        message_id: "m-mzxw6ytboi4dsmrqgezdgnbvgy3tqojq@bounce.example.com".to_owned(),
        date: DateTime::from_timestamp(1_795_000_000, 0).ok_or("no date")?,
        list: Some(ListHeaders {
            unsubscribe: "https://news.example.com/u/mzxw6ytboi4dsmrqgezdgnbvgy3tqojqmzxw6ytboi4dsmrq".parse()?,
            unsubscribe_mailto: "unsub-mzxw6ytboi4dsmrqgezdgnbvgy3tqojq@bounce.example.com".parse()?,
            name: "Offers".to_owned(),
            id: "topic-1.example.com".to_owned(),
            feedback_id: Some("17:larch:campaign:eshot".to_owned()),
            cfbl: None,
        }),
    })
}
