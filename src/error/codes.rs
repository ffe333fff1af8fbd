//! All codes, as the chapter about errors has them.

use std::sync::LazyLock;

use super::kinds::{
    AuthErrorKind, CertificateErrorKind, ConfigErrorKind, ConnectErrorKind, DsnErrorKind,
    HandshakeErrorKind, IoErrorKind, ProtocolErrorKind, ServerErrorKind, Step, TlsErrorKind,
};

/// A code of [`Error::code`](crate::Error::code): what it means, and what to do about it.
///
/// An error's own sentence knows more: the option, the host or file, and which of the remedies it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorCode {
    code: &'static str,
    stage: &'static str,
    meaning: &'static str,
    remedy: &'static str,
}

impl ErrorCode {
    /// The texts as comments have them, with a space before each line.
    pub(super) const fn new(
        code: &'static str,
        stage: &'static str,
        meaning: &'static str,
        remedy: &'static str,
    ) -> Self {
        ErrorCode { code, stage: stage.trim_ascii(), meaning: meaning.trim_ascii(), remedy }
    }

    /// The code, `stage.kind`, for example `certificate.expired`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What all codes of this stage are about, for example "Why the server's certificate was
    /// refused."
    #[must_use]
    pub fn stage(&self) -> &'static str {
        self.stage
    }

    /// What happened, within its stage, for example "Its time is over."
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        self.meaning
    }

    /// What to do, to follow a semicolon: in small letters and without a full stop.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        self.remedy
    }
}

static CODES: LazyLock<Vec<ErrorCode>> = LazyLock::new(|| {
    [
        DsnErrorKind::CODES,
        ConfigErrorKind::CODES,
        ConnectErrorKind::CODES,
        ServerErrorKind::CODES,
        TlsErrorKind::CODES,
        CertificateErrorKind::CODES,
        HandshakeErrorKind::CODES,
        AuthErrorKind::CODES,
        ProtocolErrorKind::CODES,
        Step::CODES,
        IoErrorKind::CODES,
    ]
    .concat()
});

/// Every code that an [`Error`](crate::Error) can have, stage by stage.
#[must_use]
pub fn error_codes() -> &'static [ErrorCode] {
    &CODES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let codes: Vec<&str> = error_codes().iter().map(ErrorCode::code).collect();
        let unique: std::collections::BTreeSet<_> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len());
        for code in codes {
            let (stage, kind) = code.split_once('.').unwrap_or_default();
            assert!(!stage.is_empty() && !kind.is_empty(), "{code}");
            assert!(
                code.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c)),
                "{code}"
            );
        }
    }

    #[test]
    fn meanings_are_sentences_and_remedies_their_ends() {
        for code in error_codes() {
            for sentence in [code.stage(), code.meaning()] {
                assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence:?}");
                assert!(!sentence.starts_with(char::is_lowercase), "{sentence:?}");
            }
            let remedy = code.remedy();
            assert!(!remedy.ends_with(['.', ' ', ';']) && !remedy.contains("  "), "{remedy:?}");
        }
    }
}
