//! One source of settings, before it is laid over the ones below.

use std::fs;

use figment::value::{Dict, Map, Num, Tag, Value};
use figment::{Metadata, Profile, Provider};

use super::problem::{Problem, nearest};
use super::{several, webhooks};

/// Settings that must not be printed, and may be read from a file named by `KEY_file`.
pub(super) const SECRETS: [(&str, &str); 6] = [
    ("database", "url"),
    ("keys", "master"),
    ("relay", several::SECRET),
    ("mailbox", several::SECRET),
    ("events", "url"),
    ("events", "secret"),
];

/// Tables whose keys are not fixed, limits, which may be a table or a text, and warm-ups, which may be a table or nothing.
const OPEN: [&str; 6] =
    ["limits.providers", "limits.brands", "limits.relay", "limits.campaign", "relay.limit", "relay.warm_up"];

/// Variables that steer tests, not the program.
const NOT_OURS: &str = "ESHOT_TEST_";

/// The settings of one file or one variable, with the name that errors call it by.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) dict: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> figment::error::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}

impl Layer {
    /// The settings in a TOML text. `defaults` knows every key there is.
    pub(super) fn from_toml(name: &str, text: &str, defaults: &Dict) -> Result<Self, Vec<Problem>> {
        let wrong = |what: String| vec![Problem::new("", name, what)];
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
        let value = Value::serialize(table).map_err(|error| wrong(error.to_string()))?;
        let mut dict = value.into_dict().unwrap_or_default();
        let mut problems = Vec::new();
        for (section, key) in SECRETS {
            if let Some(Value::Dict(_, keys)) = dict.get_mut(section)
                && let Err(what) = read_secret(keys, key)
            {
                problems.push(Problem::new(format!("{section}.{key}_file"), name, what));
            }
        }
        problems.extend(several::ALL.iter().flat_map(|several| several.complete(&mut dict, defaults, name)));
        problems.extend(webhooks::complete(&mut dict, name));
        unknown_keys(&dict, defaults, "", name, &mut problems);
        if problems.is_empty() { Ok(Self { name: name.to_owned(), dict }) } else { Err(problems) }
    }

    /// The setting of one `ESHOT_` variable, or none if the variable is not for us.
    pub(super) fn from_variable(name: &str, text: &str, defaults: &Dict) -> Result<Option<Self>, Problem> {
        let Some(path) = name.strip_prefix("ESHOT_").filter(|_| !name.starts_with(NOT_OURS)) else { return Ok(None) };
        let path = path.to_ascii_lowercase();
        let unknown = || {
            let known: Vec<String> = leaves(defaults).iter().map(|path| variable(path)).collect();
            let hint = nearest(name, known.iter().map(String::as_str));
            let hint = hint.map_or_else(String::new, |hint| format!("; did you mean {hint}?"));
            Problem::new("", name, format!("there is no such setting{hint}"))
        };
        let (section, key) = path.rsplit_once("__").ok_or_else(unknown)?;
        let section = section.replace("__", ".");
        let fault = |what: String| Problem::new(format!("{section}.{key}"), name, what);
        if let Some(secret) = key.strip_suffix("_file").filter(|key| SECRETS.contains(&(section.as_str(), key))) {
            let text = read_file(text).map_err(fault)?;
            return Ok(Some(Self::of(name, &section, secret, Value::from(text))));
        }
        for several in several::ALL {
            let named = section.strip_prefix(several.table).and_then(|rest| rest.strip_prefix('.'));
            if let Some(named) = named {
                return several.of_variable(name, named, key, text, defaults).map(Some);
            }
        }
        if let Some(hook) = section.strip_prefix("webhooks.") {
            return webhooks::from_variable(name, hook, key, text).map(Some);
        }
        if let Some(open) = OPEN.iter().find(|open| section.strip_prefix(**open).is_some_and(is_below)) {
            // Names have hyphens, which variables cannot have.
            let section = format!("{open}{}", section[open.len()..].replace('_', "-"));
            return Ok(Some(Self::of(name, &section, &key.replace('_', "-"), Value::from(text))));
        }
        let default = find(defaults, &section, key).filter(|value| value.as_dict().is_none()).ok_or_else(unknown)?;
        Ok(Some(Self::of(name, &section, key, like(default, text).map_err(fault)?)))
    }

