//! A TLS server inside this process that remembers which migrations were applied, and no more.

#[path = "../../tests/it/support/mod.rs"]
mod support;

use std::sync::Mutex;

use mysql_tls::{ConnectionBuilder, SslMode};
use support::{Answer, Authority, Rows, ScriptedServer, ServerScript, ServerTls, TestDir};

pub(crate) struct Server {
    server: ScriptedServer,
    files: TestDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let ca = Authority::new("Migration CA");
        let files = TestDir::new();
        files.write("ca.pem", ca.pem());
        let history: Mutex<Vec<Vec<String>>> = Mutex::default();
        let script = ServerScript::new()
            .tls(ServerTls::new(&ca.server("localhost").issue()))
            .respond(move |sql| {
                let mut history = history.lock().ok()?;
                if sql.starts_with("INSERT INTO refinery_schema_history") {
                    // ... VALUES (1, 'orders', '2026-01-01T00:00:00Z', '1234')
                    let (_, values) = sql.split_once("VALUES (")?;
                    let unquoted = |value: &str| value.trim_matches('\'').to_owned();
                    history.push(values.trim_end_matches(')').split(", ").map(unquoted).collect());
                    return Some(Answer::Ok);
                }
                let columns = ["version", "name", "applied_on", "checksum"];
                sql.starts_with("SELECT version, name").then(|| {
                    Answer::Rows(history.iter().cloned().fold(Rows::new(columns), Rows::row))
                })
            });
        Server { server: ScriptedServer::start(script), files }
    }

    pub(crate) fn builder(&self) -> ConnectionBuilder {
        ConnectionBuilder::new("localhost")
            .port(self.server.port())
            .user("app")
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_ca(self.files.path().join("ca.pem"))
    }
}
