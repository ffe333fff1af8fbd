//! What the driver is going to answer, so that the server can be asked for TLS before it has.
//!
//! The SSLRequest repeats the first bytes of the driver's HandshakeResponse, which follow from the
//! greeting and from the driver's options. Those of a connector do not change, so what they came to once
//! is known the next time, and the TLS handshake begins while the driver is still at work. There is no
//! secret in these bytes, and the driver's answer is compared before anything else is sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ProtocolError, ProtocolErrorKind};
#[cfg(feature = "mysql")]
use crate::protocol::greeting::Greeting;

/// The first bytes of a HandshakeResponse, with CLIENT_SSL.
type SslRequest = [u8; 32];

/// What the driver of one connector answered last.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Known>);

#[derive(Debug, Default)]
enum Known {
    #[default]
    Nothing,
    Answer(Occasion, SslRequest),
    /// The driver does not do the same every time.
    Never,
}

/// What the driver's answer follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Occasion {
    /// The kind of greeting.
    greeting: Vec<u8>,
    /// The one option that a connector may change.
    packet_size: Option<usize>,
}

/// What is known for one connection.
#[derive(Debug)]
pub(crate) struct Foresight {
    memory: Arc<Memory>,
    occasion: Occasion,
}

impl Memory {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Foresight {
    #[cfg(feature = "mysql")]
    pub(super) fn new(
        memory: &Arc<Memory>,
        greeting: &Greeting,
        packet_size: Option<usize>,
    ) -> Self {
        let occasion = Occasion { greeting: greeting.kind(), packet_size };
        Foresight { memory: Arc::clone(memory), occasion }
    }

    /// The SSLRequest that the driver's answer will come to.
    pub(super) fn request(&self) -> Option<SslRequest> {
        match &*self.memory.known() {
            Known::Answer(occasion, request) if *occasion == self.occasion => Some(*request),
            _ => None,
        }
    }

    /// The server has taken this one.
    pub(super) fn learn(&self, request: SslRequest) {
        let mut known = self.memory.known();
        match &*known {
            Known::Never => {}
            Known::Answer(occasion, same) if *occasion == self.occasion && *same == request => {}
            _ => *known = Known::Answer(self.occasion.clone(), request),
        }
    }

    /// The driver answered otherwise, and the server has been told of what was foreseen: the
    /// connection is of no use, but another one will be.
    pub(super) fn failed(&self) -> Error {
        *self.memory.known() = Known::Never;
        ProtocolError::new(
            ProtocolErrorKind::Driver,
            "the driver did not answer the server's greeting as it had done before",
        )
        .because(Surprise)
        .into()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the server had been told of another answer")]
struct Surprise;

/// Whether a connect failed over a wrong foresight, which can happen once in a connector's life.
#[cfg(feature = "mysql")]
pub(crate) fn tells_surprise(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<Surprise>)
}

#[cfg(test)]
#[cfg(feature = "mysql")]
mod tests {
    use super::*;

    fn greeting(version: &str, id: u32, nonce: u8) -> Greeting {
        let mut payload = vec![10];
        payload.extend(version.as_bytes());
        payload.push(0);
        payload.extend(id.to_le_bytes());
        payload.extend([nonce; 8]);
        payload.push(0);
        payload.extend([0xff, 0xff, 45, 2, 0, 0xff, 0xdf, 21]);
        payload.extend([0; 10]);
        payload.extend([nonce; 12]);
        payload.extend(b"\0caching_sha2_password\0");
        Greeting::parse(&payload, "db").unwrap()
    }

    #[test]
    fn the_same_is_foreseen_for_the_same_occasion_alone() {
        let memory = Arc::default();
        let of =
            |version, id, size| Foresight::new(&memory, &greeting(version, id, id as u8), size);
        let (first, again) = (of("8.4.0", 1, None), of("8.4.0", 2, None));
        assert_eq!(first.request(), None);
        first.learn([7; 32]);
        assert_eq!(again.request(), Some([7; 32]), "id and nonce do not matter");
        assert_eq!(of("8.4.1", 3, None).request(), None);
        assert_eq!(of("8.4.0", 3, Some(1024)).request(), None);
        of("8.4.0", 3, Some(1024)).learn([8; 32]);
        assert_eq!(of("8.4.0", 4, Some(1024)).request(), Some([8; 32]));
        assert_eq!(again.request(), None, "the last is remembered");
    }

    #[test]
    fn once_wrong_nothing_is_foreseen_any_more() {
        let memory = Arc::default();
        let of = |id| Foresight::new(&memory, &greeting("8.4.0", id, 1), None);
        of(1).learn([7; 32]);
        let error = of(2).failed();
        assert!(tells_surprise(&error), "{error}");
        assert_eq!(error.code(), "protocol.driver");
        of(3).learn([7; 32]);
        assert_eq!(of(4).request(), None);
        assert!(!tells_surprise(&Error::protocol(ProtocolErrorKind::Driver, "another")));
    }
}
