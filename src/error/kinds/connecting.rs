//! What goes wrong on the way to the server, and with it.

kinds! {
    /// Why no connection could be made.
    ConnectErrorKind {
        /// The name has no address.
        Resolve = "connect.resolve":
            "check the host's spelling, and this machine's DNS, for example with `getent hosts \
             NAME`",
        /// No address answered.
        Unreachable = "connect.unreachable":
            "check host, port and firewalls, and that the server runs and listens on that address",
        /// None of several hosts could be used.
        NoHost = "connect.no-host":
            "see what each of them said (`attempts()`, or the log), and mend the first",
    }

    /// What the server refused with an ERR packet.
    ServerErrorKind {
        /// 1040: no connection is free.
        TooManyConnections = "server.too-many-connections": "close some, or raise max_connections",
        /// 1129: the server blocks this client after many errors.
        HostBlocked = "server.host-blocked":
            "run FLUSH HOSTS there, from MySQL 8.4 on TRUNCATE TABLE performance_schema.host_cache",
        /// 1130: the server does not accept this client's address.
        HostNotAllowed = "server.host-not-allowed":
            "make an account for it, such as `'app'@'10.0.0.%'`, or connect from where one is",
        /// 1053: the server is shutting down.
        ShuttingDown = "server.shutting-down": "connect again once it is back",
        /// Any other ERR in place of the greeting.
        Refused = "server.refused":
            "see the server's own words in the error, and its log",
        /// A statement that runs while connecting failed.
        Statement = "server.statement":
            "see the server's own words in the error, and check `init`, `charset`, `collation` and \
             `time-zone`",
    }

    /// Why there is no TLS.
    TlsErrorKind {
        /// The server does not offer TLS.
        NotOffered = "tls.not-offered":
            "configure a certificate on the server; if it has one, somebody may have removed the \
             offer on the way, so do not weaken the mode before you know",
    }

    /// Why the server's certificate was refused.
    CertificateErrorKind {
        /// No trust anchor issued it.
        UnknownIssuer = "certificate.unknown-issuer":
            "set `ssl-ca` to the CA that issued it; for a public CA leave `ssl-ca` out and use \
             `ssl-mode=VERIFY_IDENTITY`; let the server send its intermediate certificates",
        /// It is for other names.
        WrongName = "certificate.wrong-name":
            "connect by one of its names, or write that name as `tls-server-name`; where the CA \
             issues for this server only, `ssl-mode=VERIFY_CA` will do",
        /// Its time is over.
        Expired = "certificate.expired":
            "renew it on the server and reload it there; check this machine's clock",
        /// Its time has not come.
        NotYetValid = "certificate.not-yet-valid":
            "check this machine's clock, and that of the machine where the certificate was made",
        /// Its issuer revoked it.
        Revoked = "certificate.revoked":
            "give the server a new certificate; if its key was stolen, somebody may be using it",
        /// No current revocation list says whether it was revoked.
        RevocationUnknown = "certificate.revocation-unknown":
            "put a current list of every CA of the chain into `ssl-crl` or `ssl-crlpath`",
        /// Neither it nor its key is among those that were pinned.
        PinMismatch = "certificate.pin-mismatch":
            "compare the pin with that of the server's own file; if it was renewed, add the new \
             pin after a `;`, else somebody sits in between",
        /// It is not for servers.
        WrongPurpose = "certificate.wrong-purpose":
            "make the certificate anew with extendedKeyUsage=serverAuth and \
             keyUsage=digitalSignature",
        /// It is a CA's certificate.
        CaAsServer = "certificate.ca-as-server":
            "give the server a certificate that this CA issued, or give this very certificate as \
             `ssl-ca`",
        /// It, or a signature on it, is of a form that is not supported.
        Unsupported = "certificate.unsupported":
            "make the certificate anew: X.509 version 3, signed with SHA-256, RSA of 2048 bits or \
             more, or ECDSA",
        /// It cannot be read, or a signature on it is wrong.
        Invalid = "certificate.invalid":
            "look at it with `openssl x509 -text`; a CA of the same name but with another key in \
             `ssl-ca` is a common cause",
    }

    /// Why the TLS handshake failed.
    HandshakeErrorKind {
        /// The server speaks only TLS versions older than 1.2.
        NoCommonVersion = "handshake.no-common-version":
            "upgrade the server to one with TLS 1.2, or put a TLS proxy in front of it; where \
             `tls-version` is set, add the other version",
        /// Server and client share no cipher suite or key-exchange group.
        NoCommonCipher = "handshake.no-common-cipher":
            "give the server a certificate of RSA (2048 bits or more) or ECDSA, and suites with \
             forward secrecy; look at `tls-version`, `ssl-cipher` and `tls-ciphersuites` where \
             they are set",
        /// The server refused our client certificate.
        ClientCertificateRefused = "handshake.client-certificate-refused":
            "give a client certificate that is valid and issued by the CA in the server's \
             `ssl-ca`",
        /// The server demands a client certificate.
        ClientCertificateRequired = "handshake.client-certificate-required":
            "set `ssl-cert` and `ssl-key`; TiDB demands one of everybody if its certificates were \
             loaded while require_secure_transport was ON",
        /// The server sent another alert.
        Alert = "handshake.alert":
            "look up the alert that the sentence names in the server's log of the same moment",
        /// The server offered TLS and then answered in plaintext.
        TlsAbsent = "handshake.tls-absent":
            "look whether the server has lost its certificate, as after a failed reload, and \
             reload or restart it; else somebody sits in between",
        /// What the server sent is not TLS.
        NotTls = "handshake.not-tls":
            "look at what stands between client and server; a proxy may take part in the protocol",
        /// The server closed the connection.
        Closed = "handshake.closed":
            "look into the server's log; a proxy or firewall that does not like the handshake \
             does this too",
        /// The peer does not hold the key of the certificate it showed.
        BadSignature = "handshake.bad-signature":
            "give the server the key of its certificate, of RSA with 2048 bits or more, or of \
             ECDSA; if its files are right, somebody sits in between",
        /// Any other violation of TLS.
        Failed = "handshake.failed":
            "run `mysql-tls doctor`, which tries versions, cipher suites and groups one by one",
    }

    /// Why the login failed.
    AuthErrorKind {
        /// 1045: user, password, host or client certificate are not what the account asks for.
        AccessDenied = "auth.access-denied":
            "check user, password, and the host that the account is for; for an account with \
             REQUIRE X509, SUBJECT, ISSUER, SAN or CIPHER, set `ssl-cert` and `ssl-key` \
             (`mysql-tls cert FILE` prints the clauses); on TiDB Cloud the user begins with the \
             prefix of the cluster",
        /// The server accepts this login over TLS only.
        SecureTransportRequired = "auth.secure-transport-required":
            "add `ssl-mode=VERIFY_IDENTITY`, and `ssl-ca` where the CA is your own",
        /// The server asks for the password itself and the connection is plaintext.
        NeedsSecureConnection = "auth.needs-secure-connection":
            "use TLS, `ssl-mode=VERIFY_IDENTITY`; where that cannot be, `server-public-key-path` \
             names the RSA key of the server",
        /// 3118: the account is locked.
        AccountLocked = "auth.account-locked":
            "ALTER USER ... ACCOUNT UNLOCK opens it; one that failed logins have locked may open \
             by itself later",
        /// 1862: the password expired.
        PasswordExpired = "auth.password-expired":
            "set a new one, with ALTER USER by an administrator",
        /// 1044 or 1049: no such database, or not for this user.
        Database = "auth.database":
            "check the database's name and the account's privileges (SHOW GRANTS)",
        /// The account's plugin is not supported.
        UnsupportedPlugin = "auth.unsupported-plugin":
            "give the account another plugin, such as caching_sha2_password; MySQL names a plugin \
             also for a user that it does not have, so check the user too",
        /// The server asks for the cleartext password and `enable-cleartext-plugin` is off.
        CleartextDisabled = "auth.cleartext-disabled":
            "if the account is one of LDAP, IAM or tokens, set `enable-cleartext-plugin=true`; \
             otherwise somebody asks for a password that he should not get",
        /// The server asks for the password itself, and nobody verified it.
        UnverifiedServer = "auth.unverified-server":
            "use `ssl-mode=VERIFY_IDENTITY`, `VERIFY_CA` or `tls-pin`; `cleartext-password=tls` \
             gives the password to whoever ends the TLS connection",
        /// The server asks for the insecure password hash of MySQL 4.0.
        OldPassword = "auth.old-password":
            "give the account another plugin, such as caching_sha2_password",
        /// The server's RSA key cannot be used.
        ServerKey = "auth.server-key":
            "use TLS, or give the right key as `server-public-key-path`; a driver at an endpoint \
             must not have a server key of its own",
        /// Any other ERR of the server.
        Refused = "auth.refused":
            "see the server's own words in the error, and its log",
        /// The driver gave up.
        Driver = "auth.driver":
            "the cause behind the error (`source()`) has the words of the driver; what the server \
             sent is often to blame",
    }

    /// What broke the MySQL protocol.
    ProtocolErrorKind {
        /// The greeting cannot be read.
        Greeting = "protocol.greeting":
            "check that host and port are those of a MySQL server, and not of its X protocol \
             (33060), an HTTP port or a server that begins with TLS",
        /// The server speaks another protocol, or a version of it that is not supported.
        Version = "protocol.version":
            "check host and port; servers before MySQL 4.1 are not supported",
        /// Bytes follow where none may.
        TrailingBytes = "protocol.trailing-bytes":
            "look at what stands between client and server; somebody may be injecting data",
        /// A packet is larger than its place allows.
        PacketTooLarge = "protocol.packet-too-large":
            "check host and port; the server or what stands in front of it does not speak the \
             MySQL protocol as it should",
        /// A packet has the wrong number.
        SequenceId = "protocol.sequence-id":
            "look at what stands between client and server and changes the stream; a server that \
             waits for the PROXY protocol does this too",
        /// Authentication takes too many packets.
        TooManyPackets = "protocol.too-many-packets":
            "look at the server and its authentication plugins, or at what stands in front of it",
        /// A packet that makes no sense at this place.
        UnexpectedPacket = "protocol.unexpected-packet":
            "look at the server, or at what stands in front of it",
        /// The driver's own packet cannot be read.
        Driver = "protocol.driver":
            "update the driver; one with TLS or a protocol of its own does not fit an endpoint",
        /// The driver asked for TLS itself.
        DriverTls = "protocol.driver-tls":
            "configure the driver without TLS, which is made here: `ssl-mode=DISABLED`, \
             `useSSL=false`, or what it is called there",
    }

    /// In which step of a connect its time ran out; there is one deadline for all of them.
    Step {
        /// Finding the server's addresses.
        Resolve = "timeout.resolve": "check this machine's DNS",
        /// Opening the connection.
        Dial = "timeout.dial": "check host, port and firewalls",
        /// Waiting for the server's greeting.
        Greeting = "timeout.greeting":
            "check that this port is a MySQL server's, which speaks first; raise connect-timeout \
             if it is merely slow",
        /// The TLS handshake.
        Tls = "timeout.tls": "raise connect-timeout if the server is merely slow",
        /// The login.
        Authentication = "timeout.authentication":
            "raise connect-timeout if the server is merely slow",
        /// What the driver asks, and the init statements.
        Setup = "timeout.setup": "raise connect-timeout if the server is merely slow",
    }

    /// What the operating system refused, or how the connection broke.
    IoErrorKind {
        /// The server closed the connection.
        Closed = "io.closed":
            "look into the server's log, and whether a proxy in front of it lets this client \
             through; it may have crashed",
        /// The connection was reset, or another failure of the network.
        Broken = "io.broken":
            "connect again; if it repeats, look at what cuts connections: a timeout of a firewall \
             or balancer, the server, the network",
        /// No usable place for private sockets.
        RuntimeDir = "io.runtime-dir":
            "set `runtime-dir` or MYSQL_TLS_RUNTIME_DIR to a directory that this user can write \
             to and others cannot",
        /// A private socket, a thread or a descriptor could not be had.
        Local = "io.local":
            "raise the limits of open files and threads (`ulimit -n`, `ulimit -u`), or close \
             connections; after a fork build the connector anew",
    }
}
