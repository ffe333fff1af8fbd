//! Percent-encoding and the comparison of key names.

use zeroize::Zeroizing;

/// What stands in the text as it is; everything else is written as `%XX`.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Why a text cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadEncoding {
    /// A `%` without two hexadecimal digits.
    Percent,
    /// A zero byte, plain or as `%00`.
    Nul,
    /// The decoded bytes are not UTF-8.
    Utf8,
}

impl BadEncoding {
    /// The sentence to follow "the connection string" or the name of a part of it.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            BadEncoding::Percent => {
                "has a `%` without two hexadecimal digits behind it: write `%25` for the character \
                 itself"
            }
            BadEncoding::Nul => "has a zero byte, plain or as `%00`: remove it",
            BadEncoding::Utf8 => "is not UTF-8 once its `%XX` are decoded: encode it as UTF-8",
        }
    }
}

/// Replaces every `%XX`; nothing else changes, in particular a `+` is a plus.
pub(super) fn decode(raw: &str) -> Result<Zeroizing<String>, BadEncoding> {
    // Sized once, so that no copy of a secret stays behind in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(raw.len()));
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let high = rest.next().and_then(hex).ok_or(BadEncoding::Percent)?;
                let low = rest.next().and_then(hex).ok_or(BadEncoding::Percent)?;
                high * 16 + low
            }
            plain => plain,
        };
        if byte == 0 {
            return Err(BadEncoding::Nul);
        }
        bytes.push(byte);
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(BadEncoding::Utf8),
    }
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Encodes all but the unreserved characters of RFC 3986 and those in `keep`.
pub(crate) fn encode(text: &str, keep: &str) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('0');
    // Three characters a byte at the most: no growth, so no stray copy of a secret.
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if is_unreserved(byte) || keep.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(digit(byte >> 4));
            encoded.push(digit(byte & 15));
        }
    }
    encoded
}

/// Whether `text` may be a key: letters, digits, `-` and `_`.
pub(super) fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The form in which keys are compared: lower case, without `-` and `_`.
pub(super) fn normal(key: &str) -> String {
    key.chars()
        .filter(|character| !matches!(character, '-' | '_'))
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

/// How many characters must change to turn one word into the other (Levenshtein).
pub(super) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, left) in one.chars().enumerate() {
        let mut diagonal = line;
        let mut previous = line + 1;
        let mut next = vec![previous];
        for (right, above) in other.iter().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = *above;
            previous = replaced.min(above + 1).min(previous + 1);
            next.push(previous);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
