//! What a file holds that has not the PEM block that was looked for.

/// What a file is that is no PEM at all, and how to convert it; `None` where it could be PEM.
pub(super) fn not_pem(content: &[u8]) -> Option<String> {
    let is = |what: &str, command: &str| {
        Some(format!("it is {what}, which is not read here; convert it with `{command}`"))
    };
    match content {
        [0x30, _, ..] => match inside(content) {
            [2, 1, 3, ..] => is(
                "PKCS#12",
                "openssl pkcs12 -in FILE -clcerts -nokeys -out client.pem` and `openssl pkcs12 \
                 -in FILE -nocerts -out client-key.pem",
            ),
            [2, 1, 0 | 1, ..] => {
                is("a private key as DER", "openssl pkey -inform der -in FILE -out key.pem")
            }
            // An algorithm, where a certificate has what was signed.
            first @ [0x30, ..] if inside(first).starts_with(&[6]) => is(
                "an encrypted private key as DER",
                "openssl pkcs8 -topk8 -v2 aes-256-cbc -inform der -in FILE -out key.pem",
            ),
            _ => is("DER", "openssl x509 -inform der -in FILE -out FILE.pem"),
        },
        [0xfe, 0xed, 0xfe, 0xed, ..] => is(
            "a Java key store",
            "keytool -exportcert -rfc -keystore FILE -alias NAME -file FILE.pem",
        ),
        _ => None,
    }
}

/// What is behind the tag and the length of a DER element.
fn inside(element: &[u8]) -> &[u8] {
    // Long lengths have a byte that counts their bytes.
    let skipped = match element.get(1) {
        Some(length) if *length > 0x80 => usize::from(*length - 0x80),
        _ => 0,
    };
    element.get(2 + skipped..).unwrap_or_default()
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
        let cases: [(&[u8], &str); 6] = [
            (&[0x30, 0x82, 4, 0, 2, 1, 3, 0x30], "openssl pkcs12"),
            (&[0x30, 0x82, 4, 0, 2, 1, 0, 0x30], "openssl pkey"),
            (&[0x30, 0x77, 2, 1, 1, 4], "openssl pkey"),
            (&[0x30, 0x81, 4, 0x30, 2, 6, 9], "openssl pkcs8"),
            (&[0x30, 0x82, 4, 0, 0x30, 0x82], "openssl x509"),
            (&[0xfe, 0xed, 0xfe, 0xed, 0], "keytool"),
        ];
        for (content, command) in cases {
            assert!(not_pem(content).unwrap().contains(command), "{content:x?}");
        }
        for text in ["", "-----BEGIN CERTIFICATE-----", "0", "hello"] {
            assert_eq!(not_pem(text.as_bytes()), None, "{text}");
        }
    }
}
