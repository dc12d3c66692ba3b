//! `[relays]`: any number of relays, each a table with the keys of `[relay]`.

use std::collections::{BTreeMap, BTreeSet};

use figment::Figment;
use figment::value::{Dict, Value};

use super::layer::{Layer, like, read_file, read_secret, unknown_keys};
use super::problem::{Problem, nearest};

pub(super) const TABLE: &str = "relays";

/// The secret that a relay has, by itself or as one of several.
pub(super) const SECRET: (&str, &str) = ("relay", "password");

/// What `[relay]` says for all.
const FOR_ALL: &str = "redirect_to";

/// The keys that one of several relays has, with their defaults.
fn template(defaults: &Dict) -> Dict {
    let mut relay = defaults.get(SECRET.0).and_then(Value::as_dict).cloned().unwrap_or_default();
    relay.remove(FOR_ALL);
    relay
}

/// Reads the secrets of a file's relays, and says what is wrong with their names and keys.
pub(super) fn complete(dict: &mut Dict, defaults: &Dict, source: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(Value::Dict(_, relays)) = dict.get_mut(TABLE) else { return problems };
    for (name, relay) in relays {
        let path = format!("{TABLE}.{name}");
        let Value::Dict(_, keys) = relay else {
            let what = format!("a relay is a table, [{TABLE}.NAME]; the only one there is stands in [relay]");
            problems.push(Problem::new(path, source, what));
            continue;
        };
        problems.extend(wrong_name("relay", name).map(|what| Problem::new(&path, source, what)));
        if let Err(what) = read_secret(keys, SECRET.1) {
            problems.push(Problem::new(format!("{path}.{}_file", SECRET.1), source, what));
        }
        unknown_keys(keys, &template(defaults), &path, source, &mut problems);
    }
    problems
}

/// The setting of a variable that names a relay: `relay` is what stands between `RELAYS__` and the key.
pub(super) fn from_variable(
    variable: &str,
    relay: &str,
    key: &str,
    text: &str,
    defaults: &Dict,
) -> Result<Layer, Problem> {
    let (name, table) = match relay.split_once('.') {
        Some((name, table @ ("limit" | "warm_up" | "warm_up.providers"))) => (name, Some(table)),
        Some(_) => return Err(Problem::new("", variable, "there is no such setting")),
        None => (relay, None),
    };
    // Names have hyphens, which variables cannot have.
    let name = name.replace('_', "-");
    let section = format!("{TABLE}.{name}");
    let fault = |what: String| Problem::new(format!("{section}.{key}"), variable, what);
    if let Some(what) = wrong_name("relay", &name) {
        return Err(fault(what));
    }
    if let Some(table) = table {
        let key = if table == "limit" { key.to_owned() } else { key.replace('_', "-") };
        return Ok(Layer::of(variable, &format!("{section}.{table}"), &key, Value::from(text)));
    }
    if key.strip_suffix("_file") == Some(SECRET.1) {
        let text = read_file(text).map_err(fault)?;
        return Ok(Layer::of(variable, &section, SECRET.1, Value::from(text)));
    }
    let template = template(defaults);
    let default = template.get(key).ok_or_else(|| {
        let hint = nearest(key, template.keys().map(String::as_str));
        fault(format!(
            "there is no such key{}",
            hint.map_or_else(String::new, |hint| format!("; did you mean {hint}?"))
        ))
    })?;
    Ok(Layer::of(variable, &section, key, like(default, text).map_err(fault)?))
}

/// What every relay that is named anywhere has where nothing is said.
pub(super) fn defaults(layers: &[Layer], defaults: &Dict) -> Dict {
    let named = layers.iter().filter_map(|layer| layer.dict.get(TABLE)?.as_dict()).flat_map(Dict::keys);
    named.map(|name| (name.clone(), Value::from(template(defaults)))).collect()
}

/// The relays that are named somewhere and have an address nowhere. The default's would be the wrong one: a name that is misspelt in a
/// variable would be a relay of its own.
pub(super) fn without_address(layers: &[Layer]) -> Vec<Problem> {
    let tables = layers.iter().filter_map(|layer| Some((layer, layer.dict.get(TABLE)?.as_dict()?)));
    let (mut named, mut addressed) = (BTreeMap::new(), BTreeSet::new());
    for (name, relay, layer) in tables.flat_map(|(layer, relays)| relays.iter().map(move |(n, r)| (n, r, layer))) {
        named.entry(name).or_insert(&layer.name);
        if relay.as_dict().is_some_and(|keys| keys.contains_key("url")) {
            addressed.insert(name.as_str());
        }
    }
    let problem = |(name, source): (&String, &String)| {
        let hint = nearest(name, addressed.iter().copied());
        let hint = hint.map_or_else(String::new, |hint| format!("; did you mean {hint}?"));
        let what = format!("a relay with a name needs an address of its own, and {name} has none{hint}");
        Problem::new(format!("{TABLE}.{name}.url"), source, what)
    };
    named.into_iter().filter(|(name, _)| !addressed.contains(name.as_str())).map(problem).collect()
}

/// What stands in `[relay]` although there are several: which of them it is to be is not said.
pub(super) fn both(figment: &Figment, defaults: &Dict, usual: &str) -> Vec<Problem> {
    let said = |key: String| {
        let path = format!("{}.{key}", SECRET.0);
        let source = figment.find_metadata(&path)?.name.to_string();
        let what = format!("there are relays with names; say this in [{TABLE}.NAME], or have no such table");
        (source != usual).then(|| Problem::new(path, source, what))
    };
    template(defaults).into_keys().filter_map(said).collect()
}

/// What is wrong with the name of a relay, or of what else has names.
pub(super) fn wrong_name(what: &str, name: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fit = !name.is_empty() && name.bytes().all(fits);
    (!fit).then(|| format!("a {what}'s name is made of a-z, 0-9 and hyphens, not {name:?}"))
}
