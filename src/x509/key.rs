//! What kind of key a certificate has, and which version of X.509 it is.

use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// The kind and size of a certificate's key, for example `RSA, 2048 bits`.
pub(crate) fn key_kind(der: &[u8]) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let key = parsed.public_key();
    let algorithm = key.algorithm.algorithm.to_id_string();
    let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
    Some(match (key.parsed().ok(), algorithm.as_str()) {
        (Some(PublicKey::RSA(rsa)), _) => format!("RSA, {} bits", rsa.key_size()),
        (_, "1.3.101.112") => "Ed25519".to_owned(),
        (_, "1.3.101.113") => "Ed448".to_owned(),
        (Some(PublicKey::EC(_)), _) => match curve.map(|oid| oid.to_id_string()).as_deref() {
            Some("1.2.840.10045.3.1.7") => "ECDSA, P-256".to_owned(),
            Some("1.3.132.0.34") => "ECDSA, P-384".to_owned(),
            Some("1.3.132.0.35") => "ECDSA, P-521".to_owned(),
            Some(other) => format!("ECDSA, the curve {other}"),
            None => "ECDSA, a curve without a name".to_owned(),
        },
        (_, other) => format!("the algorithm {other}"),
    })
}

/// The version of X.509, counted as people do: 3 for what the certificate writes as 2.
pub(crate) fn version(der: &[u8]) -> Option<u32> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    parsed.version().0.checked_add(1)
}
