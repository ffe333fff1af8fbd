//! What is made from the program's own arguments: completions and manual pages.

use super::*;

/// A program that this machine may not have: what it prints, given this on stdin.
fn output_of(program: &str, arguments: &[&str], input: &[u8]) -> Option<(String, String)> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => panic!("{program}: {error}"),
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some((text(output.stdout), text(output.stderr)))
}

/// The subcommands, as the help lists them.
fn subcommands() -> Vec<String> {
    let help = run(&["--help"]).end().succeeded();
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let name = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    let lines = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    lines.map(name).filter(|name| name != "help").collect()
}

#[test]
fn every_shell_gets_a_script_with_every_subcommand() {
    let subcommands = subcommands();
    assert!(subcommands.contains(&"doctor".to_owned()), "{subcommands:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]).end().succeeded();
        for word in subcommands.iter().map(String::as_str).chain(["ssl-mode", "server-name"]) {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // Where the shell is there, it can read it.
        if ["bash", "fish", "zsh"].contains(&shell) {
            output_of(shell, &["-n"], script.as_bytes());
        }
    }
    let outcome = run(&["completions", "tcsh"]).end();
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("bash") && outcome.stderr.contains("zsh"),
        "{}",
        outcome.stderr
    );
}

/// What bash offers after these words, the last of which is not complete.
fn completed(script: &str, words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let last = quoted.last().unwrap();
    let before = &quoted[quoted.len() - 2];
    let program = format!(
        "{script}\n\
         [[ $(complete -p mysql-tls) =~ -F\\ ([^ ]+) ]] || exit 3\n\
         COMP_WORDS=({}); COMP_CWORD={}\n\
         \"${{BASH_REMATCH[1]}}\" mysql-tls {last} {before}\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        quoted.join(" "),
        quoted.len() - 1,
    );
    let (offered, complaints) = output_of("bash", &["--norc", "--noprofile"], program.as_bytes())
        .expect("the tests need bash elsewhere too");
    assert_eq!(complaints, "", "{words:?}");
    offered.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_subcommands_options_and_values() {
    let script = run(&["completions", "bash"]).end().succeeded();
    let cases: &[(&[&str], &[&str])] = &[
        (&["mysql-tls", "sta"], &["status"]),
        (&["mysql-tls", "cer"], &["cert", "certs"]),
        (&["mysql-tls", "exec", "--url"], &["--url-style"]),
        (&["mysql-tls", "certs", "dir", "--server-n"], &["--server-name"]),
        (&["mysql-tls", "shim", "--server-s"], &["--server-socket"]),
        (&["mysql-tls", "completions", "fi"], &["fish"]),
        (&["mysql-tls", "nonsense-"], &[]),
    ];
    for (words, offered) in cases {
        assert_eq!(completed(&script, words), *offered, "{words:?}");
    }
}

#[test]
fn the_manual_page_can_be_read() {
    let page = run(&["man"]).end().succeeded();
    let title = format!(".TH mysql-tls 1 \" \" \"mysql-tls {}\"", env!("CARGO_PKG_VERSION"));
    assert!(page.contains(&title), "{page}");
    let shown = rendered(&page).unwrap_or(page);
    for word in ["NAME", "SYNOPSIS", "Exit status", "TiDB, MySQL and MariaDB"] {
        assert!(shown.contains(word), "{word} is not in\n{shown}");
    }
    for name in subcommands() {
        assert!(shown.contains(&name), "{name} is not in\n{shown}");
    }
}

/// As a terminal has it, without a warning; `None` where nothing here shows manual pages.
fn rendered(page: &str) -> Option<String> {
    let groff = ["-man", "-Tascii", "-P-cbou", "-ww", "-rLL=200n", "-rHY=0"];
    let (shown, complaints) = output_of("groff", &groff, page.as_bytes())?;
    assert_eq!(complaints, "");
    // Lines are filled up with spaces.
    Some(shown.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn each_subcommand_has_a_page_of_its_own() {
    let dir = TestDir::new();
    let path = dir.path().display().to_string();
    let mut expected: Vec<String> =
        subcommands().iter().map(|name| format!("mysql-tls-{name}.1")).collect();
    expected.push("mysql-tls.1".to_owned());
    expected.sort();
    // Twice: an older version's pages are replaced.
    for _ in 0..2 {
        assert_eq!(run(&["man", &path]).end().succeeded(), "");
        let entries = std::fs::read_dir(dir.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, expected);
    }
    for name in &expected {
        let page = std::fs::read_to_string(dir.path().join(name)).unwrap();
        let stem = name.strip_suffix(".1").unwrap();
        assert!(page.contains(&format!(".TH {stem} 1 \" \" \"mysql-tls ")), "{page}");
        rendered(&page);
    }
    let page = std::fs::read_to_string(dir.path().join("mysql-tls-shim.1")).unwrap();
    let status = std::fs::read_to_string(dir.path().join("mysql-tls-status.1")).unwrap();
    // They are hidden, since they have no use there.
    for option in ["password", "user", "database"] {
        let option = format!("\\-\\-{option}\\f");
        assert!(!page.contains(&option) && status.contains(&option), "{option}: {page}");
    }

    let missing = format!("{path}/missing");
    let sentence = run(&["man", &missing]).end().failed("io.files");
    assert!(sentence.contains("missing/mysql-tls") && sentence.contains("give a directory"));
}
