//! Encrypted keys that would take years, or all memory, to open.

use std::time::{Duration, Instant};

use super::KEY_PASSWORD;
use crate::kit::*;
use crate::options::nowhere;
use crate::support::*;

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09];
const SCRYPT: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b];
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(SEQUENCE, &parts.concat())
}

fn integer(number: u64) -> Vec<u8> {
    let bytes = [&[0], &number.to_be_bytes()[..]].concat();
    let mut used = bytes.as_slice();
    while let [0, next @ ..] = used
        && next.first().is_some_and(|byte| *byte < 0x80)
    {
        used = next;
    }
    der(INTEGER, used)
}

fn algorithm(id: &[u8], parameters: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[der(OBJECT_IDENTIFIER, id), sequence(parameters)])
}

/// A key that nobody has, encrypted with a key that is derived so.
fn encrypted(derivation: Vec<u8>) -> String {
    let cipher = sequence(&[der(OBJECT_IDENTIFIER, AES_256_CBC), der(OCTET_STRING, &[7; 16])]);
    let scheme = algorithm(PBES2, &[derivation, cipher]);
    pem("ENCRYPTED PRIVATE KEY", &sequence(&[scheme, der(OCTET_STRING, &[9; 160])]))
}

fn pbkdf2(iterations: u64) -> String {
    let function = sequence(&[der(OBJECT_IDENTIFIER, HMAC_SHA256), vec![5, 0]]);
    let salt = der(OCTET_STRING, &[1; 16]);
    encrypted(algorithm(PBKDF2, &[salt, integer(iterations), function]))
}

fn scrypt(cost: u64, block: u64, lanes: u64) -> String {
    let numbers = [cost, block, lanes].map(integer).concat();
    encrypted(algorithm(SCRYPT, &[der(OCTET_STRING, &[1; 16]), numbers]))
}

#[test]
fn a_key_that_costs_too_much_to_open_is_refused_at_once() {
    let issued = ca().client("app").issue();
    let given = |key: &String| {
        nowhere()
            .ssl_cert_pem(issued.chain_pem())
            .ssl_key_pem(key.as_str())
            .ssl_key_password(KEY_PASSWORD)
    };
    // What is affordable is tried: the forgery is well-formed.
    for (what, key) in [("PBKDF2", pbkdf2(2)), ("scrypt", scrypt(16, 8, 1))] {
        let error = failure(given(&key).build(), what);
        assert_says(&error, "config.key-password", &["does not open"]);
    }
    let costly = [
        ("PBKDF2, 4e9", pbkdf2(4_000_000_000)),
        ("PBKDF2, just too many", pbkdf2(10_000_001)),
        ("scrypt, N = 2^40", scrypt(1 << 40, 8, 1)),
        ("scrypt, N = 2^53", scrypt(1 << 53, 8, 1)),
        ("scrypt, N = 2^62", scrypt(1 << 62, 8, 1)),
        ("scrypt, N = 2^19, 512 MiB", scrypt(1 << 19, 8, 1)),
        ("scrypt, r = 32768", scrypt(1 << 10, 32768, 1)),
        ("scrypt, p = 1000", scrypt(1 << 14, 8, 1000)),
    ];
    for (what, key) in &costly {
        let start = Instant::now();
        let error = failure(given(key).build(), what);
        assert!(start.elapsed() < Duration::from_secs(2), "{what}: {:?}", start.elapsed());
        assert_says(&error, "config.encrypted-key", &["would cost more", "openssl pkcs8 -topk8"]);
    }
    // Numbers that mean nothing, which are told as whatever they are taken for.
    let senseless = [
        ("PBKDF2, 0", pbkdf2(0)),
        ("PBKDF2, 2^40", pbkdf2(1 << 40)),
        ("PBKDF2, 2^64 - 1", pbkdf2(u64::MAX)),
        ("scrypt, N = 2^63", scrypt(1 << 63, 8, 1)),
        ("scrypt, no power of two", scrypt(12345, 8, 1)),
        ("scrypt, N = 1", scrypt(1, 8, 1)),
        ("scrypt, N = 0", scrypt(0, 8, 1)),
        ("scrypt, r = 0", scrypt(16, 0, 1)),
        ("scrypt, p = 0", scrypt(16, 8, 0)),
        ("scrypt, r = 2^32", scrypt(2, 1 << 32, 1)),
    ];
    for (what, key) in &senseless {
        let start = Instant::now();
        let error = failure(given(key).build(), what);
        assert!(start.elapsed() < Duration::from_secs(2), "{what}: {:?}", start.elapsed());
        let codes = ["config.encrypted-key", "config.key-password"];
        assert!(codes.contains(&error.code()), "{what}: {error}");
    }
}
