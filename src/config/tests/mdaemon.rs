//! `[[mdaemon.user]]`.

use super::Case;

const HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$2NeynwkO9ujmpBV6bVmUl658OWY77JKheBp8ZDfytGs";

fn user(address: &str, hash: &str) -> String {
    format!("[[mdaemon.user]]\nuser = \"{address}\"\npassword_hash = \"{hash}\"\n")
}

#[test]
fn users_have_an_address_and_a_hash() {
    let file = "[[mdaemon.user]]\nuser = \"bob@example.com\"\npassword_hash_file = \"DIR/bob\"\n";
    let config = Case::new(&format!("{}{file}", user("Ada@example.com", HASH)))
        .file("bob", format!("{HASH}\n").as_bytes())
        .good();
    let users: Vec<_> = config.accounts.iter().map(|account| account.user.as_str()).collect();
    assert_eq!(users, ["Ada@example.com", "bob@example.com"]);
    assert!(config.accounts.iter().all(|account| account.password.to_string() == HASH));
    assert!(Case::new("").good().accounts.is_empty());
}

#[test]
fn mistakes_are_found_and_no_hash_is_shown() {
    let costly = HASH.replace("m=8", "m=1000000");
    let twice = user("ADA@example.com", HASH);
    for (text, wanted) in [
        (user("ada", HASH), "mdaemon.user[0].user must be an address"),
        (user("a,b@example.com", HASH), "mdaemon.user[0].user must be an address"),
        (
            user("ada@example.com", "hunter2"),
            "password_hash cannot be used: the hash of a password must be an argon2id",
        ),
        (
            user("ada@example.com", &costly),
            "password_hash cannot be used: the hash of a password must be made with",
        ),
        (
            "[[mdaemon.user]]\nuser = \"ada@example.com\"\n".into(),
            "password_hash or password_hash_file must be given",
        ),
        (format!("[[mdaemon.user]]\npassword_hash = \"{HASH}\"\n"), "mdaemon.user[0].user must be given"),
        (
            format!("{}{twice}", user("ada@example.com", HASH)),
            "mdaemon.user[1].user is the user of an earlier entry",
        ),
        (format!("{}pasword = 1\n", user("ada@example.com", HASH)), "pasword is not a setting"),
    ] {
        let said = Case::new(&text).bad();
        assert!(said.contains(wanted), "{wanted}: {said}");
        assert!(!said.contains("2NeynwkO9") && !said.contains("hunter2"), "{said}");
    }
}
