//! `LoadBalance`: in which order several hosts are tried.

use std::fmt;
use std::str::FromStr;

/// In which order a connect tries the hosts of a connector, and the addresses of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoadBalance {
    /// As they stand in the connection string: the next only where the one before does not answer.
    #[default]
    Sequential,
    /// Anew by chance for every connect, which spreads the connections.
    Random,
}

impl LoadBalance {
    /// Every value.
    pub const ALL: &'static [LoadBalance] = &[LoadBalance::Sequential, LoadBalance::Random];

    /// The text form, for example `random`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            LoadBalance::Sequential => "sequential",
            LoadBalance::Random => "random",
        }
    }

    /// Puts what is to be tried into the order in which it is.
    pub(crate) fn order<T>(self, tried: &mut [T]) {
        match self {
            LoadBalance::Sequential => {}
            LoadBalance::Random => fastrand::shuffle(tried),
        }
    }
}

impl fmt::Display for LoadBalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of `sequential` and `random`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write sequential or random")]
pub struct ParseLoadBalanceError;

impl FromStr for LoadBalance {
    type Err = ParseLoadBalanceError;

    /// Reads the text form, in any case.
    fn from_str(text: &str) -> Result<Self, ParseLoadBalanceError> {
        let is_meant = |balance: &&LoadBalance| balance.as_str().eq_ignore_ascii_case(text);
        LoadBalance::ALL.iter().find(is_meant).copied().ok_or(ParseLoadBalanceError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, expected) in [
            ("sequential", Ok(LoadBalance::Sequential)),
            ("Random", Ok(LoadBalance::Random)),
            ("true", Err(ParseLoadBalanceError)),
            ("", Err(ParseLoadBalanceError)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
        for balance in LoadBalance::ALL {
            assert_eq!(balance.to_string().parse(), Ok(*balance));
        }
    }

    #[test]
    fn orders() {
        let ordered = |balance: LoadBalance| {
            let mut hosts = [0, 1, 2];
            balance.order(&mut hosts);
            hosts
        };
        let mut firsts = [0; 3];
        for _ in 0..300 {
            assert_eq!(ordered(LoadBalance::Sequential), [0, 1, 2]);
            let [first, second, third] = ordered(LoadBalance::Random);
            assert_eq!(first + second + third, 3, "each once");
            if let Some(count) = firsts.get_mut(first) {
                *count += 1;
            }
        }
        // 100 are expected of each, with a standard deviation of 8.
        assert!(firsts.iter().all(|count| (50..=150).contains(count)), "{firsts:?}");
    }
}
