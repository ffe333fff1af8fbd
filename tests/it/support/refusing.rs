//! A port where nobody listens.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

/// A port of 127.0.0.1 that refuses connections: it is bound, so that nobody else gets it, and not
/// listened on.
pub struct RefusingPort(Socket);

impl RefusingPort {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&address.into()).expect("a port on 127.0.0.1");
        Self(socket)
    }

    pub fn number(&self) -> u16 {
        let address = self.0.local_addr().expect("its address").as_socket();
        address.expect("an address of IPv4").port()
    }

    /// From now on it takes connections.
    pub(super) fn listen(self) -> TcpListener {
        self.0.listen(128).expect("nobody else listens there");
        self.0.into()
    }
}
