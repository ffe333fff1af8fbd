//! The table of what attackers get: each cell is played by scripted attackers, who take what they can.

use std::collections::BTreeSet;

use mysql_tls::mysql::prelude::*;
use mysql_tls::{CleartextPassword, ConnectionBuilder, SslMode};

use super::table;
use crate::kit::*;
use crate::support::*;

const QUERY: &str = "SELECT amount FROM salaries";

/// What one attacker plays, one script after the other.
type Attack = (&'static str, Vec<ServerScript>);
type Build = Box<dyn Fn(&ScriptedServer) -> ConnectionBuilder>;

/// The modes, by the rows that they stand in.
fn modes() -> Vec<(&'static str, Vec<Build>)> {
    // Everybody has a client certificate, so that it shows who is told of it.
    let client = Authority::new("Client CA").client("app").issue();
    let mode = move |mode: SslMode, change: fn(ConnectionBuilder) -> ConnectionBuilder| -> Build {
        let client = client.clone();
        Box::new(move |server| {
            let builder = builder("localhost", server).ssl_mode(mode);
            let builder = builder.ssl_cert_pem(client.chain_pem()).ssl_key_pem(client.key_pem());
            change(builder)
        })
    };
    let as_it_is: fn(_) -> _ = |builder| builder;
    let with_ca: fn(ConnectionBuilder) -> _ = |builder| builder.ssl_ca_pem(ca().pem());
    let asking: fn(ConnectionBuilder) -> _ = |builder| builder.get_server_public_key(true);
    let pinned: fn(ConnectionBuilder) -> _ = |builder| {
        use sha2::{Digest, Sha256};
        builder.tls_peer_fingerprint(data_encoding::HEXLOWER.encode(&Sha256::digest(good().der())))
    };
    let proven: fn(ConnectionBuilder) -> _ =
        |builder| builder.cleartext_password(CleartextPassword::Verified);
    use SslMode::{Disabled, Preferred, Required, VerifyCa, VerifyIdentity};
    vec![
        ("`DISABLED`", vec![mode(Disabled, as_it_is)]),
        ("`DISABLED`, `get-server-public-key=true`", vec![mode(Disabled, asking)]),
        ("`PREFERRED`", vec![mode(Preferred, as_it_is)]),
        ("`PREFERRED`, `cleartext-password=verified`", vec![mode(Preferred, proven)]),
        ("`PREFERRED` with a CA", vec![mode(Preferred, with_ca)]),
        ("`REQUIRED`", vec![mode(Required, as_it_is)]),
        ("`REQUIRED`, `cleartext-password=verified`", vec![mode(Required, proven)]),
        ("`REQUIRED` with a pin", vec![mode(Required, pinned)]),
        (
            "`REQUIRED` with a CA, `VERIFY_CA`",
            vec![mode(Required, with_ca), mode(VerifyCa, with_ca)],
        ),
        ("`VERIFY_IDENTITY`", vec![mode(VerifyIdentity, with_ca)]),
    ]
}

fn attacks() -> Vec<Attack> {
    // What he may ask of a client that is not inside TLS, and of one that is.
    let key = rsa_public_key_pem(7);
    let clear = || AuthStep::switch("mysql_clear_password", b"");
    let outside =
        [vec![AuthStep::Ok], vec![clear(), AuthStep::Ok], vec![AuthStep::full_auth_with_key(&key)]];
    let switch = |plugin| AuthStep::switch(plugin, b"another-nonce-of-20b");
    let full = AuthStep::FullAuth { password: None, public_key_pem: Some(key.clone()) };
    let inside = [
        vec![AuthStep::FastOk],
        vec![switch("mysql_native_password"), AuthStep::Ok],
        vec![clear(), AuthStep::Ok],
        vec![full.clone()],
    ];
    // An account of another plugin, moved to the one that asks for the password.
    let moved = [switch("caching_sha2_password"), full];
    let with = |issued: &Issued| -> Vec<ServerScript> {
        let tls = ServerTls::new(issued).any_client_cert();
        let script = || ServerScript::new().tls(tls.clone());
        let native = script().plugin("mysql_native_password").auth(moved.clone());
        inside.iter().map(|steps| script().auth(steps.clone())).chain([native]).collect()
    };
    let honest = |tls: ServerTls| {
        let tls = tls.any_client_cert();
        ServerScript::new().tls(tls).auth([AuthStep::check(USER, PASSWORD)])
    };
    let forged =
        [self_signed("localhost").issue(), Authority::new("Right CA").server("localhost").issue()];
    let mut stolen = ca().server("localhost").issue();
    stolen.chain.clone_from(&good().chain);
    let stripped = outside.map(|steps| over_tls().without_ssl().auth(steps));
    vec![
        (
            "only listens",
            vec![
                honest(ServerTls::new(good()).only_tls13()),
                honest(ServerTls::new(good()).only_tls12()),
            ],
        ),
        ("removes the offer of TLS", stripped.into()),
        ("ends TLS with a certificate of his own", forged.iter().flat_map(with).collect()),
        ("has another certificate of that CA", with(&ca().server("elsewhere.example.com").issue())),
        ("has the server's certificate, not its key", with(&stolen)),
        ("has the server's key too", with(good())),
    ]
}

/// What came into his hands, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Loot {
    UserName,
    Scramble,
    Password,
    Queries,
    /// Who the client certificate is for.
    Identity,
    /// The same, where TLS 1.2 is spoken.
    IdentityInTls12,
}

