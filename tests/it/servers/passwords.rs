//! What the products do with passwords, and what never leaves here.

use mysql_tls::mysql::ChangeUserOpts;
use mysql_tls::mysql::prelude::*;
use mysql_tls::{CleartextPassword, ConnectionBuilder, PasswordSent, Product, SslMode};

use super::tap::Tap;
use super::world::{Certificate, PASSWORD, World, shared};
use crate::support::rsa_public_key_pem;

/// Logs in and tells in which form the password crossed.
fn password_sent(builder: &ConnectionBuilder) -> PasswordSent {
    let mut connection = builder.connect().unwrap();
    assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
    connection.session().password_sent()
}

pub(super) fn wrong_password(product: Product) {
    let world = shared(product);
    let users = match product {
        Product::MariaDB => ["app", "ed25519", "nobody"],
        Product::TiDB => ["app", "sha2", "nobody"],
        _ => ["app", "sha2_unknown", "nobody"],
    };
    for user in users {
        let error = world.verified().user(user).password("wrong-horse").connect().unwrap_err();
        // So that nobody learns which users there are, MySQL picks a plugin for those that are not.
        if product == Product::MySQL && error.code() == "auth.unsupported-plugin" {
            assert_eq!(user, "nobody");
            assert!(error.to_string().contains("sha256_password"), "{error}");
            assert!(error.to_string().contains("check the user's name"), "{error}");
            continue;
        }
        assert_eq!(error.code(), "auth.access-denied", "{user}: {error}");
        let reply = error.server_reply().unwrap();
        assert_eq!((reply.code(), reply.state()), (1045, Some("28000")), "{user}");
        assert!(reply.is_authenticated(), "it came through TLS");
        assert!(!error.to_string().contains("wrong-horse"), "{error}");
        let none = ConnectionBuilder::new("localhost")
            .port(world.server.port)
            .user(user)
            .ssl_mode(SslMode::Required);
        assert_eq!(none.connect().unwrap_err().code(), "auth.access-denied", "{user}");
    }
}

/// On plaintext nothing but a scramble leaves, whatever the server asks for.
pub(super) fn uncached_password_stays_here(product: Product) {
    check_password_stays_here(shared(product), SslMode::Disabled);
}

/// Nor does it leave where PREFERRED finds no TLS.
pub(super) fn uncached_password_stays_here_in_a_fallback(product: Product) {
    let world = World::start(product, Certificate::None);
    check_password_stays_here(&world, SslMode::Preferred);
}

fn check_password_stays_here(world: &World, mode: SslMode) {
    let (user, code) = match world.product() {
        Product::MySQL => ("sha2_unknown", "auth.needs-secure-connection"),
        Product::TiDB => ("sha2", "auth.needs-secure-connection"),
        _ => ("ed25519", "ok"),
    };
    let tap = Tap::to(world.server.port);
    let result = world.to("127.0.0.1").port(tap.port).user(user).ssl_mode(mode).connect();
    match &result {
        Ok(connection) => {
            assert_eq!(code, "ok");
            assert_eq!(connection.session().password_sent(), PasswordSent::Scramble);
        }
        Err(error) => {
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains("requires a secure connection"), "{error}");
        }
    }
    drop(result);
    assert!(tap.saw(user.as_bytes()), "the tap sees what is sent");
    assert!(!tap.saw(PASSWORD.as_bytes()), "the password left");
}

