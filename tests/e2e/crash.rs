//! The server is killed and comes back.

use crate::client::End;
use crate::server::{Home, two_cpus};
use serde_json::json;

#[test]
fn a_killed_server_comes_back_on_its_port_and_data() {
    let mut home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    home.set(r#"namespaces.room.history_durability="memory""#);
    let mut server = home.start();
    home.set(&format!(r#"listen=["{}"]"#, server.address));
    for round in 0..3 {
        let mut clients: Vec<_> = (0..10).map(|_| server.client()).collect();
        clients.iter_mut().for_each(|client| assert_eq!(client.subscribe("room:a").1, 0));
        server.client().publish("room:a", json!(round));
        server.signal(libc::SIGKILL);
        assert_eq!(server.process.end().code(), None);
        for client in &mut clients {
            assert_eq!(client.end(), End::Cut);
        }
        let (address, key) = (server.address, server.key.clone());
        server = home.start();
        assert_eq!((server.address, &server.key), (address, &key));
    }
    server.client().assert_alive();
}
