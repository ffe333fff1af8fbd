//! Colour, on a terminal alone.

use std::io::{IsTerminal, stdout};

use super::text::{Line, Tone};

/// How wide the names are, as in `status` and in a certificate's table.
pub(super) const WIDTH: usize = 20;

/// The lines as they are printed: in colour on a terminal, unless the variable `NO_COLOR` says no
/// (no-color.org).
pub(super) fn painted(lines: &[Line]) -> String {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = stdout().is_terminal() && !refused;
    lines.iter().map(|line| one(line, colour)).collect::<Vec<_>>().join("\n")
}

fn one(line: &Line, colour: bool) -> String {
    let code = match line.tone {
        Tone::Good => "32",
        Tone::Doubtful => "33",
        Tone::Bad => "31",
        Tone::Plain => return format!("{:<WIDTH$}{}", line.name, line.value),
    };
    if colour {
        format!("{:<WIDTH$}\u{1b}[{code}m{}\u{1b}[0m", line.name, line.value)
    } else {
        format!("{:<WIDTH$}{}", line.name, line.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_value_is_painted() {
        let line = |tone| Line { name: "TLS".to_owned(), value: "offered".to_owned(), tone };
        let plain = "TLS                 offered";
        for tone in [Tone::Good, Tone::Doubtful, Tone::Bad, Tone::Plain] {
            assert_eq!(one(&line(tone), false), plain);
        }
        assert_eq!(one(&line(Tone::Plain), true), plain);
        assert_eq!(one(&line(Tone::Good), true), "TLS                 \u{1b}[32moffered\u{1b}[0m");
    }
}
