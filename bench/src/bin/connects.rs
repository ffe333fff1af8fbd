//! Connects and closes again and again: what `bench/syscalls` counts the system calls of.
//!
//! Usage: `connects HOST PORT USER PASSWORD CA COUNT`.

use std::error::Error;

use mysql_tls::{ConnectionBuilder, SslMode};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, user, password, ca, count] = arguments.as_slice() else {
        return Err("usage: connects HOST PORT USER PASSWORD CA COUNT".into());
    };
    let connector = ConnectionBuilder::new(host)
        .port(port.parse()?)
        .user(user)
        .password(password.as_str())
        .ssl_mode(SslMode::VerifyIdentity)
        .ssl_ca(ca)
        .build()?;
    for _ in 0..count.parse()? {
        drop(connector.connect()?);
    }
    Ok(())
}
