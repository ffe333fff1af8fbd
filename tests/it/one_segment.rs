//! A server's last packet and its close_notify in one TCP segment, as TiDB often sends them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use mysql_tls::{ConnectionBuilder, SslMode};

use crate::support::*;

/// Passes on what the server sends only once it has paused, so all at once.
fn gather(server: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        server.set_read_timeout(Some(Duration::from_millis(60))).unwrap();
        let mut gathered = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match server.read(&mut buffer) {
                Ok(length @ 1..) => gathered.extend_from_slice(&buffer[..length]),
                end => {
                    if client.write_all(&gathered).is_err() || matches!(end, Ok(0)) {
                        return;
                    }
                    gathered.clear();
                }
            }
        }
    });
    port
}

#[test]
fn a_refusal_that_comes_with_close_notify_is_read() {
    let authority = Authority::new("Test CA");
    let leaf = authority.server("localhost").issue();
    let script = ServerScript::new().tls(ServerTls::new(&leaf)).auth([AuthStep::denied("app")]);
    let server = ScriptedServer::start(script);
    let error = ConnectionBuilder::new("localhost")
        .port(gather(server.port()))
        .user("app")
        .password("secret")
        .ssl_mode(SslMode::VerifyIdentity)
        .ssl_ca_pem(authority.pem())
        .connect()
        .unwrap_err();
    assert_eq!(error.code(), "auth.access-denied", "{error}");
    assert_eq!(error.server_reply().map(mysql_tls::ServerReply::code), Some(1045));
}
