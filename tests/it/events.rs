//! The warnings that a connector gives as `tracing` events.

use std::fmt::{Debug, Write};
use std::sync::{Arc, LazyLock, Mutex};

use mysql_tls::{ConnectionBuilder, SslMode};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use crate::kit::*;
use crate::support::*;

/// Gives away the text of some events; spans are of no interest.
pub(crate) struct Listener<F> {
    pub(crate) wants: fn(&Metadata<'_>) -> bool,
    pub(crate) hears: F,
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl<F: Fn(&Level, String) + 'static> Subscriber for Listener<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        (self.wants)(metadata)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &SpanRecord<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        (self.hears)(event.metadata().level(), text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn warnings(told: Arc<Mutex<Vec<String>>>) -> Listener<impl Fn(&Level, String)> {
    Listener {
        wants: |metadata| {
            *metadata.level() <= Level::WARN && metadata.target().starts_with("mysql_tls")
        },
        hears: move |_: &Level, text| told.lock().unwrap().push(text),
    }
}

/// What is warned of meanwhile, on this thread.
pub(crate) fn warnings_of(action: impl FnOnce()) -> Vec<String> {
    // While there is one subscriber alone, the thread that comes first to an event decides for all
    // whether anybody wants it, and that may be the thread of another test. So there are two.
    static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(warnings(Arc::default())));
    LazyLock::force(&ANOTHER);
    let told = Arc::default();
    tracing::subscriber::with_default(warnings(Arc::clone(&told)), action);
    let told = told.lock().unwrap();
    told.clone()
}

fn twice(builder: &ConnectionBuilder) -> Vec<String> {
    warnings_of(|| {
        let connector = builder.build().unwrap();
        for _ in 0..2 {
            connector.connect().unwrap();
        }
    })
}

/// It lets drivers at an endpoint send files, so a program that only connects is told.
#[test]
fn local_infile_without_a_handler_is_one_warning_a_connector() {
    let server = ScriptedServer::start(ServerScript::new());
    let told = twice(&plaintext(&server).local_infile(true));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("local-infile") && told[0].contains("local_infile_handler"),
        "{told:?}"
    );
    let handler = mysql_tls::mysql::LocalInfileHandler::new(|_, _| Ok(()));
    let with_handler = plaintext(&server).local_infile(true).local_infile_handler(handler);
    assert_eq!(twice(&with_handler), [""; 0]);
}

#[test]
fn a_fallback_to_plaintext_is_one_warning_a_connector() {
    let server = ScriptedServer::start(ServerScript::new());
    let told = twice(&plaintext(&server).ssl_mode(SslMode::Preferred));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("offers no TLS") && told[0].contains("ssl-mode="), "{told:?}");
    assert!(!told[0].contains(PASSWORD));
}

#[test]
fn what_was_asked_for_or_stays_on_this_machine_is_no_warning() {
    let plain = ScriptedServer::start(ServerScript::new());
    let over_tls = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let path = dir.path().join("server.sock");
    let tls = ServerScript::new().tls(ServerTls::new(good()));
    let socket = ScriptedServer::start_unix(&path, [tls]);
    let at_socket = ConnectionBuilder::new("localhost").socket(&path).user("app");
    let cases = [
        plaintext(&plain).ssl_mode(SslMode::Disabled),
        verified(&over_tls),
        plaintext(&over_tls).ssl_mode(SslMode::Required),
        at_socket.clone(),
        at_socket.ssl_mode(SslMode::Required),
    ];
    for builder in cases {
        assert_eq!(twice(&builder), Vec::<String>::new(), "{builder:?}");
    }
    drop(socket);
}

/// A password in an option file, and in a group that counts, is for its owner's eyes.
#[test]
fn an_option_file_with_a_password_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TestDir::new();
    let told = |text: &str, mode| {
        let path = dir.write("my.cnf", text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let builder = ConnectionBuilder::new("127.0.0.1").option_file(path, &["client"]);
        warnings_of(|| {
            let _ = builder.read_option_file().unwrap();
        })
    };
    let with_password = format!("[client]\npassword=other\npassword={PASSWORD}\n");
    for mode in [0o640, 0o604, 0o644] {
        let told = told(&with_password, mode);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains("my.cnf has a password") && !told[0].contains(PASSWORD),
            "{told:?}"
        );
    }
    assert_eq!(told("[client]\nssl-key-password=x\n", 0o644).len(), 1);
    for (text, mode) in [
        (with_password.as_str(), 0o600),
        ("[client]\nuser=app\n", 0o644),
        ("[client]\npassword=\n", 0o644),
        ("[client]\npassword\n", 0o644),
        ("[other]\npassword=x\n", 0o644),
    ] {
        assert_eq!(told(text, mode), [""; 0], "{text}");
    }
}

#[test]
fn what_is_skipped_in_a_bundle_is_told() {
    let bundle = format!("{}{}", pem("CERTIFICATE", b"junk"), ca().pem());
    let told = warnings_of(|| {
        ConnectionBuilder::new("127.0.0.1").ssl_ca_pem(bundle).build().unwrap();
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("ssl-ca: the given PEM text: skipped a block that is no certificate"),
        "{told:?}"
    );
}

#[test]
fn a_log_of_keys_is_told() {
    let builder = ConnectionBuilder::new("127.0.0.1").key_log(true);
    let told = warnings_of(|| drop(builder.build().unwrap()));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("no effect, since SSLKEYLOGFILE is not set"), "{told:?}");
    let told = warnings_of(|| drop(builder.key_log(false).build().unwrap()));
    assert_eq!(told, Vec::<String>::new());
}
