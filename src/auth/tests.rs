//! The attacks on credentials, one test each.

use super::*;
use crate::model::access::Grants;
use crate::model::session::Scopes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use proptest::prelude::*;

const SECRET: &str = "a secret of the tests, long enough for HS256";
const NOW_S: u64 = 1_735_689_600;
const NOW: Now = Now { monotonic_us: 5, unix_ms: NOW_S * 1000 };
const LEEWAY_S: u64 = 30;

fn settings() -> AuthSettings {
    AuthSettings {
        api_keys: vec![ApiKey {
            key: Secret::new("cc_key"),
            user: "ada".into(),
            name: Some("Ada".into()),
            scopes: Scopes::ADMIN,
        }],
        jwt_secret: Some(Secret::new(SECRET)),
        jwt_public_keys: Vec::new(),
        leeway_s: LEEWAY_S as u32,
        ..AuthSettings::default()
    }
}

fn public_key_settings(pem: &str) -> AuthSettings {
    AuthSettings { jwt_public_keys: vec![pem.into()], ..AuthSettings::default() }
}

fn authenticator() -> Authenticator {
    Authenticator::new(settings()).unwrap()
}

/// A token of these parts, signed as HS256 whatever the header says.
fn token_signed_with(secret: &[u8], header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature =
        crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn token(header: &str, payload: &str) -> String {
    token_signed_with(SECRET.as_bytes(), header, payload)
}

fn claims(payload: &str) -> String {
    token(r#"{"alg":"HS256"}"#, payload)
}

fn accepted(credential: &str) -> Session {
    Session::clone(&authenticator().verify(credential, NOW).unwrap())
}

fn refused_by(authenticator: &Authenticator, credential: &str) -> String {
    let fault = authenticator.verify(credential, NOW).unwrap_err();
    assert_eq!(fault.code, FaultCode::Unauthenticated);
    for part in credential.split('.').filter(|part| part.len() >= 4) {
        assert!(!fault.message.contains(part), "the fault repeats the credential: {}", fault.message);
    }
    fault.message.into_owned()
}

fn refused(credential: &str) -> String {
    refused_by(&authenticator(), credential)
}

#[test]
fn an_api_key_gives_one_shared_session() {
    let authenticator = authenticator();
    let first = authenticator.verify("cc_key", NOW).unwrap();
    let second = authenticator.verify("cc_key", NOW).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!((&*first.user, first.name.as_deref(), first.scopes), ("ada", Some("Ada"), Scopes::ADMIN));
    assert_eq!(first.expires_unix_s, None);
}

#[test]
fn unknown_keys_are_refused() {
    assert_eq!(refused(""), "Credentials are missing: send an API key or a token");
    for key in ["cc_ke", "cc_keyy", "CC_KEY", "cc_key ", "cc_key\0"] {
        assert_eq!(refused(key), "The API key is not known");
    }
}

#[test]
fn a_key_may_look_like_a_token() {
    let mut settings = settings();
    settings.api_keys[0].key = Secret::new("a.b.c");
    assert!(Authenticator::new(settings).unwrap().verify("a.b.c", NOW).is_ok());
}

#[test]
fn a_good_token_gives_its_session() {
    let session = accepted(&claims(&format!(r#"{{"sub":"bob","name":"Bob","exp":{}}}"#, NOW_S + 60)));
    assert_eq!((&*session.user, session.name.as_deref()), ("bob", Some("Bob")));
    assert_eq!(session.scopes, Scopes::READ.union(Scopes::WRITE));
    assert_eq!(session.expires_unix_s, Some(NOW_S + 60 + LEEWAY_S));
}

#[test]
fn unsigned_tokens_are_refused() {
    let payload = format!(r#"{{"sub":"bob","exp":{}}}"#, NOW_S + 60);
    assert_eq!(refused(&token(r#"{"alg":"none"}"#, &payload)), "The token is not signed");
    for alg in ["None", "NONE", "nOnE", "", "HS512", "RS512", "PS256", "hs256"] {
        let token = token(&format!(r#"{{"alg":"{alg}"}}"#), &payload);
        assert_eq!(refused(&token), "The token's algorithm is not supported");
    }
    let good = claims(&payload);
    let unsigned = &good[..=good.rfind('.').unwrap()];
    assert_eq!(refused(unsigned), "The token's signature does not match");
}

#[test]
fn header_and_claims_are_objects() {
    let good = format!(r#"{{"sub":"bob","exp":{}}}"#, NOW_S + 60);
    assert_eq!(refused(&token(r#"["HS256"]"#, &good)), "The token is malformed");
    assert_eq!(refused(&token(r#"["HS256",true]"#, &good)), "The token is malformed");
    let list = format!(r#"["bob",null,{}]"#, NOW_S + 60);
    assert_eq!(refused(&claims(&list)), "The token's claims are no object that has each claim once");
}

#[test]
fn a_public_key_is_never_a_secret() {
    let payload = format!(r#"{{"sub":"bob","exp":{}}}"#, NOW_S + 60);
    for pem in [include_str!("testdata/rsa.public.pem"), include_str!("testdata/ed.public.pem")] {
        let forged = token_signed_with(pem.as_bytes(), r#"{"alg":"HS256"}"#, &payload);
        let public_only = Authenticator::new(public_key_settings(pem)).unwrap();
        assert_eq!(refused_by(&public_only, &forged), "No key is configured for HS256 tokens");
        let both = AuthSettings { jwt_secret: Some(Secret::new(SECRET)), ..public_key_settings(pem) };
        let both = Authenticator::new(both).unwrap();
        assert_eq!(refused_by(&both, &forged), "The token's signature does not match");
        let swapped = token_signed_with(SECRET.as_bytes(), r#"{"alg":"RS256"}"#, &payload);
        assert!(both.verify(&swapped, NOW).is_err());
    }
    assert_eq!(refused(&token(r#"{"alg":"RS256"}"#, &payload)), "No key is configured for RS256 tokens");
}

/// The tokens name a `kid`, a `jku` and an `x5u`, which must not matter.
#[test]
fn tokens_of_each_public_key_algorithm_hold() {
    let cases = [
        (include_str!("testdata/rsa.public.pem"), include_str!("testdata/rs256.jwt")),
        (include_str!("testdata/rsa-pkcs1.public.pem"), include_str!("testdata/rs256.jwt")),
        (include_str!("testdata/ec.public.pem"), include_str!("testdata/es256.jwt")),
        (include_str!("testdata/ed.public.pem"), include_str!("testdata/eddsa.jwt")),
    ];
    for (pem, token) in cases {
        let authenticator = Authenticator::new(public_key_settings(pem)).unwrap();
        assert_eq!(&*authenticator.verify(token, NOW).unwrap().user, "ada");
        for (_, other) in cases.iter().filter(|(_, other)| *other != token) {
            assert!(refused_by(&authenticator, other).starts_with("No key is configured"));
        }
        let (message, signature) = token.rsplit_once('.').unwrap();
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{message}.{flipped}{}", &signature[1..]);
        assert_eq!(refused_by(&authenticator, &forged), "The token's signature does not match");
    }
}

#[test]
fn any_of_several_keys_may_have_signed() {
    let mut settings = settings();
    settings.jwt_public_keys = vec![
        include_bytes!("testdata/ec.public.pem").to_vec(),
        include_bytes!("testdata/ed.public.pem").to_vec(),
    ];
    let authenticator = Authenticator::new(settings).unwrap();
    for token in [include_str!("testdata/es256.jwt"), include_str!("testdata/eddsa.jwt")] {
        assert!(authenticator.verify(token, NOW).is_ok());
    }
    assert!(authenticator.verify(&claims(r#"{"sub":"a","exp":9999999999}"#), NOW).is_ok());
}

#[test]
fn critical_extensions_are_refused() {
    for crit in [r#"["b64"]"#, "[]", "null", r#""exp""#, "{}"] {
        let token = token(&format!(r#"{{"alg":"HS256","crit":{crit}}}"#), r#"{"sub":"a","exp":9999999999}"#);
        assert_eq!(refused(&token), "The token demands an extension (crit) that is not supported");
    }
}

#[test]
fn what_names_a_key_is_ignored() {
    let header = r#"{"alg":"HS256","kid":"../../dev/null","jku":"http://127.0.0.1/","x5u":"file:///etc/passwd",
        "jwk":{"kty":"oct","k":"AAAA"},"x5c":5}"#;
    assert_eq!(&*accepted(&token(header, r#"{"sub":"a","exp":9999999999}"#)).user, "a");
    let with_own_key = token_signed_with(b"", header, r#"{"sub":"a","exp":9999999999}"#);
    assert_eq!(refused(&with_own_key), "The token's signature does not match");
}

#[test]
fn expiry_is_demanded_and_kept_with_leeway() {
    assert_eq!(refused(&claims(r#"{"sub":"a"}"#)), "The token has no expiry (exp)");
    assert_eq!(refused(&claims(r#"{"sub":"a","exp":null}"#)), "The token has no expiry (exp)");
    let at = |exp: String| claims(&format!(r#"{{"sub":"a","exp":{exp}}}"#));
    accepted(&at((NOW_S - LEEWAY_S + 1).to_string()));
    accepted(&at(format!("{}.5", NOW_S + 1)));
    accepted(&at("1e300".into()));
    accepted(&at(u64::MAX.to_string()));
    assert_eq!(refused(&at((NOW_S - LEEWAY_S).to_string())), "The token expired at 2024-12-31T23:59:30Z");
    assert_eq!(refused(&at("0".into())), "The token expired at 1970-01-01T00:00:00Z");
    assert_eq!(refused(&at("-5".into())), "The token expired at 1970-01-01T00:00:00Z");
    let text = refused(&at(r#""9999999999""#.into()));
    assert_eq!(text, "The token's claim \"exp\" must be a number of seconds since 1970");
}

#[test]
fn not_before_is_kept_with_leeway_and_issue_time_ignored() {
    let nbf = |nbf: u64| claims(&format!(r#"{{"sub":"a","exp":9999999999,"nbf":{nbf}}}"#));
    accepted(&nbf(NOW_S + LEEWAY_S));
    assert_eq!(refused(&nbf(NOW_S + LEEWAY_S + 1)), "The token is not valid before 2025-01-01T00:00:31Z");
    refused(&nbf(u64::MAX));
    accepted(&claims(r#"{"sub":"a","exp":9999999999,"iat":9999999998}"#));
    accepted(&claims(r#"{"sub":"a","exp":9999999999,"iat":"soon"}"#));
}

#[test]
fn a_subject_is_demanded_and_bounded() {
    let expected = "The token's subject (sub) must be 1 to 128 bytes without control characters";
    let sub = |sub: &str| claims(&format!(r#"{{"sub":{sub},"exp":9999999999}}"#));
    assert_eq!(refused(&claims(r#"{"exp":9999999999}"#)), expected);
    for bad in
        [r#""""#, "null", r#""a\nb""#, r#""a\u0000""#, r#""\u0085""#, &format!("\"{}\"", "a".repeat(129))]
    {
        assert_eq!(refused(&sub(bad)), expected);
    }
    assert_eq!(refused(&sub("5")), "The token's claim \"sub\" must be text");
    assert_eq!(accepted(&sub(&format!("\"{}\"", "a".repeat(128)))).user.len(), 128);
}

#[test]
fn names_are_bounded() {
    let name = |name: &str| claims(&format!(r#"{{"sub":"a","exp":9999999999,"name":{name}}}"#));
    assert_eq!(accepted(&name(r#""Ädä""#)).name.as_deref(), Some("Ädä"));
    assert_eq!(accepted(&name("null")).name, None);
    assert_eq!(accepted(&name(r#""""#)).name, None);
    let expected = "The token's name must be at most 256 bytes without control characters";
    assert_eq!(refused(&name(r#""a\u0007b""#)), expected);
    assert_eq!(refused(&name(&format!("\"{}\"", "a".repeat(257)))), expected);
}

#[test]
fn scopes_come_as_words_or_as_a_list() {
    let scopes = |more: &str| accepted(&claims(&format!(r#"{{"sub":"a","exp":9999999999{more}}}"#))).scopes;
    assert_eq!(scopes(r#","scope":"read""#), Scopes::READ);
    assert_eq!(scopes(r#","scope":"openid  write read""#), Scopes::READ.union(Scopes::WRITE));
    assert_eq!(scopes(r#","scopes":["admin"]"#), Scopes::ADMIN);
    assert_eq!(scopes(r#","scope":"read","scopes":["write"]"#), Scopes::READ.union(Scopes::WRITE));
    assert_eq!(scopes(r#","scopes":"write""#), Scopes::WRITE);
    // A word of Amazon Cognito's that says nothing about us neither takes away nor makes an admin.
    let silent = "aws.cognito.signin.user.admin";
    assert_eq!(scopes(&format!(r#","scope":"{silent}""#)), Scopes::READ.union(Scopes::WRITE));
    assert_eq!(scopes(&format!(r#","scopes":["{silent}"]"#)), Scopes::READ.union(Scopes::WRITE));
    assert_eq!(scopes(&format!(r#","scope":"{silent}","scopes":["read"]"#)), Scopes::READ);
    assert_eq!(scopes(&format!(r#","scope":"{silent} read""#)), Scopes::READ);
    for none in [r#","scope":"""#, r#","scopes":[]"#, r#","scope":"ADMIN profile""#] {
        assert_eq!(scopes(none), Scopes::NONE);
    }
}

#[test]
fn a_claim_that_restricts_is_not_taken_for_absent() {
    let with = |claim: &str| claims(&format!(r#"{{"sub":"a","exp":9999999999,{claim}}}"#));
    for channels in [
        "null",
        "[]",
        "true",
        "\"room:1\"",
        "[\"room:1\"]",
        r#"{"subscribe":null}"#,
        r#"{"subscribe":"room:1"}"#,
        r#"{"publish":[1]}"#,
        r#"{"publish":[null]}"#,
        r#"{"subscribe":["a"],"subscribe":["b"]}"#,
    ] {
        let error = refused(&with(&format!("\"channels\":{channels}")));
        assert!(error.starts_with("The token's claim \"channels\" must be an object"), "{channels}: {error}");
    }
    for scope in ["null", "5", "{}", "[null]"] {
        for name in ["scope", "scopes"] {
            let error = refused(&with(&format!("\"{name}\":{scope}")));
            assert!(error.starts_with(&format!("The token's claim \"{name}\" must be")), "{scope}: {error}");
        }
    }
    for claim in [r#""nbf":null"#, r#""nbf":"1""#] {
        assert!(refused(&with(claim)).starts_with("The token's claim \"nbf\" must be"), "{claim}");
    }
    assert_eq!(accepted(&with(r#""channels":{}"#)).grants, Some(Grants::default().into()));
}

#[test]
fn huge_credentials_are_refused_unread() {
    let huge = claims(&format!(r#"{{"sub":"a","exp":9999999999,"pad":"{}"}}"#, "a".repeat(8 << 10)));
    assert_eq!(refused(&huge), "The credentials are too long: at most 8192 bytes");
    let most = format!("{}..", "a".repeat(CREDENTIAL_BYTES_MAX - 2));
    assert_eq!(refused(&most), "The token is malformed");
}

#[test]
fn deep_json_neither_overflows_nor_passes() {
    let deep = "[".repeat(2500);
    assert_eq!(refused(&claims(&deep)), "The token's claims are no object that has each claim once");
    let closed = format!("{}{}", "[".repeat(1500), "]".repeat(1500));
    accepted(&claims(&format!(r#"{{"sub":"a","exp":9999999999,"x":{closed}}}"#)));
    let header = format!(r#"{{"alg":"HS256","x":{closed}}}"#);
    accepted(&token(&header, r#"{"sub":"a","exp":9999999999}"#));
    refused(&claims(&format!(r#"{{"sub":"a","exp":9999999999,"scope":{closed}}}"#)));
}

#[test]
fn ambiguous_claims_are_refused() {
    let twice = claims(r#"{"sub":"a","sub":"admin","exp":9999999999}"#);
    assert_eq!(refused(&twice), "The token's claims are no object that has each claim once");
    assert_eq!(refused(&token(r#"{"alg":"HS256","alg":"none"}"#, "{}")), "The token is malformed");
}

#[test]
fn malformed_tokens_are_refused() {
    for bad in ["..", "a.b.c", "e30.e30.", "e30=.e30=.AA==", "\u{fffd}.\u{fffd}.\u{fffd}"] {
        assert_eq!(refused(bad), "The token is malformed");
    }
    assert_eq!(refused(&claims("not json")), "The token's claims are no JSON");
    assert_eq!(refused(&claims("")), "The token's claims are no JSON");
    for parts in ["a.b", "a.b.c.d"] {
        assert_eq!(refused(parts), "The API key is not known");
    }
}

#[test]
fn a_changed_byte_never_passes() {
    let good = claims(r#"{"sub":"a","exp":9999999999}"#);
    let authenticator = authenticator();
    assert!(authenticator.verify(&good, NOW).is_ok());
    for at in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(authenticator.verify(&String::from_utf8(changed).unwrap(), NOW).is_err(), "byte {at}");
        assert!(authenticator.verify(&good[..at], NOW).is_err());
    }
}

#[test]
fn a_signed_token_verifies() {
    let claims = TokenClaims {
        user: "bob".into(),
        name: Some("Bob \"B\"".into()),
        scopes: vec!["read".into(), "write".into()],
        ttl_s: 60,
    };
    let session = accepted(&sign(&Secret::new(SECRET), &claims, NOW).unwrap());
    assert_eq!((&*session.user, session.name.as_deref()), ("bob", Some("Bob \"B\"")));
    assert_eq!(session.expires_unix_s, Some(NOW_S + 60 + LEEWAY_S));
    let nobody = TokenClaims { user: String::new(), ..claims.clone() };
    assert_eq!(sign(&Secret::new(SECRET), &nobody, NOW), Err(SignError::User));
    let short = sign(&Secret::new("short"), &claims, NOW);
    assert_eq!(short, Err(SignError::Secret(AuthSetupError::JwtSecretShort)));
}

#[test]
fn a_pair_of_tokens_is_of_one_user_of_one_service() {
    let claims = TokenClaims { user: "b-1".into(), name: None, scopes: vec!["read".into()], ttl_s: 60 };
    let pair = sign_pair(&Secret::new(SECRET), &claims, "us01x", NOW).unwrap();
    for (token, used) in [(&pair.id_token, "id"), (&pair.access_token, "access")] {
        assert_eq!(accepted(token).scopes, Scopes::READ);
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!((&payload["cognito:username"], &payload["sub"]), (&"b-1".into(), &"b-1".into()));
        assert_eq!((&payload["custom:service"], &payload["token_use"]), (&"us01x".into(), &used.into()));
        assert_eq!((&payload["exp"], &payload["auth_time"]), (&(NOW_S + 60).into(), &NOW_S.into()));
    }
    let nobody = TokenClaims { user: String::new(), ..claims };
    assert_eq!(sign_pair(&Secret::new(SECRET), &nobody, "us01x", NOW).err(), Some(SignError::User));
}

#[test]
fn settings_that_cannot_be_served_are_refused() {
    let with = |change: fn(&mut AuthSettings)| {
        let mut settings = settings();
        change(&mut settings);
        Authenticator::new(settings).map(drop)
    };
    assert_eq!(with(|_| ()), Ok(()));
    assert_eq!(with(|s| s.api_keys.push(s.api_keys[0].clone())), Err(AuthSetupError::ApiKeyTwice));
    assert_eq!(with(|s| s.api_keys[0].key = Secret::new("")), Err(AuthSetupError::ApiKeyForm));
    assert_eq!(with(|s| s.api_keys[0].key = Secret::new("a b")), Err(AuthSetupError::ApiKeyForm));
    assert_eq!(with(|s| s.api_keys[0].user.clear()), Err(AuthSetupError::User));
    assert_eq!(with(|s| s.api_keys[0].name = Some("\n".into())), Err(AuthSetupError::Name));
    assert_eq!(with(|s| s.jwt_secret = Some(Secret::new([1; 31]))), Err(AuthSetupError::JwtSecretShort));
    assert!(matches!(with(|s| s.jwt_public_keys.push(b"x".to_vec())), Err(AuthSetupError::PublicKey(_))));
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?} {:?}", settings(), authenticator());
    assert!(!shown.contains("cc_key") && !shown.contains(SECRET), "{shown}");
}

proptest! {
    #[test]
    fn arbitrary_credentials_never_pass_or_panic(credential in ".{0,200}", parts in "[A-Za-z0-9_.=-]{0,200}") {
        let authenticator = authenticator();
        prop_assert!(authenticator.verify(&credential, NOW).is_err());
        prop_assert!(authenticator.verify(&parts, NOW).is_err());
    }

    #[test]
    fn arbitrary_signed_payloads_never_panic(header in ".{0,60}", payload in ".{0,200}") {
        let authenticator = authenticator();
        let _ = authenticator.verify(&token(&header, &payload), NOW);
        let _ = authenticator.verify(&claims(&payload), NOW);
    }
}

#[test]
fn what_others_are_shown_comes_from_the_claims_and_is_somebody_elses_otherwise() {
    let shown = |credential: &str| authenticator().verify_shown(credential, NOW).unwrap().1;
    let of = |rest: &str| {
        let Shown { extras, table, row } =
            shown(&claims(&format!(r#"{{"sub":"42","exp":9999999999{rest}}}"#)));
        (extras, table, row)
    };
    assert_eq!(of(""), ("{}".into(), 1, 42));
    assert_eq!(
        of(r#","extras":{"name": "A\"da"},"dbo_id":7,"row_id":9"#),
        (r#"{"name": "A\"da"}"#.into(), 7, 9)
    );
    assert_eq!(of(r#","extras":[1],"dbo_id":"x","row_id":-1"#), ("{}".into(), 1, 42), "of other types");
    assert_eq!(of(r#","extras":null,"dbo_id":null"#), ("{}".into(), 1, 42));
    assert_eq!(shown("cc_key"), Shown { extras: "{}".into(), table: 1, row: 0 }, "ada is no number");
}
