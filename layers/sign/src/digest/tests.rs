//! The examples of the RFCs, and what else is computed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use http::request::Parts;
use http::{HeaderMap, Request, header};
use proptest::prelude::*;
use ring::digest::{SHA512, digest};

use super::algorithm::Hash;
use super::answer::{Asked, Credentials, Once};
use super::challenge::{Challenge, next_nonce, strongest};
use crate::Payload;
use crate::hex::hex;

fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header::WWW_AUTHENTICATE, line.parse().unwrap());
    }
    headers
}

fn challenge(line: &str) -> Option<Challenge> {
    strongest(&headers(&[line]), Hash::Md5)
}

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials {
        user: user.to_owned(),
        password: password.into(),
    }
}

fn get(uri: &str) -> Parts {
    Request::get(uri).body(()).unwrap().into_parts().0
}

fn answer(
    who: &Credentials,
    line: &str,
    uri: &str,
    cnonce: &str,
    body: Payload<'_>,
) -> Option<String> {
    let challenge = challenge(line).unwrap();
    let nonce = &challenge.nonce;
    let once = Once {
        nonce,
        first_nonce: nonce,
        count: 1,
        cnonce,
    };
    let head = get(uri);
    let value = who.answer(&challenge, &Asked::of(&head, body), &once)?;
    assert!(value.is_sensitive());
    Some(value.to_str().unwrap().to_owned())
}

const NONE: Payload<'_> = Payload::Bytes(b"");

/// RFC 7616 §3.4.2: the key of a session is made of the nonces of its first request.
#[test]
fn the_key_of_a_session_outlives_its_first_nonce() {
    let line = "Digest realm=r, nonce=second, qop=auth, algorithm=MD5-sess";
    let challenge = challenge(line).unwrap();
    let once = Once {
        nonce: "second",
        first_nonce: "first",
        count: 1,
        cnonce: "c",
    };
    let head = get("/x");
    let made = credentials("u", "p").answer(&challenge, &Asked::of(&head, NONE), &once);
    let md5 = |parts: &[&str]| {
        Hash::Md5.of(&parts.iter().map(|part| part.as_bytes()).collect::<Vec<_>>())
    };
    let key = md5(&[&md5(&["u", "r", "p"]), "first", "c"]);
    let target = md5(&["GET", "/x"]);
    let response = md5(&[&key, "second", "00000001", "c", "auth", &target]);
    let made = made.unwrap();
    let made = made.to_str().unwrap();
    assert!(made.contains(&format!("response=\"{response}\"")), "{made}");
    assert!(made.contains("nonce=\"second\""), "{made}");
}

/// RFC 7616 §3.9.1.
#[test]
fn the_answers_of_rfc_7616_by_md5_and_sha_256_are_made() {
    let who = credentials("Mufasa", "Circle of Life");
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        (
            "SHA-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let line = format!(
            r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
        );
        let uri = "http://www.example.org/dir/index.html";
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let wanted = format!(
            r#"Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="{cnonce}", qop=auth, response="{response}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
        );
        assert_eq!(answer(&who, &line, uri, cnonce, NONE), Some(wanted));
    }
}

const DOE: &str = r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true"#;
const DOE_CNONCE: &str = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";

/// RFC 7616 §3.9.2, with the values of its erratum 4897: those that are printed in the RFC are of
/// another hash function than the one that it names; see the next test.
#[test]
fn the_answer_of_rfc_7616_by_sha_512_256_is_made() {
    let who = credentials("J\u{e4}s\u{f8}n Doe", "Secret, or not?");
    let uri = "http://api.example.org/doe.json";
    let made = answer(&who, DOE, uri, DOE_CNONCE, NONE).unwrap();
    let response = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5";
    let user = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b";
    assert!(
        made.starts_with(&format!("Digest username=\"{user}\", realm=")),
        "{made}"
    );
    assert!(made.contains(&format!("response=\"{response}\"")), "{made}");
    assert!(made.ends_with(", userhash=true"), "{made}");

    let without = answer(
        &who,
        &DOE.replace("userhash=true", "userhash=false"),
        uri,
        DOE_CNONCE,
        NONE,
    );
    let without = without.unwrap();
    assert!(
        without.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="),
        "{without}"
    );
    assert!(
        without.contains(response) && !without.contains("userhash"),
        "{without}"
    );
}

