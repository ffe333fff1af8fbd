//! A proxy that ends the client's TLS connection and opens another one to the server.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    version,
};

use crate::support::{Authority, provider};

/// How long one side is listened to before the other.
const TURN: Duration = Duration::from_millis(2);

/// A port on loopback that leads to the server at another one, with a certificate of the same CA. It
/// speaks every version itself, and TLS 1.2 with the server.
pub(crate) fn before(server: u16, authority: &Authority) -> u16 {
    let issued = authority.server("localhost").issue();
    let inward = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(issued.chain.clone(), issued.key_der())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let outward = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (inward, outward) = (Arc::new(inward), Arc::new(outward));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (inward, outward) = (Arc::clone(&inward), Arc::clone(&outward));
            // It ends when either side does, in whatever way.
            thread::spawn(move || carry(client, server, inward, outward));
        }
    });
    port
}

fn carry(
    mut client: TcpStream,
    server: u16,
    inward: Arc<ServerConfig>,
    outward: Arc<ClientConfig>,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", server))?;
    pass_packet(&mut server, &mut client)?; // the greeting
    pass_packet(&mut client, &mut server)?; // the SSLRequest
    let inward = ServerConnection::new(inward).unwrap();
    let outward = ClientConnection::new(outward, "localhost".try_into().unwrap()).unwrap();
    let mut client = StreamOwned::new(inward, client);
    let mut server = StreamOwned::new(outward, server);
    client.conn.complete_io(&mut client.sock)?;
    server.conn.complete_io(&mut server.sock)?;
    client.sock.set_read_timeout(Some(TURN))?;
    server.sock.set_read_timeout(Some(TURN))?;
    while pass(&mut client, &mut server)? && pass(&mut server, &mut client)? {}
    Ok(())
}

fn pass_packet(from: &mut TcpStream, to: &mut TcpStream) -> std::io::Result<()> {
    let mut packet = vec![0; 4];
    from.read_exact(&mut packet)?;
    let length = usize::from(packet[0]) | usize::from(packet[1]) << 8;
    packet.resize(4 + length, 0);
    from.read_exact(&mut packet[4..])?;
    to.write_all(&packet)
}

/// Passes on what has come; `false` at the end.
fn pass(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<bool> {
    let mut buffer = [0; 16 * 1024];
    match from.read(&mut buffer) {
        Ok(0) => Ok(false),
        Ok(length) => {
            to.write_all(&buffer[..length])?;
            to.flush()?;
            Ok(true)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(true)
        }
        Err(error) => Err(error),
    }
}
