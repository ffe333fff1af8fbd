//! Passes a connection on to a server and keeps what the client sent.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Takes one connection on loopback.
pub(super) struct Tap {
    pub(super) port: u16,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    pub(super) fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let port = listener.local_addr().expect("its address").port();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&sent);
        thread::spawn(move || {
            let (client, _) = listener.accept().expect("a connection");
            let server = TcpStream::connect(("127.0.0.1", server)).expect("the server");
            let (back, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || copy(back, to, |_| {}));
            copy(client, server, |bytes| kept.lock().unwrap().extend_from_slice(bytes));
        });
        Tap { port, sent }
    }

    /// Whether the client has sent these bytes.
    pub(super) fn saw(&self, bytes: &[u8]) -> bool {
        self.sent.lock().unwrap().windows(bytes.len()).any(|window| window == bytes)
    }
}

/// Ends when either side does.
fn copy(mut from: TcpStream, mut to: TcpStream, mut keep: impl FnMut(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        keep(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
