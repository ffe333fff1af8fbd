//! Signatures that were checked and found good: whether one is does not change with time.
//!
//! The chain of a server is the same from connection to connection. Everything about it that may change,
//! expiry and revocation above all, is checked every time; the arithmetic once.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use rustls::pki_types::SignatureVerificationAlgorithm;
use sha2::{Digest, Sha256};

/// How many are remembered: those of a chain and of its revocation lists, for a few servers behind one
/// name.
const LIMIT: usize = 64;

/// The signatures found good under one policy, the last first to be forgotten at the end.
#[derive(Debug, Default)]
pub(super) struct Proven(Mutex<VecDeque<Proof>>);

/// Algorithm, key, message and signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proof([u8; 32]);

impl Proof {
    pub(super) fn of(
        algorithm: &dyn SignatureVerificationAlgorithm,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Self {
        let mut hash = Sha256::new();
        let (key_id, signature_id) = (algorithm.public_key_alg_id(), algorithm.signature_alg_id());
        for part in [key_id.as_ref(), signature_id.as_ref(), public_key, message, signature] {
            // With its length, so that no two lists of parts are the same bytes.
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Proof(hash.finalize().into())
    }
}

impl Proven {
    pub(super) fn has(&self, proof: Proof) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&proof)
    }

    pub(super) fn add(&self, proof: Proof) {
        let mut proofs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if proofs.contains(&proof) {
            return;
        }
        proofs.truncate(LIMIT - 1);
        proofs.push_front(proof);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::crypto_provider;

    #[test]
    fn every_part_counts_and_where_it_ends() {
        let provider = crypto_provider();
        let algorithms = provider.signature_verification_algorithms.all;
        let (first, second) = (algorithms[0], algorithms[1]);
        let proof = Proof::of(first, b"key", b"message", b"signature");
        assert_eq!(proof, Proof::of(first, b"key", b"message", b"signature"));
        for other in [
            Proof::of(second, b"key", b"message", b"signature"),
            Proof::of(first, b"kez", b"message", b"signature"),
            Proof::of(first, b"key", b"messagf", b"signature"),
            Proof::of(first, b"key", b"message", b"signaturf"),
            Proof::of(first, b"keym", b"essage", b"signature"),
            Proof::of(first, b"key", b"messages", b"ignature"),
        ] {
            assert_ne!(other, proof);
        }
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let proven = Proven::default();
        let proof = |number: usize| Proof([number as u8; 32]);
        for number in 0..=LIMIT {
            assert!(!proven.has(proof(number)));
            proven.add(proof(number));
            proven.add(proof(number));
        }
        assert!(!proven.has(proof(0)));
        for number in 1..=LIMIT {
            assert!(proven.has(proof(number)), "{number}");
        }
    }
}
