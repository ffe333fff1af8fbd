//! The kinds of error of every stage, each with its stable code.

/// Declares the kinds of one stage; a code is the stage's name, a dot, and the kind's name.
macro_rules! kinds {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $kind:ident = $code:literal,)+ })+) => {
        $(
            $(#[$about])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            pub enum $name { $($(#[$doc])* $kind,)+ }

            impl $name {
                /// Every kind of this stage.
                pub const ALL: &'static [$name] = &[$($name::$kind,)+];

                /// The stable text for this kind, as [`Error::code`](crate::Error::code) gives it.
                #[must_use]
                pub const fn code(self) -> &'static str {
                    match self { $($name::$kind => $code,)+ }
                }
            }
        )+

        #[cfg(test)]
        pub(super) fn all_codes() -> Vec<&'static str> {
            let mut codes = Vec::new();
            $(codes.extend($name::ALL.iter().map(|kind| kind.code()));)+
            codes
        }
    };
}

kinds! {
    /// What is wrong with a connection string.
    DsnErrorKind {
        /// It is not a URL of this crate: no scheme, quotes around it, another tool's form.
        Form = "dsn.form",
        /// The scheme is not `mysql`, `mariadb` or `tidb`.
        Scheme = "dsn.scheme",
        /// User, password, host or port cannot be read.
        Authority = "dsn.authority",
        /// The part after the host is not one database name.
        Path = "dsn.path",
        /// A character must be percent-encoded, or is encoded wrongly.
        Encoding = "dsn.encoding",
        /// A placeholder such as `<PASSWORD>` was left in.
        Placeholder = "dsn.placeholder",
        /// A key stands twice.
        DuplicateKey = "dsn.duplicate-key",
        /// No such key here.
        UnknownKey = "dsn.unknown-key",
        /// Another driver's TLS key; the message has the replacement.
        ForeignTlsKey = "dsn.foreign-tls-key",
        /// Another driver's key that has no meaning here.
        ForeignKey = "dsn.foreign-key",
        /// The key is known but has no effect yet, so it is refused.
        NotSupportedYet = "dsn.not-supported-yet",
        /// The value does not fit its key.
        Value = "dsn.value",
        /// A setting that has no text form, found when writing a connection string.
        NoText = "dsn.no-text",
    }

    /// What is wrong with an option.
    ConfigErrorKind {
        /// This operating system has no private sockets.
        UnsupportedPlatform = "config.unsupported-platform",
        /// The value does not fit the option.
        Value = "config.value",
        /// Two options contradict each other.
        Conflict = "config.conflict",
        /// The file does not exist.
        FileMissing = "config.file-missing",
        /// The file may not be read.
        FileUnreadable = "config.file-unreadable",
        /// Not a regular file, or too large.
        FileKind = "config.file-kind",
        /// Every user can write to the file, or put files into the directory.
        FileWritable = "config.file-writable",
        /// An option file has a line that cannot be read, or an option that may not stand there.
        OptionFile = "config.option-file",
        /// The file has no certificate, or none that can be used.
        NoCertificate = "config.no-certificate",
        /// No private key where one is needed.
        NoKey = "config.no-key",
        /// The private key is encrypted, without a password or in a form that is not read here.
        EncryptedKey = "config.encrypted-key",
        /// The private key cannot be used.
        BadKey = "config.bad-key",
        /// The password does not open the private key, or could not be had.
        KeyPassword = "config.key-password",
        /// A certificate revocation list cannot be read, or there is none.
        BadCrl = "config.bad-crl",
        /// Private key and certificate do not belong together.
        KeyMismatch = "config.key-mismatch",
        /// The ssl-mode verifies and there is nothing to verify against.
        CaRequired = "config.ca-required",
        /// The password provider or password file failed.
        Password = "config.password",
        /// The certificate has a name that no `REQUIRE` clause can stand for.
        Clause = "config.clause",
        /// An endpoint may not be made like this.
        Endpoint = "config.endpoint",
        /// The hook changed a driver option that this crate decides.
        Hook = "config.hook",
    }

    /// Why no connection could be made.
    ConnectErrorKind {
        /// The name has no address.
        Resolve = "connect.resolve",
        /// No address answered.
        Unreachable = "connect.unreachable",
    }

    /// What the server refused with an ERR packet.
    ServerErrorKind {
        /// 1040: no connection is free.
        TooManyConnections = "server.too-many-connections",
        /// 1129: the server blocks this client after many errors.
        HostBlocked = "server.host-blocked",
        /// 1130: the server does not accept this client's address.
        HostNotAllowed = "server.host-not-allowed",
        /// 1053: the server is shutting down.
        ShuttingDown = "server.shutting-down",
        /// Any other ERR in place of the greeting.
        Refused = "server.refused",
        /// A statement that runs while connecting failed.
        Statement = "server.statement",
    }

    /// Why there is no TLS.
    TlsErrorKind {
        /// The server does not offer TLS.
        NotOffered = "tls.not-offered",
    }

    /// Why the server's certificate was refused.
    CertificateErrorKind {
        /// No trust anchor issued it.
        UnknownIssuer = "certificate.unknown-issuer",
        /// It is for other names.
        WrongName = "certificate.wrong-name",
        /// Its time is over.
        Expired = "certificate.expired",
        /// Its time has not come.
        NotYetValid = "certificate.not-yet-valid",
        /// Its issuer revoked it.
        Revoked = "certificate.revoked",
        /// No current revocation list says whether it was revoked.
        RevocationUnknown = "certificate.revocation-unknown",
        /// Neither it nor its key is among those that were pinned.
        PinMismatch = "certificate.pin-mismatch",
        /// It is not for servers.
        WrongPurpose = "certificate.wrong-purpose",
        /// It is a CA's certificate.
        CaAsServer = "certificate.ca-as-server",
        /// It, or a signature on it, is of a form that is not supported.
        Unsupported = "certificate.unsupported",
        /// It cannot be read, or a signature on it is wrong.
        Invalid = "certificate.invalid",
    }

    /// Why the TLS handshake failed.
    HandshakeErrorKind {
        /// The server speaks only TLS versions older than 1.2.
        NoCommonVersion = "handshake.no-common-version",
        /// Server and client share no cipher suite or key-exchange group.
        NoCommonCipher = "handshake.no-common-cipher",
        /// The server refused our client certificate.
        ClientCertificateRefused = "handshake.client-certificate-refused",
        /// The server demands a client certificate.
        ClientCertificateRequired = "handshake.client-certificate-required",
        /// The server sent another alert.
        Alert = "handshake.alert",
        /// The server offered TLS and then answered in plaintext.
        TlsAbsent = "handshake.tls-absent",
        /// What the server sent is not TLS.
        NotTls = "handshake.not-tls",
        /// The server closed the connection.
        Closed = "handshake.closed",
        /// The peer does not hold the key of the certificate it showed.
        BadSignature = "handshake.bad-signature",
        /// Any other violation of TLS.
        Failed = "handshake.failed",
    }

    /// Why the login failed.
    AuthErrorKind {
        /// 1045: user, password, host or client certificate are not what the account asks for.
        AccessDenied = "auth.access-denied",
        /// The server accepts this login over TLS only.
        SecureTransportRequired = "auth.secure-transport-required",
        /// The server asks for the password itself and the connection is plaintext.
        NeedsSecureConnection = "auth.needs-secure-connection",
        /// 3118: the account is locked.
        AccountLocked = "auth.account-locked",
        /// 1862: the password expired.
        PasswordExpired = "auth.password-expired",
        /// 1044 or 1049: no such database, or not for this user.
        Database = "auth.database",
        /// The account's plugin is not supported.
        UnsupportedPlugin = "auth.unsupported-plugin",
        /// The server asks for the cleartext password and `enable-cleartext-plugin` is off.
        CleartextDisabled = "auth.cleartext-disabled",
        /// The server asks for the insecure password hash of MySQL 4.0.
        OldPassword = "auth.old-password",
        /// The server's RSA key cannot be used.
        ServerKey = "auth.server-key",
        /// Any other ERR of the server.
        Refused = "auth.refused",
        /// The driver gave up.
        Driver = "auth.driver",
    }

    /// What broke the MySQL protocol.
    ProtocolErrorKind {
        /// The greeting cannot be read.
        Greeting = "protocol.greeting",
        /// The server speaks another protocol, or a version of it that is not supported.
        Version = "protocol.version",
        /// Bytes follow where none may.
        TrailingBytes = "protocol.trailing-bytes",
        /// A packet is larger than its place allows.
        PacketTooLarge = "protocol.packet-too-large",
        /// A packet has the wrong number.
        SequenceId = "protocol.sequence-id",
        /// Authentication takes too many packets.
        TooManyPackets = "protocol.too-many-packets",
        /// A packet that makes no sense at this place.
        UnexpectedPacket = "protocol.unexpected-packet",
        /// The driver's own packet cannot be read.
        Driver = "protocol.driver",
        /// The driver asked for TLS itself.
        DriverTls = "protocol.driver-tls",
    }

    /// The steps of a connect; each has a share of the deadline.
    Step {
        /// Finding the server's addresses.
        Resolve = "timeout.resolve",
        /// Opening the connection.
        Dial = "timeout.dial",
        /// Waiting for the server's greeting.
        Greeting = "timeout.greeting",
        /// The TLS handshake.
        Tls = "timeout.tls",
        /// The login.
        Authentication = "timeout.authentication",
        /// What the driver asks, and the init statements.
        Setup = "timeout.setup",
    }

    /// What the operating system refused, or how the connection broke.
    IoErrorKind {
        /// The server closed the connection.
        Closed = "io.closed",
        /// The connection was reset, or another failure of the network.
        Broken = "io.broken",
        /// No usable place for private sockets.
        RuntimeDir = "io.runtime-dir",
        /// A private socket, a thread or a descriptor could not be had.
        Local = "io.local",
    }
}