impl Loot {
    fn words(self) -> &'static str {
        match self {
            Loot::UserName => "user name",
            Loot::Scramble => "scramble",
            Loot::Password => "**the password**",
            Loot::Queries => "queries",
            Loot::Identity => "client certificate",
            Loot::IdentityInTls12 => "client certificate (TLS 1.2)",
        }
    }
}

/// What an attacker who ends the connection has of it.
fn taken(record: &Record) -> BTreeSet<Loot> {
    let mut loot = BTreeSet::new();
    if let Some(response) = &record.response {
        assert_eq!(response.user_name(), USER);
        loot.insert(Loot::UserName);
        if !response.auth_response.is_empty() {
            loot.insert(Loot::Scramble);
        }
    }
    // Encrypted with the key that he showed.
    if record.cleartext_password.is_some() || record.encrypted_password.is_some() {
        loot.insert(Loot::Password);
    }
    if record.queries().iter().any(|sql| sql == QUERY) {
        loot.insert(Loot::Queries);
    }
    if record.client_certificate().is_some() {
        loot.insert(Loot::Identity);
    }
    loot
}

/// What somebody has who sees the bytes alone.
fn overheard(record: &Record) -> BTreeSet<Loot> {
    let scramble = caching_sha2_scramble(PASSWORD, &Greeting::default().nonce);
    let mut loot = BTreeSet::new();
    for (what, needle) in [
        (Loot::UserName, USER.as_bytes()),
        (Loot::Scramble, &scramble),
        (Loot::Password, PASSWORD.as_bytes()),
        (Loot::Queries, QUERY.as_bytes()),
    ] {
        if record.saw_before_tls(needle) {
            loot.insert(what);
        }
    }
    if let Some(certificate) = record.client_certificate()
        && record.saw_before_tls(certificate)
    {
        assert_eq!(record.tls.as_ref().unwrap().version, "TLSv1.2");
        loot.insert(Loot::IdentityInTls12);
    }
    loot
}

/// Plays an attack on a client, and tells what came of it in the table's words.
fn cell((attacker, scripts): &Attack, build: &Build) -> String {
    let mut loot = BTreeSet::new();
    let mut codes = BTreeSet::new();
    for script in scripts {
        let server = ScriptedServer::start(script.clone());
        match build(&server).connect() {
            Ok(mut connection) => drop(connection.query_drop(QUERY)),
            Err(error) => {
                codes.insert(format!("`{}`", error.code()));
            }
        }
        let record = server.wait_record(0, PATIENCE);
        assert_eq!(server.connections(), 1, "{attacker}: no second try");
        loot.extend(if *attacker == "only listens" { overheard(&record) } else { taken(&record) });
    }
    if loot.contains(&Loot::Password) {
        loot.remove(&Loot::Scramble);
        // He has what he would be refused on another way.
        codes.clear();
    }
    let codes = codes.into_iter().collect::<Vec<_>>().join(", ");
    let words = loot.iter().map(|loot| loot.words()).collect::<Vec<_>>().join(", ");
    match (words.as_str(), codes.as_str()) {
        ("", "") => "nothing".to_owned(),
        ("", codes) => format!("nothing: {codes}"),
        (words, "") => words.to_owned(),
        (words, codes) => format!("{words}; not the password: {codes}"),
    }
}

#[test]
fn what_each_attacker_gets_under_each_mode() {
    let attacks = attacks();
    let heads: Vec<&str> = attacks.iter().map(|(attacker, _)| *attacker).collect();
    let mut played =
        format!("| mode | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for (name, builds) in modes() {
        let mut row = format!("| {name} |");
        for attack in &attacks {
            let mut cells: Vec<String> = builds.iter().map(|build| cell(attack, build)).collect();
            cells.dedup();
            assert_eq!(cells.len(), 1, "{name}, {}: {cells:?}", attack.0);
            row.push_str(&format!(" {} |", cells.remove(0)));
        }
        played.push_str(&format!("{row}\n"));
    }
    assert!(
        table("attackers") == played,
        "SECURITY.md: replace what stands between `attackers: begin` and `attackers: end` by\n\n{played}"
    );
}
