//! `listen`.

use super::error::Place;
use super::node::{Kind, Node};
use super::reader::{Context, Reader};
use crate::runtime::{Listen, ListenAddress};

/// The list for everybody.
const LISTEN: &str = "listen";

/// The list for operators.
const ADMIN_LISTEN: &str = "admin_listen";

/// How a Unix socket is told from a port.
const UNIX: &str = "unix:";

/// Reads the list for everybody, which has an entry at least, and that for operators.
pub(super) fn read(root: &mut Reader<'_>, context: &Context) -> Vec<Listen> {
    let mut found = Vec::new();
    read_list(root, context, LISTEN, &mut found);
    let everybodys = found.len();
    read_list(root, context, ADMIN_LISTEN, &mut found);
    found[everybodys..].iter_mut().for_each(|listen| listen.operators = true);
    found
}

/// Reads a list: texts, and tables that say more.
fn read_list(root: &mut Reader<'_>, context: &Context, key: &'static str, found: &mut Vec<Listen>) {
    let Some(node) = root.take(key) else { return };
    let place = node.place.clone();
    let nodes = match node.kind {
        Kind::List(nodes) => nodes,
        Kind::Text(_) => vec![node],
        kind => {
            return root.refuse(
                &place,
                key,
                &format!("must be text or a list of texts; it is {}", kind.describe()),
            );
        }
    };
    if nodes.is_empty() && key == LISTEN {
        root.refuse(&place, key, "must hold at least one address");
    }
    for (index, node) in nodes.into_iter().enumerate() {
        let place = node.place.clone();
        let Some(listen) = read_one(root, context, (key, index), node) else { continue };
        let is_free_port = listen.address.ip().is_some_and(|address| address.port() == 0);
        if !is_free_port && found.iter().any(|other| other.address == listen.address) {
            let is_own = key == LISTEN;
            let how = if is_own { " twice" } else { ", which is listened on already" };
            root.refuse(&place, key, &format!("holds {}{how}", listen.address));
        }
        found.push(listen);
    }
}

fn read_one(
    root: &Reader<'_>,
    context: &Context,
    (key, index): (&'static str, usize),
    node: Node,
) -> Option<Listen> {
    let plain = |address| Listen { address, tls: false, proxy_protocol: false, operators: false };
    match node.kind {
        Kind::Text(text) => address(root, key, &text, &node.place).map(plain),
        Kind::Table(_) => {
            let mut entry = Reader::element(context, format!("{key}[{index}]"), node)?;
            if !entry.has("address") {
                entry.refuse(&entry.place().clone(), "address", "must be given");
            }
            let address = entry.text("address").and_then(|(text, place)| address(root, key, &text, &place));
            let tls = entry.boolean("tls").unwrap_or(false);
            let proxy_protocol = entry.boolean("proxy_protocol").unwrap_or(false);
            entry.finish();
            Some(Listen { tls, proxy_protocol, ..plain(address?) })
        }
        kind => {
            root.refuse(&node.place, key, &format!("must hold texts or tables; one is {}", kind.describe()));
            None
        }
    }
}

fn address(root: &Reader<'_>, key: &str, text: &str, place: &Place) -> Option<ListenAddress> {
    if let Some(path) = text.strip_prefix(UNIX) {
        if path.is_empty() || path.contains('\0') {
            root.refuse(place, key, r#"must hold a path after "unix:", such as "unix:/run/corecast/socket""#);
            return None;
        }
        return Some(ListenAddress::Unix(path.into()));
    }
    let address = text.parse().ok().map(ListenAddress::Ip);
    if address.is_none() {
        let wanted = r#"must hold "ip:port", such as "127.0.0.1:8080" or "[::]:8080""#;
        root.refuse(place, key, &format!("{wanted}; one is {text:?}"));
    }
    address
}
