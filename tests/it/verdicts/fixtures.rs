//! Algorithms that TLS libraries disagree about, from `fixtures/chains`.

use super::{Case, OK, UNSUPPORTED, UNUSABLE};
use crate::support::*;

macro_rules! chain {
    ($name:literal) => {
        (
            include_str!(concat!("../../../fixtures/chains/", $name, "-root.pem")),
            Issued::from_pem(
                include_str!(concat!("../../../fixtures/chains/", $name, "-leaf.pem")),
                include_str!(concat!("../../../fixtures/chains/", $name, "-leaf-key.pem")),
            ),
        )
    };
}

pub(super) fn table() -> Vec<Case> {
    let (rsa_root, rsa) = chain!("rsa-1024");
    let (sha1_root, sha1) = chain!("sha-1");
    let mut cases = vec![
        Case::unverified("of a root with RSA-1024, unverified", &rsa, OK),
        Case::new("of a root with RSA-1024", &rsa, rsa_root, UNUSABLE),
        Case::unverified("signed over SHA-1, unverified", &sha1, OK),
        Case::new("signed over SHA-1", &sha1, sha1_root, UNSUPPORTED),
    ];
    let (root, leaf) = chain!("p-521-root");
    cases.push(Case::unverified("of a root on P-521, unverified", &leaf, OK));
    if !cfg!(feature = "aws-lc-rs") {
        let case = Case::new("of a root on P-521", &leaf, root, UNUSABLE);
        cases.push(case.differs("ring knows nothing of this curve"));
        return cases;
    }
    cases.push(Case::new("of a root on P-521", &leaf, root, OK));
    // With ring there would be no server to show these.
    let (root, leaf) = chain!("p-521");
    cases.push(Case::unverified("P-521, unverified", &leaf, OK));
    cases.push(Case::new("P-521", &leaf, root, OK));
    cases
}