/// An unverified server gets the password itself, unless `cleartext-password=verified` says otherwise.
pub(super) fn unverified_server_gets_a_proof_alone(product: Product) {
    let world = shared(product);
    let (user, asks) = match product {
        Product::MySQL => ("sha2_unverified", true),
        Product::TiDB => ("sha2", true),
        _ => ("ed25519", false),
    };
    let kept = world.to("localhost").user(user).cleartext_password(CleartextPassword::Verified);
    let unverified = kept.clone().ssl_mode(SslMode::Required);
    match unverified.connect() {
        Ok(connection) => {
            assert!(!asks);
            assert_eq!(connection.session().password_sent(), PasswordSent::Scramble);
        }
        Err(error) => {
            assert!(asks, "{error}");
            assert_eq!(error.code(), "auth.unverified-server", "{error}");
        }
    }
    let proven = if asks { PasswordSent::Cleartext } else { PasswordSent::Scramble };
    let verified = kept.ssl_mode(SslMode::VerifyIdentity).ssl_ca(&world.pki.ca);
    assert_eq!(password_sent(&verified), proven);
    // Without a question for more all works, but for another user on the same connection.
    let app = world.to("localhost").cleartext_password(CleartextPassword::Verified);
    let mut connection = app.ssl_mode(SslMode::Required).connect().unwrap();
    connection.reset().unwrap();
    let user: Option<String> = connection.query_first("SELECT CURRENT_USER()").unwrap();
    assert_eq!(user.as_deref(), Some("app@%"));
    let other = ChangeUserOpts::DEFAULT.with_user(Some("other".to_owned()));
    let error = connection.change_user(other.with_pass(Some(PASSWORD.to_owned()))).unwrap_err();
    assert!(error.to_string().contains("cleartext-password=verified"), "{error}");
    connection.query_drop("SELECT 1").unwrap_err();
}

pub(super) fn native_password(product: Product) {
    let world = shared(product);
    for builder in [world.plaintext(), world.verified()] {
        assert_eq!(password_sent(&builder), PasswordSent::Scramble);
    }
}

pub(super) fn ed25519(product: Product) {
    let world = shared(product);
    for builder in [world.plaintext(), world.verified()] {
        assert_eq!(password_sent(&builder.user("ed25519")), PasswordSent::Scramble);
    }
}

pub(super) fn caching_sha2_full_then_fast(product: Product) {
    let world = shared(product);
    let connector = world.verified().user("sha2");
    assert_eq!(password_sent(&connector), PasswordSent::Cleartext);
    assert_eq!(password_sent(&connector), PasswordSent::Scramble);
    assert_eq!(password_sent(&world.plaintext().user("sha2")), PasswordSent::Scramble);
}

/// The server's Unix socket is secure, for both sides.
pub(super) fn caching_sha2_over_the_socket(product: Product) {
    let world = shared(product);
    let builder = world.plaintext().socket(&world.server.socket).user("sha2_socket");
    assert_eq!(password_sent(&builder), PasswordSent::Cleartext);
    assert_eq!(password_sent(&builder), PasswordSent::Scramble);
}

pub(super) fn caching_sha2_always_full(product: Product) {
    let connector = shared(product).verified().user("sha2");
    for _ in 0..2 {
        assert_eq!(password_sent(&connector), PasswordSent::Cleartext);
    }
}

/// Full authentication on plaintext: the password crosses encrypted with the server's RSA key.
pub(super) fn server_public_key(product: Product) {
    let world = shared(product);
    let key = world.server.dir().join("data/public_key.pem");
    let encrypted = |user: &str, change: &dyn Fn(ConnectionBuilder) -> ConnectionBuilder| {
        let tap = Tap::to(world.server.port);
        let result = change(world.plaintext().port(tap.port).user(user)).connect();
        assert!(!tap.saw(PASSWORD.as_bytes()), "the password left");
        result.map(|connection| connection.session().password_sent())
    };
    let by_path = encrypted("sha2_key", &|builder| builder.server_public_key_path(&key));
    assert_eq!(by_path.unwrap(), PasswordSent::RsaEncrypted);
    let asked = encrypted("sha2_ask", &|builder| builder.get_server_public_key(true));
    assert_eq!(asked.unwrap(), PasswordSent::RsaEncrypted);

    let wrong = world.server.dir().join("wrong-key.pem");
    std::fs::write(&wrong, rsa_public_key_pem(7)).unwrap();
    let refused = encrypted("sha2_wrong_key", &|builder| builder.server_public_key_path(&wrong));
    assert_eq!(refused.unwrap_err().code(), "auth.access-denied");
}
