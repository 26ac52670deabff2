//! The reference servers, each a process of its own: `loadtest echo-server` and `loadtest limit-server`. They print
//! the address they listen on as their one line of output, and end with their last connection or their parent.

pub mod echo;
pub mod limit;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};

/// Listens on a free port of loopback and says which.
fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    Ok(listener)
}
