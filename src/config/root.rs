//! The top of the tree, and the sections of a key or two.

use super::error::Place;
use super::given::Given;
use super::node::{Kind, Table};
use super::reader::{Context, Reader};
use super::settings::{Config, Cores, DebugConfig, LogConfig, WebSocketConfig};
use super::{
    acme, auth, history, limits, listen, mdaemon, namespaces, proxies, push, quikapp, skapi, tls, xano,
};
use crate::runtime::log::Level;
use crate::surface::list;

/// CPU numbers of Linux are below this (`CONFIG_NR_CPUS` of the largest builds).
const CPUS_MAX: u16 = 8192;

/// Bytes of a node's name.
const NODE_NAME_BYTES_MAX: usize = 128;

/// Reads a whole configuration. What could not be read has a stand-in; the findings decide whether it counts.
pub(super) fn read(table: Table, context: &Context) -> Config {
    let mut root = Reader::new(context, String::new(), Place::Default, table);
    let mut listen = listen::read(&mut root, context);
    let acme = acme::read(root.section("acme"));
    let (limits, tls_limits) = limits::read(root.section("limits"));
    let tls = tls::read(root.section("tls"), tls_limits, &mut listen, !acme.domains.is_empty(), context);
    acme::check(&acme, &listen, &tls, context);
    let trusted_proxies = proxies::read(&mut root);
    proxies::check(&listen, &trusted_proxies, context);
    let data_dir = read_data_dir(&mut root);
    let cores = read_cores(&mut root).unwrap_or(Cores::All);
    let config = Config {
        listen,
        trusted_proxies,
        data_dir,
        cores,
        busy_poll_us: root.integer("busy_poll_us", 0..=1_000_000).unwrap_or(0),
        memory_bytes_max: root.integer("memory_bytes_max", 0..=1 << 50).unwrap_or(0),
        node_name: read_node_name(&mut root),
        drain_time_s: root.integer("drain_time_s", 0..=3600).unwrap_or(0),
        limits,
        tls,
        acme,
        websocket: read_websocket(root.section("websocket")),
        auth: auth::read(root.section("auth"), context),
        history: history::read(root.section("history")),
        debug: read_debug(root.section("debug")),
        log: read_log(root.section("log")),
        namespaces: namespaces::read(&mut root, context),
        workspaces: xano::read(root.section("xano"), context),
        accounts: mdaemon::read(root.section("mdaemon"), context),
        people: quikapp::read(root.section("quikapp")),
        relay: skapi::read(root.section("skapi")),
        push: push::read(root.section("push")),
        warnings: Vec::new(),
        given: Given::default(),
    };
    root.finish();
    limits::check(&config.limits, context);
    config
}

fn read_data_dir(root: &mut Reader<'_>) -> std::path::PathBuf {
    let Some((text, place)) = root.text("data_dir") else { return std::path::PathBuf::new() };
    if text.is_empty() || text.contains('\0') {
        root.refuse(&place, "data_dir", "must be a path");
    }
    text.into()
}

fn read_cores(root: &mut Reader<'_>) -> Option<Cores> {
    const WANTED: &str = r#"must be "all", a number of CPUs from 1, or a list of CPU numbers such as [0, 2]"#;
    let node = root.take("cores")?;
    // A flag or a variable gives text: `all`, `2` or `0,2`.
    let numbers: Option<Vec<i64>> = match &node.kind {
        Kind::Text(text) if text == "all" => return Some(Cores::All),
        Kind::Text(text) if text.contains(',') => text.split(',').map(|n| n.trim().parse().ok()).collect(),
        Kind::Text(text) => return read_core_count(root, &node.place, text.trim().parse().ok(), WANTED),
        Kind::Integer(count) => return read_core_count(root, &node.place, Some(*count), WANTED),
        Kind::List(nodes) => nodes
            .iter()
            .map(|node| if let Kind::Integer(number) = node.kind { Some(number) } else { None })
            .collect(),
        _ => None,
    };
    let mut cpus: Vec<u16> = Vec::new();
    for number in numbers.unwrap_or_default() {
        match u16::try_from(number) {
            Ok(cpu) if cpu < CPUS_MAX && !cpus.contains(&cpu) => cpus.push(cpu),
            Ok(cpu) if cpu < CPUS_MAX => {
                root.refuse(&node.place, "cores", &format!("holds CPU {cpu} twice"));
                return None;
            }
            _ => {
                root.refuse(&node.place, "cores", &format!("holds {number}, which is not a CPU number"));
                return None;
            }
        }
    }
    if cpus.is_empty() {
        root.refuse(&node.place, "cores", WANTED);
        return None;
    }
    Some(Cores::List(cpus))
}

fn read_core_count(root: &Reader<'_>, place: &Place, count: Option<i64>, wanted: &str) -> Option<Cores> {
    let count = count.and_then(|count| u16::try_from(count).ok());
    match count.filter(|count| (1..=CPUS_MAX).contains(count)) {
        Some(count) => Some(Cores::Count(count)),
        None => {
            root.refuse(place, "cores", wanted);
            None
        }
    }
}

fn read_node_name(root: &mut Reader<'_>) -> String {
    let Some((name, place)) = root.text("node_name") else { return String::new() };
    if name.len() > NODE_NAME_BYTES_MAX || name.chars().any(char::is_control) {
        let message = format!("must be at most {NODE_NAME_BYTES_MAX} bytes without control characters");
        root.refuse(&place, "node_name", &message);
    }
    if name.is_empty() { format!("corecast@{}", host_name()) } else { name }
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".into() } else { name.into() }
}

fn read_websocket(mut reader: Reader<'_>) -> WebSocketConfig {
    let config = WebSocketConfig {
        ping_interval_s: reader.integer("ping_interval_s", 1..=86_400).unwrap_or(1),
        pong_timeout_s: reader.integer("pong_timeout_s", 1..=3600).unwrap_or(1),
        compressed: read_compressed(&mut reader),
    };
    reader.finish();
    config
}

fn read_compressed(reader: &mut Reader<'_>) -> Vec<String> {
    let mut surfaces = Vec::new();
    for (text, place) in reader.texts("compressed").unwrap_or_default() {
        if list::with_sockets().any(|name| name == text) {
            surfaces.push(text);
        } else {
            let names: Vec<String> = list::with_sockets().map(|name| format!("{name:?}")).collect();
            let reason = format!("must hold names among {}; one is {text:?}", names.join(", "));
            reader.refuse(&place, "compressed", &reason);
        }
    }
    surfaces
}

fn read_debug(mut reader: Reader<'_>) -> DebugConfig {
    let config = DebugConfig { echo: reader.boolean("echo").unwrap_or(false) };
    reader.finish();
    config
}

fn read_log(mut reader: Reader<'_>) -> LogConfig {
    let levels =
        [("error", Level::ERROR), ("warn", Level::WARN), ("info", Level::INFO), ("debug", Level::DEBUG)];
    let config = LogConfig {
        level: reader.choice("level", &levels).unwrap_or(Level::INFO),
        access: reader.boolean("access").unwrap_or(false),
    };
    reader.finish();
    config
}
