//! A line of an option file. Pure text: no file is opened here, and no option is known.

use zeroize::Zeroizing;

/// What a line says.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(super) enum Line<'a> {
    /// Empty, or a comment.
    Nothing,
    Group(&'a str),
    Option {
        name: &'a str,
        /// None where there is no `=`.
        value: Option<Zeroizing<String>>,
    },
    Include(&'a str),
    IncludeDir(&'a str),
}

/// Reads a line; an error is the end of a sentence, and repeats nothing of the line.
pub(super) fn line(text: &str) -> Result<Line<'_>, &'static str> {
    let text = text.trim_matches(is_space);
    match text.bytes().next() {
        None | Some(b'#' | b';') => Ok(Line::Nothing),
        Some(b'!') => directive(text.get(1..).unwrap_or_default().trim_start_matches(is_space)),
        Some(b'[') => group(text),
        Some(_) => option(without_comment(text)),
    }
}

/// What C's `isspace` takes.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r')
}

fn directive(text: &str) -> Result<Line<'_>, &'static str> {
    let (word, path) = text.split_once(is_space).unwrap_or((text, ""));
    let path = without_comment(path).trim_matches(is_space);
    match word {
        "include" | "includedir" if path.is_empty() => {
            Err("has no path after `!include` or `!includedir`: write one, or remove the line")
        }
        "include" => Ok(Line::Include(path)),
        "includedir" => Ok(Line::IncludeDir(path)),
        _ => Err("begins with `!` and is neither `!include` nor `!includedir`: remove it"),
    }
}

fn group(text: &str) -> Result<Line<'_>, &'static str> {
    let inside = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match inside {
        Some((name, _)) => Ok(Line::Group(name.trim_end_matches(is_space))),
        None => Err("begins a group and has no `]`: write it as `[client]`"),
    }
}

fn option(text: &str) -> Result<Line<'_>, &'static str> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(unquoted(value.trim_matches(is_space)))),
        None => (text, None),
    };
    let name = name.trim_matches(is_space);
    match name.is_empty() {
        true => Err("has no name before the `=`: write `NAME=VALUE`"),
        false => Ok(Line::Option { name, value }),
    }
}

/// Ends the text at a `#` that stands outside quotes.
fn without_comment(text: &str) -> &str {
    let (mut quote, mut escaped) = (None, false);
    for (place, character) in text.char_indices() {
        match (character, quote) {
            ('\'' | '"', None) if !escaped => quote = Some(character),
            (_, Some(open)) if character == open && !escaped => quote = None,
            ('#', None) => return text.get(..place).unwrap_or(text),
            _ => {}
        }
        escaped = quote.is_some() && character == '\\' && !escaped;
    }
    text
}

/// Takes one pair of quotes off and replaces the escapes.
fn unquoted(value: &str) -> Zeroizing<String> {
    let inside = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value);
    // Sized once, so that no copy of a secret stays behind in freed memory.
    let mut text = Zeroizing::new(String::with_capacity(inside.len()));
    let mut rest = inside.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match rest.next() {
            Some('b') => text.push('\u{8}'),
            Some('t') => text.push('\t'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('s') => text.push(' '),
            Some(same @ ('\\' | '"' | '\'')) => text.push(same),
            // As in a path of Windows, `C:\Data`.
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<String> {
        match line(text) {
            Ok(Line::Option { name: "password", value }) => value.map(|value| value.to_string()),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_a_line_is() {
        for (text, expected) in [
            ("", Line::Nothing),
            (" \t\r", Line::Nothing),
            ("# a", Line::Nothing),
            ("  ; a", Line::Nothing),
            ("[client]", Line::Group("client")),
            (" [client  ] # x", Line::Group("client")),
            ("[mysql_x]y", Line::Group("mysql_x")),
            ("!include /a b.cnf ", Line::Include("/a b.cnf")),
            ("! include\t/a", Line::Include("/a")),
            ("!include /a # b", Line::Include("/a")),
            ("!includedir /etc/my.d", Line::IncludeDir("/etc/my.d")),
            ("compress", Line::Option { name: "compress", value: None }),
            ("compress # on", Line::Option { name: "compress", value: None }),
            (" ssl_ca = a.pem\r", option("ssl_ca=a.pem").unwrap()),
        ] {
            assert_eq!(line(text), Ok(expected), "{text}");
        }
        for text in [
            "[client",
            "!include",
            "!include # a",
            "!includedir  ",
            "!includes /a",
            "!",
            "=x",
            " = x",
        ] {
            assert!(line(text).is_err(), "{text}");
        }
    }

    /// Each as the official client prints it with `--print-defaults`.
    #[test]
    fn values_are_unquoted_and_unescaped() {
        for (text, expected) in [
            ("password=abc", "abc"),
            ("password =  a b  ", "a b"),
            ("password=", ""),
            ("password=\"\"", ""),
            ("password='a # b' # c", "a # b"),
            ("password=\"a;b\"", "a;b"),
            ("password=a;b", "a;b"),
            ("password=a#b", "a"),
            ("password=a'#'b", "a'#'b"),
            ("password='a\"b'", "a\"b"),
            ("password=\"it's # 1\"", "it's # 1"),
            ("password='a", "'a"),
            ("password=\"", "\""),
            ("password=a=b", "a=b"),
            ("password='it\\'s # x'", "it's # x"),
            (r"password=\b\t\n\r\\\s\x", "\u{8}\t\n\r\\ \\x"),
            (r"password=C:\\a\Data", r"C:\a\Data"),
            (r"password=a\", r"a\"),
            (r#"password="a\"b""#, r#"a"b"#),
            ("password= ü ", "ü"),
        ] {
            assert_eq!(value(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(value("password"), None);
    }
}
