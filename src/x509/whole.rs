//! Whether the parser read all of a certificate's names.
//!
//! `x509-parser` ends a name silently at an attribute that it cannot read, while others read on: a
//! subject `CN=admin, O=Evil` could show, and be put into a clause, as `CN=admin`.

use pkcs8::der::{self, Decode, Header, Reader, SliceReader, Tag, TagNumber};
use x509_parser::prelude::X509Certificate;
use x509_parser::x509::X509Name;

/// Whether issuer and subject were read to their ends.
pub(crate) fn names_are_whole(certificate: &X509Certificate<'_>, der: &[u8]) -> bool {
    names(der).is_ok_and(|(issuer, subject)| {
        is_whole(issuer, certificate.issuer()) && is_whole(subject, certificate.subject())
    })
}

/// Issuer and subject as they stand in the certificate.
fn names(der: &[u8]) -> der::Result<(&[u8], &[u8])> {
    const VERSION: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber::N0 };
    let signed = SliceReader::new(der)?.sequence(|outer| {
        let signed = outer.tlv_bytes()?;
        outer.read_slice(outer.remaining_len())?;
        Ok(signed)
    })?;
    SliceReader::new(signed)?.sequence(|body| {
        if body.peek_tag()? == VERSION {
            body.tlv_bytes()?;
        }
        body.tlv_bytes()?; // serial number
        body.tlv_bytes()?; // algorithm
        let issuer = body.tlv_bytes()?;
        body.tlv_bytes()?; // validity
        let subject = body.tlv_bytes()?;
        body.read_slice(body.remaining_len())?;
        Ok((issuer, subject))
    })
}

fn is_whole(name: &[u8], read: &X509Name<'_>) -> bool {
    attributes(name)
        .is_ok_and(|counts| counts.iter().copied().eq(read.iter().map(|set| set.iter().count())))
}

/// How many attributes each set of a name has.
fn attributes(name: &[u8]) -> der::Result<Vec<usize>> {
    SliceReader::new(name)?.sequence(|sets| {
        let mut counts = Vec::new();
        while !sets.is_finished() {
            let header = Header::decode(sets)?;
            header.tag.assert_eq(Tag::Set)?;
            counts.push(sets.read_nested(header.length, |set| {
                let mut count = 0_usize;
                while !set.is_finished() {
                    set.sequence(|attribute| {
                        attribute.tlv_bytes()?; // its type
                        let value = attribute.read_slice(attribute.remaining_len())?;
                        if is_one_element(value) { Ok(()) } else { Err(Tag::Set.length_error()) }
                    })?;
                    count = count.saturating_add(1);
                }
                Ok(count)
            })?);
        }
        Ok(counts)
    })
}

/// Whether this is one element of any kind whose length is written as DER has it.
fn is_one_element(bytes: &[u8]) -> bool {
    match bytes {
        [_, length @ ..=0x7f, content @ ..] => content.len() == usize::from(*length),
        [_, 0x81, length @ 0x80..=0xff, content @ ..] => content.len() == usize::from(*length),
        [_, 0x82, high @ 1..=0xff, low, content @ ..] => {
            content.len() == usize::from(u16::from_be_bytes([*high, *low]))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::FromDer;

    #[test]
    fn a_name_that_others_read_further_is_not_whole() {
        let mut params = rcgen::CertificateParams::new(vec!["db".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Example");
        let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let der = made.der().to_vec();
        let (_, parsed) = X509Certificate::from_der(&der).unwrap();
        assert!(names_are_whole(&parsed, &der));
        // A length that is not definite, which DER does not have.
        let mut odd = der.clone();
        for at in 0..der.len() - 7 {
            if &der[at..at + 7] == b"Example" {
                odd[at - 1] = 0x80;
            }
        }
        let (_, parsed) = X509Certificate::from_der(&odd).unwrap();
        assert_eq!(parsed.subject().iter_organization().count(), 0, "it is passed over");
        assert!(!names_are_whole(&parsed, &odd));
    }
}
