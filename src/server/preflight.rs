//! What a start would say, without starting: nothing is made, and a node that runs with the same configuration is not
//! disturbed. What only a start finds out stays out: whether the ports and the data directory are free, and whether
//! what is stored can be read.

use super::{ServeError, connections_by_files, cpus};
use crate::auth::Authenticator;
use crate::config::Config;
use crate::config::data_dir::{self, DataSecrets};
use crate::runtime::{check_addresses, machine};

/// Everything that would keep a node of this configuration from starting.
pub fn examine(config: &Config) -> Vec<ServeError> {
    let mut found = machine(config);
    found.extend(surroundings(config));
    found
}

/// All that a start with this configuration warns of, in its order.
pub fn warnings(config: &Config) -> Vec<String> {
    let mut found: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    let files = cpus::of(&config.cores).ok().and_then(|cpus| {
        let cores = cpus.len();
        machine::files(cores, config.listen.len()).ok().map(|files| (files, cores))
    });
    // Without enough of either there is no start.
    found.extend(files.and_then(|(files, cores)| too_few_files(config, &files, cores)));
    found
}

/// That there are fewer descriptors than the connections that are allowed need.
fn too_few_files(config: &Config, files: &machine::Files, cores: usize) -> Option<String> {
    let connections = connections_by_files(files, cores);
    (connections < config.limits.connections_max as usize).then(|| {
        format!(
            "the limit on open files is {}, which is enough for {connections} connections, though limits.connections_max is {}: \
             further ones are refused. Raise the limit (`ulimit -n`, LimitNOFILE= in a systemd unit, --ulimit nofile= in docker), or \
             lower limits.connections_max",
            files.limit, config.limits.connections_max
        )
    })
}

/// What of the machine itself would.
fn machine(config: &Config) -> Vec<ServeError> {
    let mut found = Vec::new();
    let cores = match cpus::of(&config.cores) {
        Ok(cpus) => cpus.len(),
        Err(error) => {
            found.push(error);
            1
        }
    };
    found.extend(machine::check(cores).map_err(ServeError::from).err());
    found.extend(machine::files(cores, config.listen.len()).map_err(ServeError::from).err());
    found
}

/// What of the files and addresses of the configuration would.
pub fn surroundings(config: &Config) -> Vec<ServeError> {
    let mut found = Vec::new();
    found.extend(check_addresses(&config.listen).map_err(ServeError::from).err());
    let secrets = data_dir::examine(&config.data_dir, &config.secret_files());
    found.extend(secrets.into_iter().map(ServeError::from));
    found.extend(credentials(config).err());
    found
}

/// Whether what is configured goes together with the secrets that are there.
fn credentials(config: &Config) -> Result<(), ServeError> {
    // What cannot be read is told by the look at the directory.
    let Ok(api_key) = data_dir::api_key(&config.data_dir) else { return Ok(()) };
    let jwt_secret = data_dir::jwt_secret(&config.data_dir).ok().flatten();
    let api_key_path = config.data_dir.join(data_dir::API_KEY_FILE);
    let secrets = DataSecrets { api_key, api_key_path, api_key_is_new: false, jwt_secret };
    Authenticator::new(config.auth_settings(&secrets))?;
    Ok(())
}
