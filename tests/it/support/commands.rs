//! Plays a script with a client that is logged in: commands and their answers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::play::{Play, Stop};
use super::record::Ended;
use super::script::Answer;
use super::wire::{self, Rows};

impl Play<'_> {
    pub(super) fn commands(&mut self) -> Result<Stop, Ended> {
        const QUIT: u8 = 0x01;
        const QUERY: u8 = 0x03;
        const STMT_PREPARE: u8 = 0x16;
        const STMT_SEND_LONG_DATA: u8 = 0x18;
        const STMT_CLOSE: u8 = 0x19;
        loop {
            let (_, packet) = self.channel.read_packet()?;
            self.channel.update(|record| record.commands.push(packet.clone()));
            if let Some(answer) = self.scripted(&packet) {
                match self.answer(&answer)? {
                    Some(stop) => return Ok(stop),
                    None => continue,
                }
            }
            let answer = match packet.split_first() {
                Some((&QUIT, _)) => {
                    self.channel.update(|record| record.quit = true);
                    return Ok(Stop::Closing);
                }
                Some((&(STMT_SEND_LONG_DATA | STMT_CLOSE), _)) => continue,
                Some((&STMT_PREPARE, _)) => Answer::err(
                    1295,
                    Some("HY000"),
                    "This command is not supported in the prepared statement protocol yet",
                ),
                Some((&QUERY, sql)) => self.answer_for(&String::from_utf8_lossy(sql)),
                _ => Answer::Ok,
            };
            if let Some(stop) = self.answer(&answer)? {
                return Ok(stop);
            }
        }
    }

    /// The script's answer to whatever begins with this command byte.
    fn scripted(&self, packet: &[u8]) -> Option<Answer> {
        let mut all = self.script.by_command.iter();
        all.find(|(command, _)| packet.first() == Some(command)).map(|(_, answer)| answer.clone())
    }

    fn answer(&mut self, answer: &Answer) -> Result<Option<Stop>, Ended> {
        match answer {
            Answer::Ok => self.channel.send(&[wire::ok()])?,
            Answer::Err { code, state, message } => {
                self.channel.send(&[wire::err(*code, *state, message)])?;
            }
            Answer::Rows(rows) => self.channel.send(&rows.packets())?,
            Answer::Packets(payloads) => self.channel.send(payloads)?,
            Answer::Wire(bytes) => self.channel.write(bytes)?,
            Answer::LocalInfile(file_name) => {
                self.channel.send(&[wire::local_infile(file_name)])?;
                let mut content = Vec::new();
                loop {
                    let (_, part) = self.channel.read_packet()?;
                    if part.is_empty() {
                        break;
                    }
                    content.extend(part);
                }
                self.channel.update(|record| record.infile.push(content));
                self.channel.send(&[wire::ok()])?;
            }
            Answer::Cut(rows) => {
                let bytes = self.channel.framed(&rows.packets());
                self.channel.write(&bytes[..bytes.len() / 2])?;
                return Ok(Some(Stop::Cutting));
            }
            Answer::Close => return Ok(Some(Stop::Closing)),
            Answer::Silence => return Ok(Some(Stop::Waiting)),
            Answer::Late(pause, answer) => {
                self.channel.sleep(*pause)?;
                return self.answer(answer);
            }
            Answer::Once(allowed, answer) => {
                while !allowed.load(Ordering::SeqCst) {
                    self.channel.sleep(Duration::from_millis(5))?;
                }
                return self.answer(answer);
            }
        }
        Ok(None)
    }

    fn answer_for(&self, sql: &str) -> Answer {
        let sql = sql.trim().trim_end_matches(';').trim_end();
        let scripted = self.script.responders.iter().find_map(|respond| respond(sql));
        scripted.or_else(|| self.usual(sql).map(Answer::Rows)).unwrap_or(Answer::Ok)
    }

    /// Answers to what drivers and people ask of any server.
    fn usual(&self, sql: &str) -> Option<Rows> {
        let upper = sql.to_ascii_uppercase();
        let value = match upper.as_str() {
            "SELECT 1" => "1".into(),
            "SELECT @@MAX_ALLOWED_PACKET" => "67108864".into(),
            "SELECT @@WAIT_TIMEOUT" => "28800".into(),
            "SELECT VERSION()" | "SELECT @@VERSION" => self.script.greeting.version.clone(),
            "SELECT CURRENT_USER()" => format!("{}@%", self.user),
            _ if upper.starts_with("SELECT COUNT(*)") => "1".into(),
            _ if upper.starts_with("SHOW SESSION STATUS LIKE 'SSL%'") => {
                return Some(self.ssl_status());
            }
            _ => return None,
        };
        Some(Rows::one(sql.get("SELECT ".len()..)?, value))
    }

    /// What MySQL shows of the session's TLS; empty texts on plaintext.
    fn ssl_status(&self) -> Rows {
        let (mut version, mut cipher) = (String::new(), String::new());
        self.channel.update(|record| {
            if let Some(tls) = &record.tls {
                version.clone_from(&tls.version);
                cipher.clone_from(&tls.cipher_openssl);
            }
        });
        Rows::new(["Variable_name", "Value"])
            .row(["Ssl_cipher".into(), cipher])
            .row(["Ssl_version".into(), version])
    }
}
