//! `SELECT 1` without a relay: the driver is given a stream that is encrypted already.
//!
//! Usage: `no-hop HOST PORT USER PASSWORD CA QUERIES`. Built by `bench/no-hop`, against a driver that
//! has `Conn::over`; it takes turns with the driver's own TLS and prints both medians.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable as _;
use mysql::{Conn, OptsBuilder, SslOpts};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const BATCH: usize = 50;

/// CLIENT_SSL, in the second byte of the flags.
const SSL: u8 = 0x08;

/// PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH and SSL.
const CLAIMED: u32 = 0x0200 | 0x2000 | 0x8000 | 0x0008_0000 | 0x0800;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, user, password, ca, queries] = arguments.as_slice() else {
        return Err("usage: no-hop HOST PORT USER PASSWORD CA QUERIES".into());
    };
    let opts = OptsBuilder::new()
        .ip_or_hostname(Some(host))
        .tcp_port(port.parse()?)
        .user(Some(user))
        .pass(Some(password))
        .prefer_socket(false);
    let own = SslOpts::default().with_root_cert_path(Some(std::path::PathBuf::from(ca)));
    let mut own = Conn::new(opts.clone().ssl_opts(own))?;
    let stream = Upgraded::dial(host, port.parse()?, ca)?;
    let mut over = Conn::over(Box::new(stream), true, opts)?;
    let (mut with_own, mut without_hop) = (Vec::new(), Vec::new());
    for _ in 0..queries.parse::<usize>()?.div_ceil(BATCH) {
        for (connection, times) in [(&mut own, &mut with_own), (&mut over, &mut without_hop)] {
            for _ in 0..BATCH {
                let start = Instant::now();
                connection.query_drop("SELECT 1")?;
                times.push(start.elapsed());
            }
        }
    }
    println!("own {:.1}", median(with_own));
    println!("over {:.1}", median(without_hop));
    Ok(())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e6
}

/// A server's stream after the upgrade. To the driver it is one that never knew TLS: it begins with the
/// greeting, without CLIENT_SSL, and the SSLRequest does not count among the packets of the login.
#[derive(Debug)]
struct Upgraded {
    tls: StreamOwned<ClientConnection, TcpStream>,
    /// What the driver has still to read of what was read for it.
    ready: io::Cursor<Vec<u8>>,
    /// What the driver has written of a packet that is not whole yet.
    partial: Vec<u8>,
    in_login: bool,
}

impl Upgraded {
    fn dial(host: &str, port: u16, ca: &str) -> Result<Self> {
        let mut socket = TcpStream::connect((host, port))?;
        socket.set_nodelay(true)?;
        let mut greeting = packet(&mut socket)?;
        let version_end =
            greeting.iter().skip(5).position(|byte| *byte == 0).ok_or("a version")? + 5;
        // After the id, eight bytes of the nonce and a filler.
        let flags = greeting.get_mut(version_end + 14..).ok_or("flags")?;
        *flags.get_mut(1).ok_or("flags")? &= !SSL;

        let mut request = vec![32, 0, 0, 1];
        request.extend(CLAIMED.to_le_bytes());
        request.extend((1_u32 << 24).to_le_bytes());
        request.push(45); // utf8mb4
        request.resize(4 + 32, 0);
        socket.write_all(&request)?;

        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(ca)? {
            roots.add(certificate?)?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(host.to_owned())?;
        let connection = ClientConnection::new(Arc::new(config), name)?;
        let mut tls = StreamOwned::new(connection, socket);
        tls.conn.complete_io(&mut tls.sock)?;
        Ok(Upgraded { tls, ready: io::Cursor::new(greeting), partial: Vec::new(), in_login: true })
    }
}

/// A packet with its header.
fn packet(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut packet = vec![0; 4];
    from.read_exact(&mut packet)?;
    let length =
        packet.iter().take(3).rev().fold(0, |length, byte| length << 8 | usize::from(*byte));
    packet.resize(4 + length, 0);
    from.read_exact(packet.get_mut(4..).unwrap_or_default())?;
    Ok(packet)
}

impl Read for Upgraded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.ready.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        if !self.in_login {
            return self.tls.read(buffer);
        }
        let mut answer = packet(&mut self.tls)?;
        if let Some(id) = answer.get_mut(3) {
            *id = id.wrapping_sub(1);
        }
        self.in_login = !matches!(answer.get(4), Some(0x00 | 0xff));
        self.ready = io::Cursor::new(answer);
        self.ready.read(buffer)
    }
}

impl Write for Upgraded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.in_login {
            return self.tls.write(bytes);
        }
        self.partial.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut whole = std::mem::take(&mut self.partial);
        if let [_, _, _, id, _, flags, ..] = whole.as_mut_slice() {
            if *id == 1 {
                *flags |= SSL;
            }
            *id = id.wrapping_add(1);
        } else if let Some(id) = whole.get_mut(3) {
            *id = id.wrapping_add(1);
        }
        self.tls.write_all(&whole)?;
        self.tls.flush()
    }
}

impl AsRawFd for Upgraded {
    fn as_raw_fd(&self) -> RawFd {
        self.tls.sock.as_raw_fd()
    }
}
