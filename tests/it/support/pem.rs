//! PEM text and the few pieces of DER that the tests make by hand.

/// PEM text with any label, for example `ENCRYPTED PRIVATE KEY` around bytes that mean nothing.
pub fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in base64(der).as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes(group);
        for digit in 0..4 {
            let index = (group >> (18 - 6 * digit)) & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[index as usize]) } else { '=' });
        }
    }
    text
}

/// One DER element: tag, length, content.
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=127 => out.push(short as u8),
        long => {
            let length = long.to_be_bytes();
            let used = &length[length.iter().take_while(|byte| **byte == 0).count()..];
            out.push(0x80 | used.len() as u8);
            out.extend_from_slice(used);
        }
    }
    out.extend_from_slice(content);
    out
}

/// Takes one DER element with the given tag off the front of `input` and returns its content.
pub(super) fn take<'a>(input: &mut &'a [u8], tag: u8) -> &'a [u8] {
    assert_eq!(input[0], tag, "DER tag");
    let (length, at) = match input[1] {
        short @ 0..=127 => (usize::from(short), 2),
        long => {
            let at = 2 + usize::from(long & 0x7f);
            (input[2..at].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), at)
        }
    };
    let content = &input[at..at + length];
    *input = &input[at + length..];
    content
}

/// `ECPrivateKey` (RFC 5915) with the curve named in it, from a PKCS#8 key that holds it.
pub(super) fn sec1_from_pkcs8(mut pkcs8: &[u8]) -> Vec<u8> {
    let mut key_info = take(&mut pkcs8, 0x30);
    take(&mut key_info, 0x02);
    let mut algorithm = take(&mut key_info, 0x30);
    take(&mut algorithm, 0x06);
    let curve = algorithm;
    let mut inner = take(&mut key_info, 0x04);
    let mut ec_key = take(&mut inner, 0x30);
    take(&mut ec_key, 0x02);
    let private = take(&mut ec_key, 0x04);
    let mut content = der(0x02, &[1]);
    content.extend(der(0x04, private));
    content.extend(der(0xa0, curve));
    content.extend_from_slice(ec_key);
    der(0x30, &content)
}

/// A well-formed 2048-bit RSA public key (`BEGIN PUBLIC KEY`), the same for the same seed, such as a
/// server sends for caching_sha2_password on plaintext. Nobody has the private half.
pub fn rsa_public_key_pem(seed: u8) -> String {
    pem("PUBLIC KEY", &rsa_public_key(seed))
}

/// The same as `SubjectPublicKeyInfo`.
pub fn rsa_public_key(seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) | 0x5eed_0000;
    let mut modulus = vec![0];
    modulus.extend((0..256).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    }));
    modulus[1] |= 0x80;
    modulus[256] |= 1;
    let mut numbers = der(0x02, &modulus);
    numbers.extend(der(0x02, &[1, 0, 1]));
    let mut bits = vec![0];
    bits.extend(der(0x30, &numbers));
    let rsa_encryption = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let mut algorithm = der(0x06, &rsa_encryption);
    algorithm.extend(der(0x05, &[]));
    let mut content = der(0x30, &algorithm);
    content.extend(der(0x03, &bits));
    der(0x30, &content)
}
