//! The login's state machine, between a server and a driver that say anything.

use super::Input;
use crate::protocol::login::{DriverSays, Login, Permissions, Verdict, Wire};
use crate::protocol::plugin;
use crate::protocol::response::Response;
use crate::session::PasswordSent;

const WIRES: [Wire; 4] = [Wire::PlainTcp, Wire::UnixSocket, Wire::Tls, Wire::UnverifiedTls];

const PLUGINS: [&[u8]; 9] = [
    plugin::NATIVE,
    plugin::CACHING_SHA2,
    plugin::SHA256,
    plugin::CLEAR,
    plugin::OLD,
    plugin::ED25519,
    plugin::PARSEC,
    b"dialog",
    b"",
];

/// What a driver may answer with.
const LENGTHS: [usize; 9] = [0, 1, 7, 20, 32, 64, 96, 128, 256];

/// How many packets a login may take.
const PACKETS: usize = 64;

/// The wire, what the user allowed, the driver's first answer, and what follows it.
pub fn login(data: &[u8]) {
    let mut input = Input::new(data);
    let (Some(wire), Some(allowed), Some(first), Some(length)) =
        (input.byte(), input.byte(), input.byte(), input.byte())
    else {
        return;
    };
    let wire = WIRES[usize::from(wire) % WIRES.len()];
    let permissions = Permissions {
        cleartext: allowed & 1 != 0,
        known_key: allowed & 2 != 0,
        ask_for_key: allowed & 4 != 0,
        any_driver: allowed & 8 != 0,
        verified_only: wire == Wire::UnverifiedTls || allowed & 16 != 0,
    };
    let plugin = PLUGINS[usize::from(first) % PLUGINS.len()];
    let answer = answer(length);
    let response = Response { capabilities: 0, auth_data: &answer, plugin };
    let Ok(login) = Login::new(wire, permissions, &[b'n'; 20], &response) else { return };
    let mut run = Run { wire, permissions, plugin: plugin.to_vec(), asked: false, login };
    run.check_answer(&answer);

    let mut packets = 1;
    while let Some(step) = input.byte() {
        let goes_on = if step & 1 == 0 {
            server_says(step >> 1, &mut input).is_some_and(|packet| run.server(&packet))
        } else {
            driver_says(step >> 1, &mut input).is_some_and(|packet| run.driver(&packet))
        };
        if !goes_on {
            return;
        }
        packets += 1;
        assert!(packets <= PACKETS, "a login without an end");
    }
}

fn answer(length: u8) -> Vec<u8> {
    match LENGTHS.get(usize::from(length)) {
        Some(1) => vec![0],
        Some(length) => vec![7; *length],
        // As long as a scramble may be, and a password.
        None => [&vec![b'p'; usize::from(length) - 1][..], &[0]].concat(),
    }
}

/// The packets that mean something, and any other.
fn server_says(kind: u8, input: &mut Input<'_>) -> Option<Vec<u8>> {
    Some(match kind % 9 {
        0 => vec![1, 4],
        1 => vec![1, 3],
        2 => b"\0\0\0\x02\0\0\0".to_vec(),
        3 => b"\xff\x15\x04#28000no".to_vec(),
        4 => {
            let name = PLUGINS[usize::from(input.byte()?) % PLUGINS.len()];
            let nonce = vec![b'N'; usize::from(input.byte()?) % 40];
            let first = if input.byte()? & 1 == 0 { 0xfe } else { 0x02 };
            [&[first], name, &[0], &nonce].concat()
        }
        5 => [&[b'P', input.byte()?][..], &[7; 18]].concat(),
        6 => b"\x01-----BEGIN PUBLIC KEY-----".to_vec(),
        7 => [&[1], input.piece()?].concat(),
        _ => input.piece()?.to_vec(),
    })
}

fn driver_says(kind: u8, input: &mut Input<'_>) -> Option<Vec<u8>> {
    Some(match kind % 4 {
        0 => vec![2],
        1 => vec![1],
        2 => answer(input.byte()?),
        _ => input.piece()?.to_vec(),
    })
}

/// What passed, seen from outside.
struct Run {
    wire: Wire,
    permissions: Permissions,
    /// The plugin that the driver answers for.
    plugin: Vec<u8>,
    /// The server has asked for the password itself.
    asked: bool,
    login: Login,
}

