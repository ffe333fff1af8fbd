//! What a file holds that has not the PEM block that was looked for.

/// A form that is no PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Pkcs12,
    PrivateKey,
    EncryptedKey,
    Certificate,
    JavaKeyStore,
}

/// What a file is that is no PEM at all, and how to convert it for this option; `None` where it
/// could be PEM.
pub(super) fn not_pem(content: &[u8], option: &str) -> Option<String> {
    let form = form_of(content)?;
    let name = match form {
        Form::Pkcs12 => "PKCS#12",
        Form::PrivateKey => "a private key as DER",
        Form::EncryptedKey => "an encrypted private key as DER",
        Form::Certificate => "DER",
        Form::JavaKeyStore => "a Java key store",
    };
    let command = match (form, option) {
        (Form::Pkcs12, "ssl-ca") => "openssl pkcs12 -in FILE -cacerts -nokeys -out ca.pem",
        (Form::Pkcs12, "ssl-cert") => {
            "openssl pkcs12 -in FILE -clcerts -nokeys -out client.pem` and the key with `openssl \
             pkcs12 -in FILE -nocerts -out client-key.pem"
        }
        (Form::Pkcs12, _) => "openssl pkcs12 -in FILE -nocerts -out client-key.pem",
        (Form::PrivateKey, _) => "openssl pkey -inform der -in FILE -out client-key.pem",
        (Form::EncryptedKey, _) => {
            "openssl pkcs8 -topk8 -v2 aes-256-cbc -inform der -in FILE -out client-key.pem"
        }
        (Form::Certificate, "ssl-ca") => "openssl x509 -inform der -in FILE -out ca.pem",
        (Form::Certificate, _) => "openssl x509 -inform der -in FILE -out client.pem",
        (Form::JavaKeyStore, "ssl-ca") => {
            "keytool -exportcert -rfc -keystore FILE -alias NAME -file ca.pem"
        }
        (Form::JavaKeyStore, _) => {
            "keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12"
        }
    };
    let further = match (form, option) {
        // What is exported is encrypted, unless `-nodes` says otherwise.
        (Form::Pkcs12, "ssl-cert" | "ssl-key") => ", and give ssl-key-password",
        (Form::JavaKeyStore, "ssl-cert" | "ssl-key") => {
            ", then with `openssl pkcs12` as a PKCS#12 file"
        }
        _ => "",
    };
    Some(format!("it is {name}, which is not read here; convert it with `{command}`{further}"))
}

fn form_of(content: &[u8]) -> Option<Form> {
    match content {
        [0x30, _, ..] => match inside(content) {
            [2, 1, 3, ..] => Some(Form::Pkcs12),
            [2, 1, 0 | 1, ..] => Some(Form::PrivateKey),
            // An algorithm, where a certificate has what was signed.
            first @ [0x30, ..] if inside(first).starts_with(&[6]) => Some(Form::EncryptedKey),
            _ => Some(Form::Certificate),
        },
        [0xfe, 0xed, 0xfe, 0xed, ..] => Some(Form::JavaKeyStore),
        _ => None,
    }
}

/// What is behind the tag and the length of a DER element.
fn inside(element: &[u8]) -> &[u8] {
    // Long lengths have a byte that counts their bytes.
    let skipped = match element.get(1) {
        Some(length) if *length > 0x80 => usize::from(*length & 0x7f),
        _ => 0,
    };
    element.get(skipped.saturating_add(2)..).unwrap_or_default()
}

/// Whether a private key in a form that can be read is in PEM text.
pub(super) fn has_private_key(pem: &[u8]) -> bool {
    rustls_pemfile::private_key(&mut &pem[..]).is_ok_and(|key| key.is_some())
}

/// Whether a text stands somewhere in another.
pub(super) fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_pem_has_a_command_that_converts_it() {
        const PKCS12: &[u8] = &[0x30, 0x82, 4, 0, 2, 1, 3, 0x30];
        const KEY: &[u8] = &[0x30, 0x82, 4, 0, 2, 1, 0, 0x30];
        const SHORT_KEY: &[u8] = &[0x30, 0x77, 2, 1, 1, 4];
        const CERTIFICATE: &[u8] = &[0x30, 0x82, 4, 0, 0x30, 0x82];
        const ENCRYPTED: &[u8] = &[0x30, 0x82, 4, 0, 0x30, 0x40, 6, 9];
        const STORE: &[u8] = &[0xfe, 0xed, 0xfe, 0xed, 0];
        let cases: [(&[u8], &str, &[&str]); 10] = [
            (PKCS12, "ssl-ca", &["-cacerts -nokeys -out ca.pem"]),
            (PKCS12, "ssl-cert", &["-clcerts -nokeys -out client.pem"]),
            (PKCS12, "ssl-key", &["-nocerts -out client-key.pem", "ssl-key-password"]),
            (KEY, "ssl-key", &["openssl pkey -inform der"]),
            (SHORT_KEY, "ssl-key", &["openssl pkey -inform der"]),
            (CERTIFICATE, "ssl-ca", &["openssl x509 -inform der", "ca.pem"]),
            (CERTIFICATE, "ssl-cert", &["openssl x509 -inform der", "client.pem"]),
            (ENCRYPTED, "ssl-key", &["openssl pkcs8 -topk8", "-inform der"]),
            (STORE, "ssl-ca", &["keytool -exportcert"]),
            (STORE, "ssl-key", &["keytool -importkeystore", "openssl pkcs12"]),
        ];
        for (content, option, words) in cases {
            let told = not_pem(content, option).unwrap();
            assert!(words.iter().all(|word| told.contains(word)), "{option}: {told}");
        }
        for text in ["", "-----BEGIN CERTIFICATE-----", "0", "hello"] {
            assert_eq!(not_pem(text.as_bytes(), "ssl-ca"), None, "{text}");
        }
    }
}
