//! How the lines are printed: on a terminal in colour, and folded to its width.

use std::io::{IsTerminal, stdout};

use rustix::termios::tcgetwinsize;

use super::text::{Line, Tone};

/// How wide the names are, as in `status` and in a certificate's table.
pub(super) const WIDTH: usize = 20;

/// Values are not folded to less than this.
const NARROWEST: usize = 40;

/// The lines as they are printed: in colour on a terminal, unless the variable `NO_COLOR` says no
/// (no-color.org), and folded there, since the terminal would do it in the middle of words.
pub(super) fn painted(lines: &[Line]) -> String {
    let terminal = stdout().is_terminal();
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let room = if terminal { room() } else { None };
    let lines = lines.iter().map(|line| one(line, terminal && !refused, room));
    lines.collect::<Vec<_>>().join("\n")
}

/// How many columns the terminal has for values, where it says so.
fn room() -> Option<usize> {
    let columns = usize::from(tcgetwinsize(stdout()).ok()?.ws_col);
    columns.checked_sub(WIDTH).filter(|room| *room >= NARROWEST)
}

fn one(line: &Line, colour: bool, room: Option<usize>) -> String {
    let code = match line.tone {
        Tone::Good => Some("32"),
        Tone::Doubtful => Some("33"),
        Tone::Bad => Some("31"),
        Tone::Plain => None,
    };
    let paint = |text: String| match code {
        Some(code) if colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        _ => text,
    };
    let value = match room {
        Some(room) => folded(&line.value, room),
        None => vec![line.value.clone()],
    };
    let value = value.into_iter().map(paint).collect::<Vec<_>>();
    format!("{:<WIDTH$}{}", line.name, value.join(&format!("\n{:<WIDTH$}", "")))
}

/// A text in lines of this many characters, folded at spaces; a longer word, such as a DSN to be
/// copied, stays whole.
fn folded(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut words = text.split(' ');
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        if line.chars().count() + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        } else {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(tone: Tone, value: &str) -> Line {
        Line { name: "TLS".to_owned(), value: value.to_owned(), tone }
    }

    #[test]
    fn only_the_value_is_painted() {
        let plain = "TLS                 offered";
        for tone in [Tone::Good, Tone::Doubtful, Tone::Bad, Tone::Plain] {
            assert_eq!(one(&line(tone, "offered"), false, None), plain);
        }
        assert_eq!(one(&line(Tone::Plain, "offered"), true, None), plain);
        let painted = one(&line(Tone::Good, "offered"), true, None);
        assert_eq!(painted, "TLS                 \u{1b}[32moffered\u{1b}[0m");
    }

    #[test]
    fn folded_lines_stand_below_one_another_and_are_painted_each() {
        let painted = one(&line(Tone::Bad, "not offered"), true, Some(5));
        let expected = "TLS                 \u{1b}[31mnot\u{1b}[0m\n                    \
                        \u{1b}[31moffered\u{1b}[0m";
        assert_eq!(painted, expected);
    }

    #[test]
    fn folds_are_at_spaces_and_lose_nothing_else() {
        for (text, expected) in [
            ("", vec![""]),
            ("offered", vec!["offered"]),
            ("a bc def", vec!["a bc", "def"]),
            ("a bc de", vec!["a bc", "de"]),
            ("mysql://app@db/ b", vec!["mysql://app@db/", "b"]),
            ("a mysql://app@db/", vec!["a", "mysql://app@db/"]),
            ("é é é é", vec!["é é é", "é"]),
            ("a  b", vec!["a  b"]),
        ] {
            assert_eq!(folded(text, 5), expected, "{text}");
        }
    }
}
