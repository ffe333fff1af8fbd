//! All the certificates in a file, whatever else is in it.

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{file, form};
use crate::error::{ConfigErrorKind, Error};
use crate::pem_source::PemSource;

/// What errors call it.
const OPTION: &str = "certificate file";

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Each can be read.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// How many private keys, which are not read, in whatever form.
    pub(crate) private_keys: usize,
    pub(crate) revocation_lists: usize,
}

/// Reads PEM text, or one certificate as DER.
pub(crate) fn read_certificates(source: &PemSource) -> Result<Contents, Error> {
    let content = file::read(source, OPTION)?;
    let name = source.name();
    if is_certificate(&content) {
        let certificates = vec![CertificateDer::from(content.to_vec())];
        return Ok(Contents { certificates, ..Contents::default() });
    }
    let mut contents = Contents::default();
    for block in blocks(&content) {
        match block.label {
            b"CERTIFICATE" => {
                let number = contents.certificates.len().saturating_add(1);
                let der = certificate(block.text)
                    .ok_or_else(|| unreadable(&format!("certificate {number} in {name}")))?;
                contents.certificates.push(der);
            }
            b"X509 CRL" => contents.revocation_lists = contents.revocation_lists.saturating_add(1),
            label if label.ends_with(b"PRIVATE KEY") => {
                contents.private_keys = contents.private_keys.saturating_add(1);
            }
            _ => {}
        }
    }
    if contents.certificates.is_empty() {
        Err(none(&content, &name, &contents))
    } else {
        Ok(contents)
    }
}

/// The certificate in a block of PEM, if it is one.
fn certificate(block: &[u8]) -> Option<CertificateDer<'static>> {
    let der = rustls_pemfile::certs(&mut &block[..]).next()?.ok()?;
    is_certificate(&der).then_some(der)
}

/// Nothing else stands behind it.
fn is_certificate(der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(rest, _)| rest.is_empty())
}

struct Block<'a> {
    label: &'a [u8],
    /// From the line `BEGIN` to the line `END`, or to the end of the text.
    text: &'a [u8],
}

/// The blocks of a PEM text. Found here rather than by a PEM reader, which would stumble over what
/// else is there, such as the headers of an encrypted key.
fn blocks(text: &[u8]) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    // The label of a block and where it begins.
    let mut open: Option<(&[u8], usize)> = None;
    let block = |(label, start): (_, usize), end| Block {
        label,
        text: text.get(start..end).unwrap_or_default(),
    };
    let mut position = 0_usize;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (start, end) = (position, position.saturating_add(line.len()));
        position = end;
        let Some(line) = line.trim_ascii().strip_suffix(b"-----") else { continue };
        if let Some(label) = line.strip_prefix(b"-----BEGIN ") {
            // One without an end, which the certificate's reader refuses.
            blocks.extend(open.replace((label, start)).map(|open| block(open, start)));
        } else if line.starts_with(b"-----END ") {
            blocks.extend(open.take().map(|open| block(open, end)));
        }
    }
    blocks.extend(open.map(|open| block(open, text.len())));
    blocks
}

fn unreadable(what: &str) -> Error {
    Error::config(
        ConfigErrorKind::NoCertificate,
        OPTION,
        format!(
            "{OPTION}: {what} cannot be read; look for a line that is cut off, `openssl x509 -in \
             FILE -text` should show it"
        ),
    )
}

fn none(content: &[u8], name: &str, contents: &Contents) -> Error {
    let what = if contents.private_keys > 0 {
        "has a private key, and no certificate; give the file of the certificate".to_owned()
    } else if contents.revocation_lists > 0 {
        "has a revocation list, and no certificate; `openssl crl -in FILE -text` shows it"
            .to_owned()
    } else if let Some(form) = form::not_pem(content, "ssl-cert") {
        format!("has no PEM text: {form}")
    } else {
        "has no certificate: neither PEM text with a CERTIFICATE block nor DER".to_owned()
    };
    Error::config(ConfigErrorKind::NoCertificate, OPTION, format!("{OPTION}: {name} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_pem() {
        let cases: [(&str, &[(&str, &str)]); 6] = [
            ("", &[]),
            ("no PEM\n-----END X-----\n", &[]),
            (
                "-----BEGIN A-----\nx\n-----END A-----\n",
                &[("A", "-----BEGIN A-----\nx\n-----END A-----\n")],
            ),
            (
                "before\r\n -----BEGIN A-----\r\nx\r\n-----END A-----\r\nafter",
                &[("A", " -----BEGIN A-----\r\nx\r\n-----END A-----\r\n")],
            ),
            (
                "-----BEGIN A-----\nx\n-----BEGIN B-----\ny",
                &[("A", "-----BEGIN A-----\nx\n"), ("B", "-----BEGIN B-----\ny")],
            ),
            ("-----BEGIN A----\n-----BEGIN -----\n", &[("", "-----BEGIN -----\n")]),
        ];
        for (text, expected) in cases {
            let found: Vec<_> = blocks(text.as_bytes())
                .into_iter()
                .map(|block| [block.label, block.text].map(|part| str::from_utf8(part).unwrap()))
                .collect();
            let expected: Vec<_> = expected.iter().map(|(label, text)| [*label, *text]).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
