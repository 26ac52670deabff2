//! The program's code is copied into huge pages, and serves from there.

use crate::server::Home;

#[test]
fn the_code_is_copied_unless_that_is_switched_off() {
    let server = Home::new(&[]).start();
    server.client().assert_alive();
    let copied = server.copied_code();
    assert!(copied > 0 && copied.is_multiple_of(2 << 20), "{copied} bytes");

    let server = Home::new(&["huge_code_pages=false"]).start();
    server.client().assert_alive();
    assert_eq!(server.copied_code(), 0);
}
