//! `listen`.

use super::error::Place;
use super::node::{Kind, Node};
use super::reader::{Context, Reader};
use crate::runtime::{Listen, ListenAddress};

const KEY: &str = "listen";

/// How a Unix socket is told from a port.
const UNIX: &str = "unix:";

/// Reads the list: texts, and tables that say more.
pub(super) fn read(root: &mut Reader<'_>, context: &Context) -> Vec<Listen> {
    let Some(node) = root.take(KEY) else { return Vec::new() };
    let place = node.place.clone();
    let nodes = match node.kind {
        Kind::List(nodes) => nodes,
        Kind::Text(_) => vec![node],
        kind => {
            root.refuse(&place, KEY, &format!("must be text or a list of texts; it is {}", kind.describe()));
            return Vec::new();
        }
    };
    if nodes.is_empty() {
        root.refuse(&place, KEY, "must hold at least one address");
    }
    let mut found: Vec<Listen> = Vec::new();
    for (index, node) in nodes.into_iter().enumerate() {
        let place = node.place.clone();
        let Some(listen) = read_one(root, context, index, node) else { continue };
        let is_free_port = listen.address.ip().is_some_and(|address| address.port() == 0);
        if !is_free_port && found.iter().any(|other| other.address == listen.address) {
            root.refuse(&place, KEY, &format!("holds {} twice", listen.address));
        }
        found.push(listen);
    }
    found
}

fn read_one(root: &Reader<'_>, context: &Context, index: usize, node: Node) -> Option<Listen> {
    match node.kind {
        Kind::Text(text) => {
            Some(Listen { address: address(root, &text, &node.place)?, tls: false, proxy_protocol: false })
        }
        Kind::Table(_) => {
            let mut entry = Reader::element(context, format!("{KEY}[{index}]"), node)?;
            if !entry.has("address") {
                entry.refuse(&entry.place().clone(), "address", "must be given");
            }
            let address = entry.text("address").and_then(|(text, place)| address(root, &text, &place));
            let tls = entry.boolean("tls").unwrap_or(false);
            let proxy_protocol = entry.boolean("proxy_protocol").unwrap_or(false);
            entry.finish();
            Some(Listen { address: address?, tls, proxy_protocol })
        }
        kind => {
            root.refuse(&node.place, KEY, &format!("must hold texts or tables; one is {}", kind.describe()));
            None
        }
    }
}

fn address(root: &Reader<'_>, text: &str, place: &Place) -> Option<ListenAddress> {
    if let Some(path) = text.strip_prefix(UNIX) {
        if path.is_empty() || path.contains('\0') {
            root.refuse(place, KEY, r#"must hold a path after "unix:", such as "unix:/run/corecast/socket""#);
            return None;
        }
        return Some(ListenAddress::Unix(path.into()));
    }
    let address = text.parse().ok().map(ListenAddress::Ip);
    if address.is_none() {
        let wanted = r#"must hold "ip:port", such as "127.0.0.1:8080" or "[::]:8080""#;
        root.refuse(place, KEY, &format!("{wanted}; one is {text:?}"));
    }
    address
}
