//! `ssl-crl` with several lists of one name: partial ones, newer ones, those of several keys.

use super::{Case, LOCALHOST, NO_CRL, OK, REVOKED};
use crate::support::*;

pub(super) fn table() -> Vec<Case> {
    [partial_lists(), rekeyed()].into_iter().flatten().collect()
}

/// Lists of a part of what was revoked: nothing else is clean because such a list is newer.
fn partial_lists() -> Vec<Case> {
    const DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 0x1c];
    const DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
    const DELTA: &[u8] = &[0x55, 0x1d, 0x1b];
    const ONLY_USERS: &[u8] = &[0x81, 1, 0xff];
    const ONLY_CAS: &[u8] = &[0x82, 1, 0xff];
    const SCOPE: &str =
        "a list of one kind of certificates is not read without a distribution point";
    let point = |number: u8| {
        let uri = format!("http://crl.example/{number}.crl");
        der(0xa0, &der(0xa0, &der(0x86, uri.as_bytes())))
    };
    let root = Authority::new("Root");
    let plain = root.server(LOCALHOST).serial(0x1001).issue();
    let pointing = plain.reissued_by(&root, |pieces| {
        let points = der(0x30, &der(0x30, &point(1)));
        pieces.extension(DISTRIBUTION_POINTS, false, &points);
    });
    let revoking = root.crl().revoke(&plain.der());
    let older = revoking.clone().older().pem();
    let part = |crl: Crl, scope: &[u8]| crl.extension(DISTRIBUTION_POINT, true, &der(0x30, scope));
    let shard = |number| part(root.crl(), &point(number)).pem();
    let revoking_shard = |number| part(revoking.clone(), &point(number)).pem();
    let older_shard = part(revoking.clone().older(), &point(1)).pem();
    let of_users = part(root.crl(), ONLY_USERS).pem();
    let of_users_there = part(root.crl(), &[&*point(2), ONLY_USERS].concat()).pem();
    let of_cas_there = part(root.crl(), &[&*point(1), ONLY_CAS].concat()).pem();
    let delta = root.crl().extension(DELTA, true, &[2, 1, 1]).pem();
    let case = |name, crl: &str, verdict| Case::new(name, &plain, &root.pem(), verdict).crl(crl);
    let at_1 = |name, crl: &str, verdict| Case::new(name, &pointing, &root.pem(), verdict).crl(crl);
    vec![
        case("partial list alone", &shard(2), NO_CRL),
        case("partial list that revokes, alone", &revoking_shard(2), NO_CRL),
        case("older list that revokes, newer partial list", &(older.clone() + &shard(2)), REVOKED),
        case("newer partial list, older list that revokes", &(shard(2) + &older), REVOKED),
        case("clean list, newer partial list", &(root.crl().older().pem() + &shard(2)), OK),
        case("older list that revokes, newer clean one", &(older.clone() + &root.crl().pem()), OK),
        case(
            "newer list that revokes, older clean one",
            &{ root.crl().older().pem() + &revoking.pem() },
            REVOKED,
        ),
        case("list of users' certificates alone", &of_users, "config.bad-crl").differs(SCOPE),
        case(
            "older list that revokes, newer partial one of users' certificates",
            &(older.clone() + &of_users_there),
            REVOKED,
        ),
        case("clean list and a delta", &(root.crl().older().pem() + &delta), "config.bad-crl")
            .differs("delta lists are not read"),
        at_1("its own partial list", &shard(1), OK),
        at_1("its own partial list, which revokes", &revoking_shard(1), REVOKED),
        at_1("another's partial list", &shard(2), NO_CRL),
        at_1("another's partial list, which revokes", &revoking_shard(2), NO_CRL),
        at_1(
            "its own partial list, a newer one of others",
            &(older_shard.clone() + &shard(2)),
            REVOKED,
        ),
        at_1("its own partial list of CAs alone", &of_cas_there, NO_CRL),
        at_1("whole list for who names a partial one", &root.crl().pem(), OK),
        at_1("older whole list that revokes, its own newer", &(older + &shard(1)), OK),
    ]
}

/// A CA with a new key under its name, and a list of each key.
fn rekeyed() -> Vec<Case> {
    let first = Authority::new("Root");
    let second = Authority::new("Root");
    let roots = first.pem() + &second.pem();
    let of_first = first.server(LOCALHOST).serial(0x1001).issue();
    let of_second = second.server(LOCALHOST).serial(0x1001).issue();
    let case = |name, shown: &Issued, lists: [Crl; 2], verdict| {
        let lists: String = lists.iter().map(Crl::pem).collect();
        Case::new(name, shown, &roots, verdict).crl(&lists)
    };
    let revoking = |authority: &Authority| authority.crl().revoke(&of_first.der());
    vec![
        case("older key, older list", &of_first, [first.crl().older(), second.crl()], OK),
        case("older key, newer list", &of_first, [first.crl(), second.crl().older()], OK),
        case("newer key, newer list", &of_second, [first.crl().older(), second.crl()], OK),
        case("newer key, older list", &of_second, [first.crl(), second.crl().older()], OK),
        case("older key, revoked", &of_first, [revoking(&first).older(), second.crl()], REVOKED),
        case(
            "older key, revoked, newer list",
            &of_first,
            [revoking(&first), second.crl().older()],
            REVOKED,
        ),
        case(
            "older key, the number revoked by the newer",
            &of_first,
            [first.crl(), revoking(&second)],
            OK,
        ),
        case(
            "newer key, the number revoked by the older",
            &of_second,
            [revoking(&first), second.crl()],
            OK,
        ),
        case("newer key, revoked", &of_second, [first.crl(), revoking(&second).older()], REVOKED),
    ]
}
