//! What an active attacker on the network would get, as the README's table of modes has it.

use mysql_tls::{SslMode, Verification};

/// The answer for a mode, what is verified under it, and whether pins are compared besides.
pub(super) fn gets(mode: SslMode, verification: &Verification, pinned: bool) -> &'static str {
    use Verification::{Chain, ChainAndName, Nothing};
    match (mode, verification) {
        (SslMode::Disabled, _) => {
            "user name, scramble, all queries; the password itself only with \
             get-server-public-key=true, by showing a key of his own"
        }
        (SslMode::Preferred, Nothing) => {
            "by removing the offer of TLS: user name, scramble, all queries; by ending TLS himself: \
             the password itself and all queries"
        }
        (SslMode::Preferred, _) => {
            "by removing the offer of TLS: user name, scramble, all queries; otherwise nothing"
        }
        (_, ChainAndName(_)) => {
            "nothing but availability, and a forged greeting (product, version, connection id)"
        }
        _ if pinned => "nothing, unless he holds the server's own key",
        (_, Chain) => "nothing, unless he holds another certificate of that CA",
        _ => "the password itself, all queries, the identity in the client certificate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table() {
        let name = || Verification::ChainAndName("db".to_owned());
        use SslMode::{Disabled, Preferred, Required, VerifyCa, VerifyIdentity};
        use Verification::{Chain, Nothing, Pin};
        for (mode, verification, pinned, words) in [
            (
                Disabled,
                Nothing,
                false,
                "user name, scramble, all queries; the password itself only",
            ),
            (Disabled, Chain, false, "user name, scramble, all queries; the password itself only"),
            (
                Preferred,
                Nothing,
                false,
                "by removing the offer of TLS: user name, scramble, all \
              queries; by ending TLS himself",
            ),
            (
                Preferred,
                Chain,
                false,
                "by removing the offer of TLS: user name, scramble, all \
              queries; otherwise nothing",
            ),
            (Required, Nothing, false, "the password itself, all queries"),
            (Required, Pin, true, "nothing, unless he holds the server's own key"),
            (Required, Chain, false, "nothing, unless he holds another certificate of that CA"),
            (VerifyCa, Chain, false, "nothing, unless he holds another certificate of that CA"),
            (VerifyCa, Chain, true, "nothing, unless he holds the server's own key"),
            (VerifyIdentity, name(), false, "nothing but availability"),
        ] {
            let answer = gets(mode, &verification, pinned);
            assert!(answer.starts_with(words), "{mode} {verification} {pinned}: {answer}");
        }
    }
}
