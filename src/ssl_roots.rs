//! `SslRoots`: which public roots are trusted, by name.

use std::fmt;
use std::str::FromStr;

/// Which public CA certificates are trusted, and whether the given CA is trusted besides them.
///
/// The text forms are those of the key `ssl-roots`: `webpki`, `native`, `webpki,ca`, `native,ca`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SslRoots {
    /// The Mozilla roots that are bundled, `webpki`.
    Webpki,
    /// The roots of the operating system, `native`; needs the feature `native-certs`.
    Native,
    /// The bundled roots and those of `ssl-ca` and `ssl-capath`, `webpki,ca`.
    WebpkiAndCa,
    /// The operating system's roots and those of `ssl-ca` and `ssl-capath`, `native,ca`.
    NativeAndCa,
}

impl SslRoots {
    /// Every value.
    pub const ALL: &'static [SslRoots] =
        &[SslRoots::Webpki, SslRoots::Native, SslRoots::WebpkiAndCa, SslRoots::NativeAndCa];

    /// The text form, for example `webpki,ca`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            SslRoots::Webpki => "webpki",
            SslRoots::Native => "native",
            SslRoots::WebpkiAndCa => "webpki,ca",
            SslRoots::NativeAndCa => "native,ca",
        }
    }

    /// Whether the given CA is trusted too.
    #[must_use]
    pub const fn includes_ca(self) -> bool {
        matches!(self, SslRoots::WebpkiAndCa | SslRoots::NativeAndCa)
    }
}

impl fmt::Display for SslRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write webpki, native, webpki,ca or native,ca")]
pub struct ParseSslRootsError;

impl FromStr for SslRoots {
    type Err = ParseSslRootsError;

    /// Reads a text form, in any case, with or without a space after the comma.
    fn from_str(text: &str) -> Result<Self, ParseSslRootsError> {
        let text = text.to_ascii_lowercase().replace(' ', "");
        SslRoots::ALL.iter().copied().find(|roots| roots.as_str() == text).ok_or(ParseSslRootsError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_reads_back() {
        for roots in SslRoots::ALL {
            assert_eq!(roots.to_string().parse(), Ok(*roots));
        }
        assert_eq!("Webpki, CA".parse(), Ok(SslRoots::WebpkiAndCa));
        for wrong in ["", "ca", "mozilla", "webpki;ca", "ca,webpki"] {
            assert_eq!(wrong.parse::<SslRoots>(), Err(ParseSslRootsError), "{wrong}");
        }
    }
}