impl Run {
    /// Whether the login goes on after a packet of the server.
    fn server(&mut self, packet: &[u8]) -> bool {
        let Ok(verdict) = self.login.server_packet(packet) else { return false };
        match verdict {
            Verdict::LoggedIn => assert_eq!(packet.first(), Some(&0)),
            Verdict::Refused(_) => assert_eq!(packet.first(), Some(&0xff)),
            Verdict::CheckKey => {
                assert!(self.asked && self.permissions.ask_for_key, "a key that nobody asked for");
                return true;
            }
            Verdict::Continue => {
                self.passed(packet);
                return true;
            }
        }
        false
    }

    /// A packet of the server reached the driver.
    fn passed(&mut self, packet: &[u8]) {
        let (wire, any_driver) = (self.wire, self.permissions.any_driver);
        let knows = |name: &[u8]| plugin::OF_THE_DRIVER.contains(&name);
        match packet {
            [0xfe | 0x02, rest @ ..] if packet[0] == 0xfe || any_driver => {
                let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
                let (name, nonce) = rest.split_at(end);
                assert!(any_driver || knows(name), "the driver has no {name:?}");
                assert_ne!(name, plugin::OLD);
                if name == plugin::CLEAR {
                    assert_eq!(wire, Wire::Tls);
                    assert!(self.permissions.cleartext);
                }
                if wire == Wire::UnverifiedTls {
                    assert!(plugin::WITH_A_PROOF.contains(&name), "{wire:?} {name:?}");
                }
                if !any_driver && name != plugin::CLEAR {
                    assert!(nonce.len() > 20, "the driver panics on a short nonce");
                }
                self.plugin = name.to_vec();
                self.asked = false;
            }
            [0x01, 0x04] if self.plugin == plugin::CACHING_SHA2 => {
                assert_ne!(wire, Wire::UnverifiedTls);
                let key = self.permissions.known_key || self.permissions.ask_for_key;
                assert!(wire != Wire::PlainTcp || key, "no key to encrypt with");
                self.asked = true;
            }
            _ if any_driver && !knows(&self.plugin) => {}
            [0x01, 0x03] => assert_eq!(self.plugin, plugin::CACHING_SHA2),
            [b'P', factor, ..] | [0x01, b'P', factor, ..] => {
                assert_eq!(self.plugin, plugin::PARSEC);
                assert!(*factor <= 10, "work without a bound");
            }
            other => panic!("{:?} passed for {:?}", other, self.plugin),
        }
    }

    /// Whether the login goes on after a packet of the driver.
    fn driver(&mut self, packet: &[u8]) -> bool {
        match self.login.driver_packet(packet) {
            Ok(DriverSays::Pass) => self.check_answer(packet),
            Ok(DriverSays::AsksForKey | DriverSays::Encrypted) => {
                assert!(self.wire == Wire::Tls && self.permissions.any_driver);
            }
            Err(_) => return false,
        }
        true
    }

    /// A packet of the driver reached the server.
    fn check_answer(&self, packet: &[u8]) {
        let sent = self.login.password_sent();
        match self.wire {
            Wire::PlainTcp => {
                let key = self.permissions.known_key || self.permissions.ask_for_key;
                let asks = packet == [2] && self.asked && self.permissions.ask_for_key;
                let encrypted = packet.len() >= 256 && self.asked && key;
                let says_nothing = matches!(packet, [] | [0]);
                let scramble = is_scramble(&self.plugin, packet.len()) && !self.asked;
                assert!(
                    asks || encrypted || says_nothing || scramble,
                    "{packet:?} passed for {:?}",
                    self.plugin
                );
                assert!(sent < PasswordSent::Cleartext);
            }
            Wire::UnverifiedTls => {
                assert!(plugin::WITH_A_PROOF.contains(&&self.plugin[..]), "{:?}", self.plugin);
                assert!(sent <= PasswordSent::Scramble);
            }
            Wire::UnixSocket | Wire::Tls => {}
        }
    }
}

/// Whether a proof of this plugin has this length.
fn is_scramble(plugin: &[u8], length: usize) -> bool {
    let lengths = [
        (plugin::NATIVE, 20),
        (plugin::CACHING_SHA2, 32),
        (plugin::ED25519, 64),
        (plugin::PARSEC, 96),
    ];
    lengths.contains(&(plugin, length))
}