/// The values that RFC 7616 §3.9.2 prints are those of SHA-512 cut to 256 bits, over the same text: so
/// the text is right, and only the function differs.
#[test]
fn the_values_printed_in_rfc_7616_are_of_sha_512_cut_short() {
    let cut = |parts: &[&str]| hex(&digest(&SHA512, parts.join(":").as_bytes()).as_ref()[..32]);
    let user = "J\u{e4}s\u{f8}n Doe";
    let realm = "api@example.org";
    let printed = "488869477bf257147b804c45308cd62ac4e25eb717b12b298c79e62dcea254ec";
    assert_eq!(cut(&[user, realm]), printed);
    let key = cut(&[user, realm, "Secret, or not?"]);
    let nonce = "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK";
    let target = cut(&["GET", "/doe.json"]);
    let response = cut(&[&key, nonce, "00000001", DOE_CNONCE, "auth", &target]);
    assert_eq!(
        response,
        "ae66e67d6b427bd3f120414a82e4acff38e8ecd9101d6c861229025f607a79dd"
    );
}

/// RFC 2617 §3.5.
#[test]
fn the_answer_of_rfc_2617_is_made() {
    let who = credentials("Mufasa", "Circle Of Life");
    let line = r#"Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let made = answer(&who, line, "/dir/index.html", "0a4f113b", NONE).unwrap();
    assert!(
        made.contains(r#"response="6629fae49393a05397450978507c4ef1""#),
        "{made}"
    );
    assert!(!made.contains("algorithm"), "{made}");
}

/// The answer of RFC 2069, with the value of its erratum 749.
#[test]
fn a_server_without_qualities_is_answered_the_old_way() {
    let who = credentials("Mufasa", "CircleOfLife");
    let line = r#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let made = answer(&who, line, "/dir/index.html", "unused", NONE).unwrap();
    assert!(
        made.contains(r#"response="1949323746fe6a43ef61f9606e7febea""#),
        "{made}"
    );
    for absent in ["nc=", "cnonce", "qop"] {
        assert!(!made.contains(absent), "{made}");
    }
}

/// Computed by Python's `hashlib`.
#[test]
fn sessions_and_bodies_are_part_of_the_answer() {
    let who = credentials("u", "p");
    for (algorithm, qop, response) in [
        ("MD5", "auth", "3368197e5671f95aec8c64c3e22de288"),
        ("MD5", "auth-int", "70deee73b01872c1a9f78caafeee84e2"),
        ("MD5-sess", "auth", "a1a71cc77551093afb42b1147ed27c93"),
        ("MD5-sess", "auth-int", "bc257ed7fd8743edacc6fc027e9e5ba9"),
        (
            "SHA-256",
            "auth",
            "68adebedebf1182d6575a8b2ae73ff821ec0818368f4faebc1ef7235cff53c64",
        ),
        (
            "SHA-256",
            "auth-int",
            "55efa6ad5b9784ce2fd9efe26c6316bc7ceed52f601a7cb5a1e3762faea0cbd7",
        ),
        (
            "SHA-256-sess",
            "auth",
            "f137442b600e83c34478a3cdb6d273a6fe97a2035839160d047ff890b3e0edbc",
        ),
        (
            "SHA-256-sess",
            "auth-int",
            "b9b340cef7978383a85d1ac201af5fa73de70cfb6e977fdf0130e82b454470bd",
        ),
        (
            "SHA-512-256",
            "auth",
            "ac81ee7dc2864f6522ac9f9a46e6937edd8e17f9e991f53c03c2e68eebeea597",
        ),
        (
            "SHA-512-256",
            "auth-int",
            "bba27b8f1de0d99dce67662333f7d7ea3571196b4c9b6a1f9f688e38b313fed2",
        ),
        (
            "SHA-512-256-sess",
            "auth",
            "df8b42b41e16db9b59e920673b9bbf09c5f6d124d1ebb8002e37213a44c6deb6",
        ),
        (
            "SHA-512-256-sess",
            "auth-int",
            "1d062c9ace54c4cdc526fc9b3e06757fe68f1c70aa27abc2fef79ab1d6f7d358",
        ),
    ] {
        let line = format!("Digest realm=r, nonce=n, algorithm={algorithm}, qop=\"{qop}\"");
        let made = answer(&who, &line, "/a?b=c", "c", Payload::Bytes(b"body")).unwrap();
        assert!(
            made.contains(&format!("response=\"{response}\"")),
            "{algorithm} {qop}: {made}"
        );
        assert!(made.contains(&format!("algorithm={algorithm}, ")), "{made}");
        assert!(made.contains(&format!("qop={qop}, ")), "{made}");
    }
}

#[test]
fn a_body_that_must_be_hashed_has_to_be_known() {
    let who = credentials("u", "p");
    let line = "Digest realm=r, nonce=n, qop=auth-int";
    assert_eq!(answer(&who, line, "/", "c", Payload::Stream), None);
    let line = "Digest realm=r, nonce=n, qop=\"auth-int, auth\"";
    assert!(
        answer(&who, line, "/", "c", Payload::Stream)
            .unwrap()
            .contains("qop=auth,")
    );
}

#[test]
fn quotes_are_escaped_in_what_is_sent_and_not_in_what_is_hashed() {
    let who = credentials("a \"b\" \\", "p");
    let made = answer(
        &who,
        r#"Digest realm="r \"s\"", nonce=n, qop=auth"#,
        "/",
        "c",
        NONE,
    )
    .unwrap();
    assert!(
        made.starts_with(r#"Digest username="a \"b\" \\", realm="r \"s\"", "#),
        "{made}"
    );
    let hash = Hash::Md5;
    let key = hash.of(&[b"a \"b\" \\", b"r \"s\"", b"p"]);
    let target = hash.of(&[b"GET", b"/"]);
    let parts = [
        key.as_bytes(),
        b"n",
        b"00000001",
        b"c",
        b"auth",
        target.as_bytes(),
    ];
    assert!(made.contains(&hash.of(&parts)), "{made}");
}

#[test]
fn the_strongest_challenge_is_chosen() {
    let realm = |lines: &[&str], weakest| {
        strongest(&headers(lines), weakest).map(|challenge| challenge.realm)
    };
    let md5 = "Digest realm=md5, nonce=n";
    let sha = "Digest realm=sha, nonce=n, algorithm=sha-256";
    let best = "Digest realm=best, nonce=n, algorithm=SHA-512-256";
    for (lines, chosen) in [
        (&[md5, sha][..], Some("sha")),
        (&[sha, md5], Some("sha")),
        (&["Basic realm=a", sha, best, md5], Some("best")),
        (
            &["Basic realm=a, Digest realm=b, nonce=n, Digest realm=c, nonce=n"],
            Some("b"),
        ),
        (&["Basic realm=a"], None),
        (&[], None),
    ] {
        assert_eq!(realm(lines, Hash::Md5).as_deref(), chosen, "{lines:?}");
    }
    assert_eq!(realm(&[md5], Hash::Sha256), None);
    assert_eq!(realm(&[md5, sha], Hash::Sha256).as_deref(), Some("sha"));
}

#[test]
fn challenges_that_cannot_be_answered_are_passed_over() {
    for line in [
        "Digest realm=r",
        "Digest nonce=n",
        "Digest realm=r, nonce=n, nonce=m",
        "Digest realm=r, nonce=n, algorithm=SHA-3",
        "Digest realm=r, nonce=n, qop=new",
        "Digest realm=r, nonce=n, algorithm=MD5-sess",
    ] {
        assert!(challenge(line).is_none(), "{line}");
    }
    let long = format!("Digest realm=r, nonce={}", "n".repeat(8 * 1024));
    assert!(challenge(&long).is_none());
    assert!(challenge("dIGEST realm=r, nonce=n, algorithm=md5-SESS, qop=AUTH").is_some());
}

#[test]
fn the_next_nonce_is_read() {
    let next = |line: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("authentication-info", line.parse().unwrap());
        next_nonce(&headers)
    };
    assert_eq!(
        next(r#"qop=auth, nextnonce="abc", nc=00000001"#).as_deref(),
        Some("abc")
    );
    assert_eq!(next(r#"nextnonce="""#), None);
    assert_eq!(next("qop=auth"), None);
    assert_eq!(next(&format!("nextnonce={}", "n".repeat(8 * 1024))), None);
    assert_eq!(next_nonce(&HeaderMap::new()), None);
}

proptest! {
    #[test]
    fn no_challenge_makes_us_panic(
        lines in prop::collection::vec(r#"(Digest )?((realm|nonce|qop|algorithm|opaque)="?[a-zA-Z0-9, \\é-]{0,12}"?, ?){0,6}"#, 0..3),
        user in "[ -~é]{1,10}",
        uri in "/[!-~]{0,12}",
    ) {
        let mut fields = HeaderMap::new();
        for line in lines {
            if let Ok(line) = line.parse() {
                fields.append(header::WWW_AUTHENTICATE, line);
            }
        }
        if let (Some(challenge), Ok(uri)) = (strongest(&fields, Hash::Md5), uri.parse::<http::Uri>()) {
            let mut head = get("/");
            head.uri = uri;
            let once = Once {
                nonce: &challenge.nonce,
                first_nonce: &challenge.nonce,
                count: 1,
                cnonce: "c",
            };
            // Whether there is an answer is not the question.
            let _ = credentials(&user, "p").answer(&challenge, &Asked::of(&head, NONE), &once);
        }
    }
}
