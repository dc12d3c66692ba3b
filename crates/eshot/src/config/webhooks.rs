//! `[webhooks]`: any number of addresses that mail services post to, each a table of its own.

use figment::value::{Dict, Value};

use super::layer::{Layer, like, read_file, read_secret, unknown_keys};
use super::problem::{Problem, nearest};
use super::several::wrong_name;

pub(super) const TABLE: &str = "webhooks";

/// The secret that each has.
pub(super) const SECRET: &str = "secret";

/// The keys that each has, with their defaults. An address without a provider is refused by name.
fn template() -> Dict {
    ["provider", "username", SECRET, "topic", "certificates"]
        .into_iter()
        .map(|key| (key.to_owned(), Value::from("")))
        .collect()
}

/// Reads the secrets of a file's webhooks, and says what is wrong with their names and keys.
pub(super) fn complete(dict: &mut Dict, source: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(Value::Dict(_, hooks)) = dict.get_mut(TABLE) else { return problems };
    for (name, hook) in hooks {
        let path = format!("{TABLE}.{name}");
        let Value::Dict(_, keys) = hook else {
            problems.push(Problem::new(path, source, format!("a webhook is a table, [{TABLE}.NAME]")));
            continue;
        };
        problems.extend(wrong_name("webhook", name).map(|what| Problem::new(&path, source, what)));
        if let Err(what) = read_secret(keys, SECRET) {
            problems.push(Problem::new(format!("{path}.{SECRET}_file"), source, what));
        }
        unknown_keys(keys, &template(), &path, source, &mut problems);
    }
    problems
}

/// The setting of a variable that names a webhook.
pub(super) fn from_variable(variable: &str, name: &str, key: &str, text: &str) -> Result<Layer, Problem> {
    // Names have hyphens, which variables cannot have.
    let name = name.replace('_', "-");
    let section = format!("{TABLE}.{name}");
    let fault = |what: String| Problem::new(format!("{section}.{key}"), variable, what);
    if let Some(what) = wrong_name("webhook", &name) {
        return Err(fault(what));
    }
    if key.strip_suffix("_file") == Some(SECRET) {
        let text = read_file(text).map_err(fault)?;
        return Ok(Layer::of(variable, &section, SECRET, Value::from(text)));
    }
    let template = template();
    let default = template.get(key).ok_or_else(|| {
        let hint = nearest(key, template.keys().map(String::as_str));
        let hint = hint.map_or_else(String::new, |hint| format!("; did you mean {hint}?"));
        fault(format!("there is no such key{hint}"))
    })?;
    Ok(Layer::of(variable, &section, key, like(default, text).map_err(fault)?))
}

/// What every webhook that is named anywhere has where nothing is said.
pub(super) fn defaults(layers: &[Layer]) -> Dict {
    let named = layers.iter().filter_map(|layer| layer.dict.get(TABLE)?.as_dict()).flat_map(Dict::keys);
    named.map(|name| (name.clone(), Value::from(template()))).collect()
}
