//! No output of any public type shows a password or a key.

use std::fmt::Debug;

use mysql_tls::mysql::prelude::*;
use mysql_tls::{Connection, ConnectionBuilder, Password, SslMode};
use proptest::prelude::*;

use crate::kit::*;
use crate::support::*;

/// Every text that a value could leave behind.
fn shown(value: &dyn Debug) -> String {
    format!("{value:?}\n{value:#?}")
}

fn outputs_of(connection: &mut Connection) -> Vec<String> {
    let error = connection.query_drop("FAIL").unwrap_err();
    let session = connection.session();
    let mut outputs = vec![session.to_string(), shown(session), error.to_string(), shown(&error)];
    #[cfg(feature = "serde")]
    outputs.push(serde_json::to_string(session).unwrap());
    outputs.push(shown(connection));
    outputs.push(shown(&connection.close_reason()));
    outputs
}

fn check(password: &str) {
    let fail = || Answer::err(1064, Some("42000"), "syntax");
    let accepts = over_tls().auth([AuthStep::check(USER, password)]).on_query("FAIL", fail());
    let clear = AuthStep::full_auth(password);
    let accepts_clear = over_tls().auth([clear]).on_query("FAIL", fail());
    let mut outputs = vec![shown(&Password::new(password))];
    for script in [accepts, accepts_clear] {
        let server = ScriptedServer::start(script);
        let owned = password.to_owned();
        for builder in [
            verified(&server).password(password),
            verified(&server).password_with(move || Ok(Password::new(owned.clone()))),
        ] {
            let connector = builder.build().unwrap();
            outputs.extend([shown(&builder), shown(&connector)]);
            outputs.extend(outputs_of(&mut connector.connect().unwrap()));
        }
    }
    let endings = [
        over_tls().auth([AuthStep::full_auth("another")]),
        over_tls().auth([AuthStep::Raw(Vec::new())]),
        over_tls().auth([AuthStep::switch("mysql_clear_password", b"")]),
        over_tls().auth([AuthStep::Close]),
        over_tls().without_ssl(),
        over_tls().on_prefix("SELECT", fail()),
    ];
    for script in endings {
        let server = ScriptedServer::start(script);
        let error = failure(verified(&server).password(password).connect(), "ending");
        outputs.extend([error.to_string(), shown(&error)]);
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            outputs.extend([cause.to_string(), shown(&cause)]);
            source = cause.source();
        }
    }
    let nul = account("localhost").password(format!("{password}\0"));
    let hook = account("localhost").password(password).driver_options(|o| o.tcp_port(1));
    for builder in [nul, hook] {
        let error = failure(builder.build(), "build");
        outputs.extend([error.to_string(), shown(&error), shown(&builder)]);
    }
    let escaped = password.escape_debug().to_string();
    for output in outputs {
        assert!(!output.contains(password) && !output.contains(&escaped), "{output}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_password_is_in_no_output(password in "[!-~]{8,40}|[ -~äß東]{12,30}") {
        check(&password);
    }
}

#[test]
fn a_key_is_in_no_output() {
    let issued = ca().client("app").issue();
    let server = ScriptedServer::start(over_tls());
    let builder = verified(&server).ssl_cert_pem(issued.chain_pem()).ssl_key_pem(issued.key_pem());
    let connector = builder.build().unwrap();
    let connection = connector.connect().unwrap();
    let other = ca().client("other").issue().key_pem();
    let error = failure(builder.clone().ssl_key_pem(other.as_bytes()).build(), "mismatch");
    let junk = failure(builder.clone().ssl_key_pem(&issued.key_pem()[..90]).build(), "junk");
    let all = [shown(&builder), shown(&connector), shown(&connection), shown(&error), shown(&junk)];
    for pem in [issued.key_pem(), other] {
        for line in pem.lines().filter(|line| !line.starts_with("-----")) {
            // The first line is the algorithm, the same for all keys.
            assert!(all.iter().all(|shown| !shown.contains(&line[line.len() / 2..])), "{all:?}");
        }
    }
}

/// A key whose text stands where its path belongs, perhaps with something before it.
#[test]
fn a_key_in_a_paths_place_is_in_no_output() {
    let issued = ca().client("app").issue();
    let pem = issued.key_pem();
    let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let base64 = lines.concat();
    let forms = [
        ("as it is", pem.clone()),
        ("after a newline", format!("\n{pem}")),
        ("after spaces", format!("  {pem}")),
        ("after a byte order mark", format!("\u{feff}{pem}")),
        ("in quotes", format!("\"{pem}\"")),
        ("with its attributes", format!("Bag Attributes\n    localKeyID: 01 02\n{pem}")),
        ("on one line", pem.replace('\n', " ")),
        ("with written newlines", pem.replace('\n', "\\n")),
        ("with other line ends", pem.replace('\n', "\r\n")),
        ("beside its certificate", issued.chain_pem() + &pem),
        ("very long", format!("Bag Attributes\n{pem}{}", "A".repeat(5000))),
        ("without its first line", pem.split_once('\n').unwrap().1.to_owned()),
        ("bare Base64", base64.clone()),
        ("bare Base64 in lines", lines.join("\n")),
        // What begins with a slash is taken for a path.
        ("a line of Base64", lines[1].trim_start_matches('/').to_owned()),
    ];
    let encoded = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02X}")).collect() };
    let escaped = |piece: &str| piece.replace('+', "%2B").replace('/', "%2F");
    let mut leaks = Vec::new();
    for (form, text) in &forms {
        let account = || account("localhost").port(1).ssl_mode(SslMode::VerifyIdentity);
        let certified = || account().ssl_cert_pem(issued.chain_pem());
        let mut builders = vec![
            ("ssl_key", certified().ssl_key(text)),
            ("ssl_cert", account().ssl_cert(text)),
            ("ssl_ca", account().ssl_ca(text)),
            ("ssl_crl", account().ssl_ca_pem(ca().pem()).ssl_crl(text)),
            ("ssl_capath", account().ssl_capath(text)),
            ("ssl_crlpath", account().ssl_ca_pem(ca().pem()).ssl_crlpath(text)),
        ];
        let mut outputs = Vec::new();
        for option in ["ssl-key", "ssl-cert", "ssl-ca", "ssl-crl", "ssl-capath", "ssl-crlpath"] {
            for value in [encoded(text), text.replace(' ', "%20"), text.replace(' ', "+")] {
                let dsn = format!("mysql://u:p@localhost:1/?ssl-mode=REQUIRED&{option}={value}");
                match dsn.parse::<ConnectionBuilder>() {
                    Ok(builder) => builders.push((option, builder)),
                    Err(error) => outputs.push((option, format!("{error} {}", shown(&error)))),
                }
            }
        }
        for (option, builder) in builders {
            outputs.push((option, builder.to_string()));
            outputs.push((option, shown(&builder)));
            match builder.build() {
                // A certificate, or a key and its certificate, can be given so.
                Ok(connector) => outputs.push((option, shown(&connector))),
                Err(error) => {
                    outputs.push((option, format!("{error} {}", shown(&error))));
                    let mut source = std::error::Error::source(&error);
                    while let Some(cause) = source {
                        outputs.push((option, format!("{cause} {}", shown(&cause))));
                        source = cause.source();
                    }
                }
            }
        }
        // Twelve characters of the secret in the middle of the second line, however it is shown.
        let piece = &lines[1][20..32];
        for (option, output) in outputs {
            if [piece.to_owned(), escaped(piece)].iter().any(|piece| output.contains(piece)) {
                leaks.push(format!("{form}, {option}: {output}"));
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}
