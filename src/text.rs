//! How text from a peer, and times, are shown to people.

use std::fmt::Write as _;
use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What is shown of a peer's text at the most, in bytes.
const SHOWN: usize = 512;

/// A peer's text with control, bidirectional and newline characters escaped, cut at 512 bytes.
///
/// A server that nobody has verified must not be able to draw on a terminal or to forge a line of
/// a log.
pub(crate) fn peer_text(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len().min(SHOWN));
    for character in String::from_utf8_lossy(bytes).chars() {
        let length = shown.len();
        if is_plain(character) {
            shown.push(character);
        } else {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        }
        if shown.len() > SHOWN {
            shown.truncate(length);
            shown.push('…');
            break;
        }
    }
    shown
}

/// Whether it shows as what it is, and nothing around it as something else.
pub(crate) fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Bytes in lower case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A time as RFC 3339 in UTC, to the second.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let utc = OffsetDateTime::from(time);
    utc.replace_nanosecond(0)
        .ok()
        .and_then(|whole| whole.format(&Rfc3339).ok())
        .unwrap_or_else(|| "a time outside years 0 to 9999".to_owned())
}

/// Words as a person lists them: `a, b and c`.
pub(crate) fn list<S: AsRef<str>>(words: &[S]) -> String {
    match words {
        [] => "none".to_owned(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_could_draw_on_a_terminal_is_escaped() {
        assert_eq!(peer_text(b"\x1b[2Jgone\n"), "\\u{1b}[2Jgone\\u{a}");
        assert_eq!(peer_text("a\u{202e}b\u{feff}".as_bytes()), "a\\u{202e}b\\u{feff}");
        assert_eq!(peer_text("Zürich, 東京".as_bytes()), "Zürich, 東京");
        assert_eq!(peer_text(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn long_text_is_cut() {
        let shown = peer_text(&[b'x'; 2000]);
        assert_eq!(shown, format!("{}…", "x".repeat(SHOWN)));
    }

    #[test]
    fn times_are_rfc_3339() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        assert_eq!(rfc3339(time), "2023-11-14T22:13:20Z");
    }

    #[test]
    fn lists_read_as_a_person_writes_them() {
        assert_eq!(list::<&str>(&[]), "none");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
