//! A certificate as programs read it.

use std::time::SystemTime;

use super::{Facts, pin_text};
use crate::text::{hex, rfc3339};

impl serde::Serialize for Facts {
    /// Times are RFC 3339, hashes hexadecimal; the DER is left out.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let details = self.details();
        let details = details.as_ref();
        let mut fields = serializer.serialize_struct("Certificate", 16)?;
        fields.serialize_field("subject", &self.subject)?;
        fields.serialize_field("issuer", &self.issuer)?;
        fields.serialize_field("subject_alt_names", &self.subject_alt_names)?;
        fields.serialize_field("serial", &self.serial)?;
        fields.serialize_field("not_before", &rfc3339(self.not_before))?;
        fields.serialize_field("not_after", &rfc3339(self.not_after))?;
        fields.serialize_field("days_left", &self.days_left(SystemTime::now()))?;
        fields.serialize_field("sha256", &hex(&self.sha256))?;
        fields.serialize_field("spki_sha256", &self.spki_sha256.map(|hash| hex(&hash)))?;
        fields.serialize_field("pin", &self.spki_sha256.as_ref().map(pin_text))?;
        fields.serialize_field("version", &details.map(|found| found.version))?;
        fields.serialize_field("key", &details.map(|found| &found.key))?;
        fields.serialize_field(
            "signature_algorithm",
            &details.map(|found| &found.signature_algorithm),
        )?;
        fields.serialize_field("ca", &details.map(|found| found.is_ca))?;
        let key_usages = details.and_then(|found| found.key_usages.as_ref());
        fields.serialize_field("key_usages", &key_usages)?;
        let purposes = details.and_then(|found| found.purposes.as_ref());
        fields.serialize_field("purposes", &purposes)?;
        fields.end()
    }
}
