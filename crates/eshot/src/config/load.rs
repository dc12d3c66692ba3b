use std::path::{Path, PathBuf};

use figment::Figment;
use figment::value::{Dict, Value};
use url::Url;

use super::layer::{Layer, SECRETS};
use super::problem::{InvalidConfig, Problem};
use super::types::Config;
use super::validate::{self, BaseUrl};
use super::{several, webhooks};

/// The commented default that is documentation and default in one.
pub(crate) const DEFAULT: &str = include_str!("../../config/default.toml");

/// What the default is called where it is to blame.
const USUAL: &str = "default.toml";

/// The file that is read when none is named.
const USUAL_FILE: &str = "eshot.toml";

/// Where settings come from, besides the embedded default.
#[derive(Clone, Debug)]
pub struct Sources {
    /// A file that must be there. Without one, `eshot.toml` in the working folder is read if it is there.
    pub file: Option<PathBuf>,
    /// The environment, or what a test puts in its place.
    pub variables: Vec<(String, String)>,
    /// Whether links may begin without https.
    pub base_url: BaseUrl,
}

/// The configuration in force.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What every part is given.
    pub config: Config,
    /// The same as TOML, without secrets.
    pub printable: String,
}

/// Reads every source and checks the whole. All that is wrong is told at once.
pub fn load(sources: &Sources) -> Result<Loaded, InvalidConfig> {
    let defaults = defaults()?;
    let mut problems = Vec::new();
    let mut layers = vec![Layer { name: USUAL.to_owned(), dict: defaults.clone() }];
    match file_layer(sources.file.as_deref(), &defaults) {
        Ok(layer) => layers.extend(layer),
        Err(found) => problems.extend(found),
    }
    for (name, text) in &sources.variables {
        match Layer::from_variable(name, text, &defaults) {
            Ok(layer) => layers.extend(layer),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(told_twice(&sources.variables));
    if !problems.is_empty() {
        return Err(InvalidConfig(problems));
    }
    let mut misnamed: Vec<Problem> = several::ALL.iter().flat_map(|several| several.without_address(&layers)).collect();
    let mut named = Vec::new();
    for several in several::ALL {
        let all = several.defaults(&layers, &defaults);
        let table = several.table.to_owned();
        if !all.is_empty() {
            named.push(several);
        }
        layers[0].dict.insert(table, Value::from(all));
    }
    let hooks = webhooks::defaults(&layers);
    layers[0].dict.insert(webhooks::TABLE.to_owned(), Value::from(hooks));
    let figment = layers.into_iter().fold(Figment::new(), Figment::merge);
    let config: Config = figment.extract().map_err(|error| InvalidConfig(error.into_iter().map(explain).collect()))?;
    misnamed.extend(named.iter().flat_map(|several| several.both(&figment, &defaults, USUAL)));
    if !misnamed.is_empty() {
        return Err(InvalidConfig(misnamed));
    }
    let problems = validate::problems(&config, sources.base_url);
    if !problems.is_empty() {
        let sourced = |(key, what): (String, String)| {
            let source = figment.find_metadata(&key).map_or_else(String::new, |metadata| metadata.name.to_string());
            Problem::new(key, source, what)
        };
        return Err(InvalidConfig(problems.into_iter().map(sourced).collect()));
    }
    let printable = printable(&figment)?;
    Ok(Loaded { config, printable })
}

fn defaults() -> Result<Dict, InvalidConfig> {
    // Nothing is known yet, so the default is read without a look at its keys.
    let wrong = |what: String| InvalidConfig(vec![Problem::new("", "default.toml", what)]);
    let table: toml::Table = DEFAULT.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
    let value = Value::serialize(table).map_err(|error| wrong(error.to_string()))?;
    Ok(value.into_dict().unwrap_or_default())
}

fn file_layer(file: Option<&Path>, defaults: &Dict) -> Result<Option<Layer>, Vec<Problem>> {
    let path = file.unwrap_or(Path::new(USUAL_FILE));
    let name = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(vec![Problem::new("", name, format!("the file cannot be read: {error}"))]),
    };
    Layer::from_toml(&name, &text, defaults).map(Some)
}

/// A secret given both itself and by a file: which of the two holds would be chance.
fn told_twice(variables: &[(String, String)]) -> Vec<Problem> {
    let given = |name: &str| variables.iter().any(|(other, _)| other == name);
    let both = |name: String| {
        let file = format!("{name}_FILE");
        (given(&name) && given(&file)).then(|| Problem::new("", &file, format!("give {name} or {file}, not both")))
    };
    let fixed = SECRETS.map(|(section, key)| format!("ESHOT_{section}__{key}").to_ascii_uppercase());
    let is_named = |name: &&String| {
        let starts = |table: &str| name.starts_with(&format!("ESHOT_{}__", table.to_ascii_uppercase()));
        name.ends_with("__PASSWORD") && several::ALL.iter().any(|several| starts(several.table))
            || name.ends_with("__SECRET") && starts(webhooks::TABLE)
    };
    let named = variables.iter().map(|(name, _)| name).filter(is_named).cloned();
    fixed.into_iter().chain(named).filter_map(both).collect()
}

fn explain(error: figment::Error) -> Problem {
    let source = error.metadata.as_ref().map_or_else(String::new, |metadata| metadata.name.to_string());
    Problem::new(error.path.join("."), source, error.kind.to_string())
}

fn printable(figment: &Figment) -> Result<String, InvalidConfig> {
    let wrong = |what: String| InvalidConfig(vec![Problem::new("", "", what)]);
    let mut table: toml::Table = figment.extract().map_err(|error| wrong(error.to_string()))?;
    let hide = |section: Option<&mut toml::Value>, key: &str| {
        if let Some(toml::Value::String(secret)) = section.and_then(|section| section.get_mut(key)) {
            *secret = hidden(secret);
        }
    };
    for (section, key) in SECRETS {
        hide(table.get_mut(section), key);
    }
    for several in several::ALL {
        for (_, one) in table.get_mut(several.table).and_then(toml::Value::as_table_mut).into_iter().flatten() {
            hide(Some(one), several::SECRET);
        }
    }
    for (_, hook) in table.get_mut(webhooks::TABLE).and_then(toml::Value::as_table_mut).into_iter().flatten() {
        hide(Some(hook), webhooks::SECRET);
    }
    if let Some(toml::Value::String(url)) = table.get_mut("events").and_then(|events| events.get_mut("url")) {
        *url = host_of(url);
    }
    toml::to_string(&table).map_err(|error| wrong(error.to_string()))
}

/// An address whose path may be a secret, as those of chats are.
fn host_of(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) if url.has_host() => format!("{}/***", url.origin().ascii_serialization()),
        _ => String::new(),
    }
}

/// A secret as it may be shown: of an address all but the password, of anything else whether there is one.
fn hidden(secret: &str) -> String {
    if secret.is_empty() || secret.starts_with("sqlite:") {
        return secret.to_owned();
    }
    match Url::parse(secret) {
        Ok(mut url) if url.has_host() => {
            // A password may also stand in the query of a PostgreSQL address.
            url.set_query(None);
            if url.password().is_some() && url.set_password(Some("***")).is_err() {
                return "***".to_owned();
            }
            url.to_string()
        }
        _ => "***".to_owned(),
    }
}
