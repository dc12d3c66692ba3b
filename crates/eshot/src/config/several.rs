//! `[relays]` and `[mailboxes]`: any number of them, each a table with the keys of the one.

use std::collections::{BTreeMap, BTreeSet};

use figment::Figment;
use figment::value::{Dict, Value};

use super::layer::{Layer, like, read_file, read_secret, unknown_keys};
use super::problem::{Problem, nearest};

/// Something of which there may be one, `[relay]`, or several, `[relays.NAME]`, each with the keys of the one and its defaults.
pub(super) struct Several {
    /// The table of the only one.
    pub(super) one: &'static str,
    /// The table of those with names.
    pub(super) table: &'static str,
    /// What the only one says for all.
    for_all: Option<&'static str>,
    /// Tables within, of which variables name the keys.
    tables: &'static [&'static str],
}

/// The secret that each has.
pub(super) const SECRET: &str = "password";

const RELAYS: Several = Several {
    one: "relay",
    table: "relays",
    for_all: Some("redirect_to"),
    tables: &["limit", "warm_up", "warm_up.providers"],
};

const MAILBOXES: Several = Several { one: "mailbox", table: "mailboxes", for_all: None, tables: &[] };

/// All there are.
pub(super) const ALL: [Several; 2] = [RELAYS, MAILBOXES];

impl Several {
    /// The keys that one of several has, with their defaults.
    fn template(&self, defaults: &Dict) -> Dict {
        let mut keys = defaults.get(self.one).and_then(Value::as_dict).cloned().unwrap_or_default();
        if let Some(for_all) = self.for_all {
            keys.remove(for_all);
        }
        keys
    }

    /// Reads their secrets in a file, and says what is wrong with their names and keys.
    pub(super) fn complete(&self, dict: &mut Dict, defaults: &Dict, source: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let Self { one, table, .. } = self;
        let Some(Value::Dict(_, named)) = dict.get_mut(*table) else { return problems };
        for (name, keys) in named {
            let path = format!("{table}.{name}");
            let Value::Dict(_, keys) = keys else {
                let what = format!("a {one} is a table, [{table}.NAME]; the only one there is stands in [{one}]");
                problems.push(Problem::new(path, source, what));
                continue;
            };
            problems.extend(wrong_name(one, name).map(|what| Problem::new(&path, source, what)));
            if let Err(what) = read_secret(keys, SECRET) {
                problems.push(Problem::new(format!("{path}.{SECRET}_file"), source, what));
            }
            unknown_keys(keys, &self.template(defaults), &path, source, &mut problems);
        }
        problems
    }

    /// The setting of a variable that names one of several: `named` is what stands between `RELAYS__` and the key.
    pub(super) fn of_variable(
        &self,
        variable: &str,
        named: &str,
        key: &str,
        text: &str,
        defaults: &Dict,
    ) -> Result<Layer, Problem> {
        let (name, table) = match named.split_once('.') {
            Some((name, table)) if self.tables.contains(&table) => (name, Some(table)),
            Some(_) => return Err(Problem::new("", variable, "there is no such setting")),
            None => (named, None),
        };
        // Names have hyphens, which variables cannot have.
        let name = name.replace('_', "-");
        let section = format!("{}.{name}", self.table);
        let fault = |what: String| Problem::new(format!("{section}.{key}"), variable, what);
        if let Some(what) = wrong_name(self.one, &name) {
            return Err(fault(what));
        }
        if let Some(table) = table {
            let key = if table == "limit" { key.to_owned() } else { key.replace('_', "-") };
            return Ok(Layer::of(variable, &format!("{section}.{table}"), &key, Value::from(text)));
        }
        if key.strip_suffix("_file") == Some(SECRET) {
            let text = read_file(text).map_err(fault)?;
            return Ok(Layer::of(variable, &section, SECRET, Value::from(text)));
        }
        let template = self.template(defaults);
        let default = template.get(key).ok_or_else(|| {
            let hint = nearest(key, template.keys().map(String::as_str));
            fault(format!(
                "there is no such key{}",
                hint.map_or_else(String::new, |hint| format!("; did you mean {hint}?"))
            ))
        })?;
        Ok(Layer::of(variable, &section, key, like(default, text).map_err(fault)?))
    }

    /// What each that is named anywhere has where nothing is said.
    pub(super) fn defaults(&self, layers: &[Layer], defaults: &Dict) -> Dict {
        let named = layers.iter().filter_map(|layer| layer.dict.get(self.table)?.as_dict()).flat_map(Dict::keys);
        named.map(|name| (name.clone(), Value::from(self.template(defaults)))).collect()
    }

    /// Those that are named somewhere and have an address nowhere. The default's would be the wrong one: a name that is misspelt in a
    /// variable would be one of its own.
    pub(super) fn without_address(&self, layers: &[Layer]) -> Vec<Problem> {
        let Self { one, table, .. } = self;
        let tables = layers.iter().filter_map(|layer| Some((layer, layer.dict.get(*table)?.as_dict()?)));
        let (mut named, mut addressed) = (BTreeMap::new(), BTreeSet::new());
        for (name, keys, layer) in tables.flat_map(|(layer, named)| named.iter().map(move |(n, k)| (n, k, layer))) {
            named.entry(name).or_insert(&layer.name);
            if keys.as_dict().is_some_and(|keys| keys.contains_key("url")) {
                addressed.insert(name.as_str());
            }
        }
        let problem = |(name, source): (&String, &String)| {
            let hint = nearest(name, addressed.iter().copied());
            let hint = hint.map_or_else(String::new, |hint| format!("; did you mean {hint}?"));
            let what = format!("a {one} with a name needs an address of its own, and {name} has none{hint}");
            Problem::new(format!("{table}.{name}.url"), source, what)
        };
        named.into_iter().filter(|(name, _)| !addressed.contains(name.as_str())).map(problem).collect()
    }

    /// What stands in the table of one although there are several: which of them it is to be is not said.
    pub(super) fn both(&self, figment: &Figment, defaults: &Dict, usual: &str) -> Vec<Problem> {
        let Self { one, table, .. } = self;
        let said = |key: String| {
            let path = format!("{one}.{key}");
            let source = figment.find_metadata(&path)?.name.to_string();
            let what = format!("there are {table} with names; say this in [{table}.NAME], or have no such table");
            (source != usual).then(|| Problem::new(path, source, what))
        };
        self.template(defaults).into_keys().filter_map(said).collect()
    }
}

/// What is wrong with the name of one of several.
pub(super) fn wrong_name(what: &str, name: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fit = !name.is_empty() && name.bytes().all(fits);
    (!fit).then(|| format!("a {what}'s name is made of a-z, 0-9 and hyphens, not {name:?}"))
}
