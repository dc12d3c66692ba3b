use std::sync::LazyLock;

use serde::Deserialize;

use super::Deed;

/// What a request shows of who makes it.
pub trait Request {
    /// What it calls itself; empty if it does not.
    fn user_agent(&self) -> &str;
    /// The value of a header.
    fn header(&self, name: &str) -> Option<&str>;
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Agent,
    Is,
    Header,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Of {
    Open,
    Click,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Machine {
    id: String,
    #[serde(rename = "in")]
    place: Place,
    of: Option<Of>,
    phrase: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    machine: Vec<Machine>,
}

/// A file that a test has read is one that can be read: where it cannot, nothing is suspected.
static MACHINES: LazyLock<Vec<Machine>> =
    LazyLock::new(|| read().inspect_err(|why| tracing::error!("rules/machines.toml: {why}")).unwrap_or_default());

fn read() -> Result<Vec<Machine>, toml::de::Error> {
    let File { mut machine } = toml::from_str(include_str!("../../rules/machines.toml"))?;
    for row in machine.iter_mut().filter(|row| row.place != Place::Is) {
        row.phrase.make_ascii_lowercase();
    }
    Ok(machine)
}

/// The rule by which a request looks like a machine's, if there is one.
pub fn suspect(request: &impl Request, deed: Deed) -> Option<&'static str> {
    let agent = request.user_agent();
    let lower = agent.to_ascii_lowercase();
    let fits = |row: &&Machine| match (row.of, deed) {
        (Some(Of::Open), Deed::Clicked(_)) | (Some(Of::Click), Deed::Opened) => false,
        _ => match row.place {
            Place::Agent => lower.contains(&row.phrase),
            Place::Is => agent == row.phrase,
            Place::Header => row.phrase.split_once(": ").is_some_and(|(name, phrase)| {
                request.header(name).is_some_and(|value| value.to_ascii_lowercase().contains(phrase))
            }),
        },
    };
    MACHINES.iter().find(fits).map(|row| row.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Asked(&'static str, &'static [(&'static str, &'static str)]);

    impl Request for Asked {
        fn user_agent(&self) -> &str {
            self.0
        }

        fn header(&self, name: &str) -> Option<&str> {
            self.1.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
        }
    }

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const GMAIL: &str = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";

    #[test]
    fn every_row_is_read_and_names_itself_once() {
        let rows = read().unwrap();
        assert!(rows.len() > 20);
        for row in &rows {
            assert_eq!(rows.iter().filter(|other| other.id == row.id).count(), 1, "{}", row.id);
            assert!(!row._source.is_empty());
        }
    }

    #[test]
    fn machines_show_themselves_and_readers_do_not() {
        let (open, click) = (Deed::Opened, Deed::Clicked(0));
        for (agent, headers, deed, rule) in [
            (FIREFOX, &[][..], click, None),
            (FIREFOX, &[("sec-purpose", "prefetch;prerender")], click, Some("prefetch.sec-purpose")),
            (GMAIL, &[], open, None),
            ("Mozilla/5.0", &[], open, Some("apple.privacy")),
            ("Mozilla/5.0", &[], click, None),
            ("Barracuda Sentinel (EE)", &[], click, Some("scanner.barracuda")),
            ("Mozilla/5.0 (compatible; Googlebot/2.1)", &[], click, Some("robot.bot")),
            ("", &[], click, Some("program.nameless")),
        ] {
            assert_eq!(suspect(&Asked(agent, headers), deed), rule, "{agent} {headers:?}");
        }
    }
}
