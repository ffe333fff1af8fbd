//! `mysql-tls explain`, and the chapter that is made from the same table.

use super::*;

#[test]
fn a_code_is_explained_however_it_was_copied() {
    let expected = "\
Code                certificate.not-yet-valid
About               Why the server's certificate was refused.
Meaning             Its time has not come.
Remedy              Check this machine's clock, and that of the machine where the certificate was made.
";
    for code in [
        "certificate.not-yet-valid",
        "error[certificate.not-yet-valid]",
        "error[certificate.not-yet-valid]:",
        "[certificate.not-yet-valid]",
        " certificate.not-yet-valid\n",
    ] {
        assert_eq!(run(&["explain", code]).end().succeeded(), expected, "{code:?}");
    }
    let shown = run(&["explain", "certificate.wrong-name"]).end().succeeded();
    let shown = format!("$ mysql-tls explain certificate.wrong-name\n{shown}```\n");
    assert!(include_str!("../../../README.md").contains(&shown), "README.md has not\n{shown}");
    // Of the program's own there are as many words.
    let own = run(&["explain", "config.foreign-ca"]).end().succeeded();
    assert!(own.contains("--use-ca") && own.contains("Sign with the tool"), "{own}");
}

#[test]
fn a_stage_lists_its_codes_and_nothing_all_of_them() {
    let stage = run(&["explain", "tls"]).end().succeeded();
    assert!(stage.starts_with("Code                tls.not-offered\n"), "{stage}");
    let stage = run(&["explain", "certificate"]).end().succeeded();
    let codes: Vec<&str> = stage.lines().filter_map(|line| line.split(' ').next()).collect();
    let known: Vec<&str> = mysql_tls::error_codes()
        .iter()
        .map(mysql_tls::ErrorCode::code)
        .filter(|code| code.starts_with("certificate."))
        .collect();
    assert_eq!(codes, known);
    assert_eq!(run(&["explain"]).end().succeeded().lines().count(), explained().len());
}

#[test]
fn what_is_no_code_is_wrong_usage_and_not_repeated() {
    for code in ["certificate.", "expired", "", "error", &format!("mysql://app:{PASSWORD}@h/")] {
        run(&["explain", code]).end().misused("there is no such code");
    }
    // A line of the output with the whole error is not one argument.
    let code = run(&["explain", "dsn.form", "oops"]).end();
    assert_eq!(code.code, Some(2));
}

/// Code, stage, meaning and remedy of each, as `--json` has them.
fn explained() -> Vec<[String; 4]> {
    let text = run(&["explain", "--json"]).end().succeeded();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let field = |code: &serde_json::Value, name: &str| code[name].as_str().unwrap().to_owned();
    let names = ["code", "stage", "meaning", "remedy"];
    let codes = report["codes"].as_array().unwrap().iter();
    codes.map(|code| names.map(|name| field(code, name))).collect()
}

#[test]
fn the_librarys_codes_come_first_and_are_all_there() {
    let explained = explained();
    let library: Vec<[String; 4]> = mysql_tls::error_codes()
        .iter()
        .map(|known| {
            [known.code(), known.stage(), known.meaning(), known.remedy()].map(str::to_owned)
        })
        .collect();
    assert_eq!(explained[..library.len()], library);
    let own: Vec<&str> =
        explained[library.len()..].iter().map(|[code, ..]| code.as_str()).collect();
    let expected = [
        "config.file-exists",
        "config.ca-expired",
        "config.foreign-ca",
        "config.certificate",
        "exec.not-found",
        "exec.cannot-run",
        "io.files",
        "io.output",
    ];
    assert_eq!(own, expected);
}

const BEGIN: &str = "<!-- codes: begin -->\n";
const END: &str = "<!-- codes: end -->";

#[test]
fn the_chapters_table_is_the_codes() {
    let chapter = include_str!("../../drivers/chapters/when_it_fails.md");
    let (_, rest) = chapter.split_once(BEGIN).unwrap();
    let (written, _) = rest.split_once(END).unwrap();
    let table = table();
    assert!(
        written == table,
        "when_it_fails.md: replace what stands between `codes: begin` and `codes: end` by\n\n{table}"
    );
}

fn table() -> String {
    let mut table = String::new();
    let mut last = String::new();
    for [code, stage, meaning, remedy] in explained() {
        if stage != last {
            let heading = stage.trim_end_matches('.');
            let columns = "| code | meaning | what to do |\n|---|---|---|";
            table.push_str(&format!("\n### {heading}\n\n{columns}\n"));
        }
        let remedy = format!("{}{}.", remedy[..1].to_uppercase(), &remedy[1..]);
        assert!(![&code, &meaning, &remedy].into_iter().any(|cell| cell.contains('|')), "{code}");
        table.push_str(&format!("| `{code}` | {meaning} | {remedy} |\n"));
        last = stage;
    }
    table.push('\n');
    table
}