impl ServerErrorKind {
    /// What an error number means before and during the login, where it is about the connection
    /// and not about the account.
    pub(crate) fn of_number(number: u16) -> Option<Self> {
        match number {
            1040 => Some(ServerErrorKind::TooManyConnections),
            1053 => Some(ServerErrorKind::ShuttingDown),
            1129 => Some(ServerErrorKind::HostBlocked),
            1130 => Some(ServerErrorKind::HostNotAllowed),
            _ => None,
        }
    }

    /// What it means and what to do about it.
    pub(super) fn advice(self) -> &'static str {
        match self {
            ServerErrorKind::TooManyConnections => {
                "it has no connection free; close some, or raise max_connections"
            }
            ServerErrorKind::HostBlocked => {
                "it blocks this client after too many broken connections; run FLUSH HOSTS there"
            }
            ServerErrorKind::HostNotAllowed => "it has no account for this client's address",
            ServerErrorKind::ShuttingDown => "it is shutting down",
            ServerErrorKind::Refused => "it accepts no connection now",
            ServerErrorKind::Statement => "a first statement failed",
        }
    }
}

impl Step {
    /// The step in words, to follow "while".
    pub(super) const fn doing(self) -> &'static str {
        match self {
            Step::Resolve => "resolving the host name",
            Step::Dial => "opening the connection",
            Step::Greeting => "waiting for the server's greeting",
            Step::Tls => "in the TLS handshake",
            Step::Authentication => "logging in",
            Step::Setup => "running the first statements",
        }
    }

    /// What to look at.
    pub(super) const fn advice(self) -> &'static str {
        match self {
            Step::Greeting => {
                "check that this port is a MySQL server's, which speaks first; raise \
                 connect-timeout if it is merely slow"
            }
            Step::Resolve => "check this machine's DNS",
            Step::Dial => "check host, port and firewalls",
            _ => "raise connect-timeout if the server is merely slow",
        }
    }
}
