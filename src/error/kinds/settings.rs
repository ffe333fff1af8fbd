//! What is found before a connection is made.

kinds! {
    /// What is wrong with a connection string.
    DsnErrorKind {
        /// It is not a URL of this crate: no scheme, quotes around it, another tool's form.
        Form = "dsn.form":
            "write `mysql://USER:PASSWORD@HOST:PORT/DATABASE?KEY=VALUE`, without quotes around \
             it; the sentence names the tool whose form it is, and what becomes of its parts",
        /// The scheme is not `mysql`, `mariadb` or `tidb`.
        Scheme = "dsn.scheme":
            "begin with `mysql://`, `mariadb://` or `tidb://`; the rest may be right as it is",
        /// User, password, host or port cannot be read.
        Authority = "dsn.authority":
            "write `USER:PASSWORD@HOST:PORT`, the port as a number from 1 to 65535 and an IPv6 \
             address in brackets; percent-encode what is special in user and password",
        /// The part after the host is not one database name.
        Path = "dsn.path":
            "write one database name after the host, and options after a `?`; percent-encode `/` \
             in user, password and name as `%2F`",
        /// A character must be percent-encoded, or is encoded wrongly.
        Encoding = "dsn.encoding":
            "percent-encode the characters that the sentence names, most often in the password: \
             `%23` for `#`, `%25` for `%`, `%2F` for `/`, `%3F` for `?`, `%40` for `@`",
        /// A placeholder such as `<PASSWORD>` was left in.
        Placeholder = "dsn.placeholder":
            "put the real value where the placeholder stands; if a template was to do that, look \
             why it did not",
        /// A key stands twice.
        DuplicateKey = "dsn.duplicate-key":
            "leave one of the two out, also where they are different names of the same key",
        /// No such key here.
        UnknownKey = "dsn.unknown-key":
            "check the spelling against the table of keys in the README (`dsn_keys()`); a key \
             that another program needs is passed over by `from_dsn_ignoring` or `--ignore-key`",
        /// Another driver's TLS key; the message has the replacement.
        ForeignTlsKey = "dsn.foreign-tls-key":
            "write what the sentence says in place of the key; it can be copied",
        /// Another driver's key that has no meaning here.
        ForeignKey = "dsn.foreign-key":
            "leave the key out, write what the sentence says in its place, or pass over it by \
             `from_dsn_ignoring` or `--ignore-key`",
        /// The value does not fit its key.
        Value = "dsn.value":
            "write a value that the sentence names; durations have a unit, such as `10s` or \
             `500ms`",
        /// A setting that has no text form, found when writing a connection string.
        NoText = "dsn.no-text":
            "set it in code, on the builder, and leave it out of what is written",
    }

    /// What is wrong with an option.
    ConfigErrorKind {
        /// This operating system has no private sockets.
        UnsupportedPlatform = "config.unsupported-platform": "run it on Linux or macOS",
        /// The value does not fit the option.
        Value = "config.value": "set the option to a value that the sentence names",
        /// Two options contradict each other.
        Conflict = "config.conflict": "remove one of the two options",
        /// The file does not exist.
        FileMissing = "config.file-missing":
            "check the path, and that the file is there where the program runs, as in its \
             container; a relative path counts from the directory in which the program was \
             started",
        /// The file may not be read.
        FileUnreadable = "config.file-unreadable":
            "let the user that the program runs as read the file, and enter the directories above \
             it",
        /// Not a regular file, or too large.
        FileKind = "config.file-kind":
            "give the file that the option asks for: a regular one of the usual size and kind",
        /// Every user can write to the file, or put files into the directory.
        FileWritable = "config.file-writable": "look at what is in it, then run `chmod o-w` on it",
        /// An option file has a line that cannot be read, or an option that may not stand there.
        OptionFile = "config.option-file":
            "correct the line that the sentence names; an option of another program goes into a \
             group that is not read",
        /// The file has no certificate, or none that can be used.
        NoCertificate = "config.no-certificate":
            "give a PEM file with the certificate; `openssl x509 -in FILE -text` shows what is in \
             it, and RSA keys need 2048 bits",
        /// No private key where one is needed.
        NoKey = "config.no-key":
            "set `ssl-key` to the PEM file with the private key of the certificate in `ssl-cert`",
        /// The private key is encrypted, without a password or in a form that is not read here.
        EncryptedKey = "config.encrypted-key":
            "set `ssl-key-password`, or convert the key with the command that the sentence has",
        /// The private key cannot be used.
        BadKey = "config.bad-key":
            "give an RSA, ECDSA or Ed25519 key as PKCS#8, PKCS#1 or SEC1 in PEM; `openssl pkey \
             -in FILE -check` looks at it",
        /// The password does not open the private key, or could not be had.
        KeyPassword = "config.key-password":
            "check `ssl-key-password`, or the function that it comes from",
        /// A certificate revocation list cannot be read, or there is none.
        BadCrl = "config.bad-crl": "get the revocation list anew from the CA, as PEM",
        /// Private key and certificate do not belong together.
        KeyMismatch = "config.key-mismatch":
            "give the certificate and the key that were made together; after a renewal, both new \
             ones",
        /// The ssl-mode verifies and there is nothing to verify against.
        CaRequired = "config.ca-required":
            "set `ssl-ca` to the CA of the server, or use `ssl-mode=VERIFY_IDENTITY`, which knows \
             the public CAs and checks the name too",
        /// The password provider or password file failed.
        Password = "config.password":
            "check `password-file`, its content, or the function or service that the password \
             comes from",
        /// The certificate has a name that no `REQUIRE` clause can stand for.
        Clause = "config.clause":
            "tie the account to the certificate by another clause, or give it another certificate \
             with plain names",
        /// An endpoint may not be made like this.
        Endpoint = "config.endpoint":
            "use `ssl-mode=REQUIRED` or stronger, and what else the sentence asks for before \
             others may use the endpoint",
        /// The hook changed a driver option that this crate decides.
        Hook = "config.hook": "use the setter that the sentence names instead of the hook",
    }
}
