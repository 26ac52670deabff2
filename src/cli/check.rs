//! `corecast check`.

use super::ask::{self, Silence};
use super::{Failure, print, warn};
use crate::auth::Secret;
use crate::base::json;
use crate::config::{Config, Sources, data_dir, is_reloaded};
use crate::server::preflight;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a node says of its settings.
#[derive(Deserialize)]
struct InForce {
    salt: String,
    digests: BTreeMap<String, String>,
}

/// Says what a start would say, or that nothing is in its way; and what a reload of the node at `against` would change.
pub(super) fn run(sources: &Sources, against: Option<&str>, key_file: Option<&Path>) -> Result<(), Failure> {
    let config = Config::load(sources)?;
    preflight::warnings(&config).iter().for_each(warn);
    let found: Vec<String> = preflight::examine(&config).iter().map(ToString::to_string).collect();
    if !found.is_empty() {
        return Err(Failure::Said(found.join("\n")));
    }
    print(format_args!("{}: ok", sources.describe()))?;
    let Some(url) = against else { return Ok(()) };
    print(told(&config, &in_force(&config, url, key_file)?))
}

fn in_force(config: &Config, url: &str, key_file: Option<&Path>) -> Result<InForce, Failure> {
    if !url.starts_with("http://") {
        return Err(Failure::Said(format!(
            "--against wants the http:// address of a listener without TLS, such as http://127.0.0.1:8080; it is {url:?}"
        )));
    }
    let key = match key_file {
        None => data_dir::api_key(&config.data_dir)?,
        Some(path) => {
            let read = std::fs::read_to_string(path);
            let text = read.map_err(|error| {
                Failure::Said(format!("the key file {} cannot be read: {error}", path.display()))
            })?;
            Secret::new(text.trim_end())
        }
    };
    let url = url.trim_end_matches('/');
    let answer =
        ask::get_as_admin(&format!("{url}/admin/settings"), &key).map_err(|silence| match silence {
            Silence::Nobody(error) => {
                Failure::Said(format!("no node answers at {url} ({error}); is it running?"))
            }
            Silence::NoAnswer(error) => {
                Failure::Said(format!("what answers at {url} gave no whole answer: {error}"))
            }
        })?;
    match answer.status {
        200 => json::read_bytes(&answer.body).map_err(|error| {
            Failure::Said(format!("what answers at {url} is no node of this kind: {error}"))
        }),
        401 => Err(Failure::Said(format!(
            "the node at {url} does not know the key; give one of the scope admin by --key-file"
        ))),
        _ => Err(Failure::Said(format!("the node at {url} does not say its settings: {}", answer.fault()))),
    }
}

/// What a reload would change, and what needs a restart.
fn told(config: &Config, in_force: &InForce) -> String {
    let own = config.given.digests(&in_force.salt);
    let names: BTreeSet<&String> = own.keys().chain(in_force.digests.keys()).collect();
    let differ = names.into_iter().filter(|name| own.get(*name) != in_force.digests.get(*name));
    let (reloaded, restart): (Vec<&str>, Vec<&str>) =
        differ.map(String::as_str).partition(|name| is_reloaded(name));
    let listed = |names: &[&str]| if names.is_empty() { "nothing".into() } else { names.join(", ") };
    format!("a reload would change: {}\nthese need a restart: {}", listed(&reloaded), listed(&restart))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(flags: &[&str]) -> Config {
        let flags = flags.iter().map(ToString::to_string).collect();
        Config::load(&Sources { flags, ..Sources::default() }).unwrap()
    }

    #[test]
    fn what_differs_is_told_by_what_it_takes() {
        let salt = "s".to_owned();
        let in_force = InForce { digests: config(&["cores=1"]).given.digests(&salt), salt };
        assert_eq!(
            told(&config(&["cores=1"]), &in_force),
            "a reload would change: nothing\nthese need a restart: nothing"
        );
        let other =
            config(&["cores=1", "drain_time_s=3", "limits.rooms_max=7", "namespaces.user.presence=true"]);
        assert_eq!(
            told(&other, &in_force),
            "a reload would change: limits.rooms_max\nthese need a restart: drain_time_s, namespaces.user.presence"
        );
    }
}