    pub(super) fn of(name: &str, section: &str, key: &str, value: Value) -> Self {
        let mut dict = Dict::from([(key.to_owned(), value)]);
        for part in section.rsplit('.') {
            dict = Dict::from([(part.to_owned(), Value::from(dict))]);
        }
        Self { name: name.to_owned(), dict }
    }
}

/// Whether the keys of a table are not fixed, or looked at elsewhere.
fn is_open(path: &str) -> bool {
    OPEN.contains(&path) || path == webhooks::TABLE || several::ALL.iter().any(|several| several.table == path)
}

/// Whether this rest of a path is that of the table itself or of one within.
fn is_below(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('.')
}

/// A variable's text as a value of the same type as the default.
pub(super) fn like(default: &Value, text: &str) -> Result<Value, String> {
    Ok(match default {
        Value::Bool(..) => {
            Value::from(text.parse::<bool>().map_err(|_| format!("{text:?} is neither true nor false"))?)
        }
        Value::Num(..) => {
            let number = text.replace('_', "").parse().map_err(|_| format!("{text:?} is no whole number"))?;
            Value::Num(Tag::Default, Num::I64(number))
        }
        Value::Array(..) => Value::from(
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect::<Vec<_>>(),
        ),
        _ => Value::from(text),
    })
}

/// Puts what `KEY_file` names in the place of `KEY`.
pub(super) fn read_secret(keys: &mut Dict, key: &str) -> Result<(), String> {
    let Some(path) = keys.remove(&format!("{key}_file")) else { return Ok(()) };
    if keys.contains_key(key) {
        return Err(format!("give {key} or {key}_file, not both"));
    }
    let path = path.as_str().ok_or("a file is named by a text in quotes")?;
    keys.insert(key.to_owned(), Value::from(read_file(path)?));
    Ok(())
}

pub(super) fn read_file(path: &str) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("the file {path:?} cannot be read: {error}"))?;
    Ok(text.trim_end().to_owned())
}

/// Every key of `dict` that has no default.
pub(super) fn unknown_keys(dict: &Dict, defaults: &Dict, path: &str, name: &str, problems: &mut Vec<Problem>) {
    for (key, value) in dict {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (defaults.get(key), value) {
            (Some(Value::Dict(..)), Value::Dict(..)) if is_open(&path) => {}
            (Some(Value::Dict(_, defaults)), Value::Dict(_, dict)) => {
                unknown_keys(dict, defaults, &path, name, problems);
            }
            (Some(Value::Dict(..)), _) => problems.push(Problem::new(path, name, "this is a table, not a value")),
            (Some(_), _) => {}
            (None, _) => {
                let known: Vec<&str> = defaults.keys().map(String::as_str).collect();
                let hint = nearest(key, known.iter().copied()).map_or_else(
                    || format!("; there are {}", known.join(", ")),
                    |hint| format!("; did you mean {hint}?"),
                );
                problems.push(Problem::new(path, name, format!("there is no such key{hint}")));
            }
        }
    }
}

fn find<'a>(dict: &'a Dict, section: &str, key: &str) -> Option<&'a Value> {
    section.split('.').try_fold(dict, |dict, part| dict.get(part)?.as_dict())?.get(key)
}

/// The path of every value.
fn leaves(dict: &Dict) -> Vec<String> {
    let mut paths = Vec::new();
    for (key, value) in dict {
        match value {
            Value::Dict(_, inner) => paths.extend(leaves(inner).into_iter().map(|path| format!("{key}.{path}"))),
            _ => paths.push(key.clone()),
        }
    }
    paths
}

fn variable(path: &str) -> String {
    format!("ESHOT_{}", path.replace('.', "__").to_ascii_uppercase())
}
