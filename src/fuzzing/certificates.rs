//! PEM text, and certificates themselves.

use std::time::SystemTime;

use x509_parser::prelude::{FromDer, X509Certificate};

use crate::error::Error;
use crate::identity::ClientIdentity;
use crate::material::{
    CertifiedIdentity, CommonNames, Crls, RootCerts, bare_certificate, check_server_key,
    is_self_signed, may_be_a_client, may_issue, may_serve, may_sign_handshakes, read_certificate,
    read_certificates, server_certificate,
};
use crate::pem_source::PemSource;
use crate::secret::PasswordSource;
use crate::session::Product;
use crate::text::is_plain;
use crate::x509::{Facts, names_are_whole};

/// A file, as each option reads it.
pub fn pem(data: &[u8]) {
    let source = PemSource::text(data);
    match read_certificates(&source) {
        Ok(contents) => {
            assert!(!contents.certificates.is_empty());
            contents.certificates.iter().for_each(|der| facts(der));
        }
        Err(error) => shows_no_line(&error, data),
    }
    match RootCerts::load(Some(&source), None, None) {
        Ok(roots) => {
            assert!(!roots.subjects.is_empty());
            for note in &roots.notes {
                assert!(note.chars().all(is_plain), "{note:?}");
            }
        }
        Err(error) => shows_no_line(&error, data),
    }
    match Crls::load(Some(&source), None) {
        Ok(crls) => assert!(crls.is_some()),
        Err(error) => shows_no_line(&error, data),
    }
    // Without a password, since what opens an encrypted key takes its time.
    let provider = crate::tls::crypto_provider();
    let leaf = PemSource::text(include_str!("../../fixtures/chains/sha-1-leaf.pem"));
    for (certificate, key) in [(&source, None), (&leaf, Some(&source))] {
        match CertifiedIdentity::load(Some(certificate), key, &PasswordSource::None, &provider) {
            Ok(identity) => assert!(identity.is_some()),
            Err(error) => shows_no_line(&error, data),
        }
    }
    if let Err(error) = read_certificate(&source) {
        shows_no_line(&error, data);
    }
    let _ = check_server_key(data);
}

/// A key may stand in any file, so no error repeats a line of Base64, nor a part of one.
fn shows_no_line(error: &Error, pem: &[u8]) {
    const PART: usize = 16;
    let shown = format!("{error} {error:?}");
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    for line in pem.split(|byte| *byte == b'\n').filter(|line| line.iter().all(base64)) {
        // Where more than a part and a half is shown, one of these is.
        for part in line.windows(PART).step_by(PART / 2) {
            let part = std::str::from_utf8(part).unwrap();
            assert!(!shown.contains(part), "a line is shown: {shown}");
        }
    }
}

/// One certificate as DER.
pub fn facts(der: &[u8]) {
    let facts = Facts::of(der);
    let now = SystemTime::now();
    let texts = [
        &[facts.subject.clone(), facts.issuer.clone(), facts.serial.clone()][..],
        &[facts.time_left(now)],
        &facts.common_names,
        &facts.subject_alt_names,
    ];
    for text in texts.concat() {
        assert!(text.chars().all(is_plain), "{text:?}");
    }
    let _ = (facts.days_left(now), facts.expires_soon(now), format!("{facts:?}"));
    let identity = ClientIdentity::of(der);
    let shown = identity.to_string();
    assert!(shown.chars().all(|character| character == '\n' || is_plain(character)), "{shown:?}");
    let _ = (identity.may_be_client(), identity.key(), identity.purposes(), may_issue(der));
    for product in [Product::TiDB, Product::MySQL, Product::MariaDB] {
        for clause in [
            identity.subject_clause(product),
            identity.issuer_clause(product),
            identity.san_clause(product),
        ] {
            is_one_literal(clause);
        }
    }
    let Ok((_, parsed)) = X509Certificate::from_der(der) else { return };
    let _ = (names_are_whole(&parsed, der), is_self_signed(&parsed));
    let _ = (may_serve(&parsed), may_be_a_client(&parsed), may_sign_handshakes(&parsed));
    rewritten(der, &parsed);
}

/// A clause is a keyword and one text in quotes that nothing in it can end.
fn is_one_literal(clause: crate::Result<String>) {
    match clause {
        Ok(clause) => {
            let text = clause.split_once(" '").and_then(|(_, text)| text.strip_suffix('\''));
            let text = text.unwrap_or_else(|| panic!("{clause}"));
            assert!(
                !text.is_empty() && !text.contains('\'') && text.chars().all(is_plain),
                "{clause}"
            );
        }
        Err(error) => assert_eq!(error.code(), "config.clause", "{error}"),
    }
}

/// What webpki is shown can be read, and has the key and the names of what was signed.
fn rewritten(der: &[u8], parsed: &X509Certificate<'_>) {
    let mut shown: Vec<Vec<u8>> = Vec::new();
    for trusted in [false, true] {
        for names in [CommonNames::WithDot, CommonNames::All] {
            let rewritten = server_certificate(der, parsed, trusted, names);
            shown.extend(rewritten.map(|rewritten| rewritten.der));
        }
    }
    shown.extend(bare_certificate(der).map(|bare| bare.to_vec()));
    for shown in shown {
        let (rest, again) = X509Certificate::from_der(&shown).expect("it can be read");
        assert!(rest.is_empty());
        assert_eq!(again.public_key().raw, parsed.public_key().raw);
        assert_eq!(again.subject().as_raw(), parsed.subject().as_raw());
        assert_eq!(again.issuer().as_raw(), parsed.issuer().as_raw());
        assert_eq!(again.signature_value.data, parsed.signature_value.data);
    }
}
