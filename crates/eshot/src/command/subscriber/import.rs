use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use accounts::audit;
use anyhow::{Context as _, bail, ensure};
use database::Database;
use domain::{Actor, BrandId, Locale, TopicId};
use serde_json::json;
use subscribers::Profile;
use subscribers::import::{self, List, Row};

use crate::cli::Import;
use crate::context::Context;
use crate::out::say;

/// Columns that are fields of a subscriber; any other becomes an attribute.
const EMAIL: &str = "email";

/// `eshot subscriber import`.
pub(super) async fn run(command: Import, context: &Context) -> anyhow::Result<bool> {
    let (db, keys) = (context.database().await?, context.keys()?);
    let name = command.file.display().to_string();
    let file = File::open(&command.file).with_context(|| format!("the list {name} cannot be opened"))?;
    let Some(brand) = brands::find_by_slug(db.reader(), &command.brand).await? else {
        bail!("there is no brand {:?}; see `eshot brand list`", command.brand);
    };
    let list = List {
        topics: topics(&db, brand.id, &command.topics).await?,
        basis: command.basis,
        stated: command.stated,
        until: None,
        locale: brand.locale,
    };
    // The whole list is read before the first row is written: one that breaks off half-way is refused as a whole.
    let rows = rows(file).with_context(|| name)?;
    let (actor, now) = (Actor::Operator, context.now());
    let report = import::run(&db, &keys, &list, rows, &actor, now).await?;
    let counts = json!({
        "brand": brand.id,
        "added": report.added,
        "joined": report.joined,
        "unchanged": report.unchanged,
        "skipped": report.skipped.len(),
    });
    audit::record(db.writer(), &actor, "subscriber.import", "subscriber", Some(counts), now).await?;
    say!(
        "{} added, {} subscribed to more, {} unchanged, {} left out",
        report.added,
        report.joined,
        report.unchanged,
        report.skipped.len()
    );
    for (line, why) in &report.skipped {
        say!("  line {line}: {why}");
    }
    Ok(true)
}

async fn topics(db: &Database, brand: BrandId, slugs: &[String]) -> anyhow::Result<Vec<TopicId>> {
    let known = subscribers::topic::list(db.reader(), brand).await?;
    let find = |slug: &String| {
        let topic = known.iter().find(|topic| topic.slug == *slug);
        topic.map(|topic| topic.id).with_context(|| {
            let slugs: Vec<&str> = known.iter().map(|topic| topic.slug.as_str()).collect();
            format!("the brand has no topic {slug:?}; it has {}", slugs.join(", "))
        })
    };
    slugs.iter().map(find).collect()
}

/// The rows of a CSV file (RFC 4180) whose first line names the columns.
fn rows(file: impl Read) -> anyhow::Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let columns: Vec<String> = reader.headers()?.iter().map(column).collect();
    ensure!(columns.iter().any(|column| column == EMAIL), "the first line names the columns, and one of them is email");
    // Rows are counted as a spreadsheet counts them: the heading is the first.
    reader.records().zip(2..).map(|(record, line)| row(&columns, &record?, line)).collect()
}

/// A heading as attributes are named: `Customer No` is `customer_no`. Spreadsheets put a mark of byte order in front.
fn column(heading: &str) -> String {
    heading.trim_start_matches('\u{feff}').trim().to_lowercase().replace([' ', '-'], "_")
}

fn row(columns: &[String], record: &csv::StringRecord, line: u64) -> anyhow::Result<Row> {
    let mut fields: BTreeMap<String, String> = columns
        .iter()
        .zip(record)
        .filter(|(_, value)| !value.is_empty())
        .map(|(column, value)| (column.clone(), value.to_owned()))
        .collect();
    let locale = fields.remove("locale").map(|text| text.parse::<Locale>()).transpose();
    Ok(Row {
        line,
        email: fields.remove(EMAIL).unwrap_or_default(),
        locale: locale.with_context(|| format!("line {line}"))?,
        profile: Profile {
            name: fields.remove("name"),
            company: fields.remove("company"),
            phone: fields.remove("phone"),
            postal_address: fields.remove("postal_address"),
            attributes: fields,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_fields_and_the_rest_are_attributes() {
        let text = "\u{feff}Email,Name,Customer No\r\nada@example.com,\"Lovelace, Ada\",7\r\nbob@example.com,,\r\n";
        let rows = rows(text.as_bytes()).unwrap();
        assert_eq!((rows[0].line, rows[0].email.as_str()), (2, "ada@example.com"));
        assert_eq!(rows[0].profile.name.as_deref(), Some("Lovelace, Ada"));
        assert_eq!(rows[0].profile.attributes["customer_no"], "7");
        assert_eq!(rows[1].profile, Profile::default());
    }

    #[test]
    fn a_list_without_addresses_or_with_a_torn_line_is_refused() {
        assert!(rows("name\nAda\n".as_bytes()).is_err());
        assert!(rows("email,name\nada@example.com\n".as_bytes()).is_err());
    }
}
