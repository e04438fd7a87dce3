//! What looks like a credential wherever it stands, whatever it is called.

use std::ops::Range;

use super::REDACTED;

/// How the tokens of well-known issuers begin, and how long they are at least.
const ISSUERS: [(&str, usize); 27] = [
    ("AIza", 35),
    ("AKIA", 20),
    ("ASIA", 20),
    ("SG.", 40),
    ("dop_v1_", 40),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghr_", 30),
    ("ghs_", 30),
    ("ghu_", 30),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("hf_", 30),
    ("npm_", 30),
    ("pypi-", 50),
    ("rk_live_", 20),
    ("rk_test_", 20),
    ("sk-", 32),
    ("sk_live_", 20),
    ("sk_test_", 20),
    ("whsec_", 20),
    ("xapp-", 20),
    ("xoxa-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xoxr-", 20),
    ("ya29.", 30),
];

/// What a scheme's name is followed by is a credential from this length on; what is shorter is a word.
const CREDENTIAL: usize = 16;

const BEGIN: &str = "-----BEGIN ";
const PRIVATE: &str = "PRIVATE KEY-----";
const END: &str = "-----END ";

/// Text without JWTs, tokens of well-known issuers, credentials behind `Bearer` and `Basic`, and private
/// keys in PEM.
pub(super) fn without(text: &str) -> String {
    let text = without_keys(text);
    let mut told = String::with_capacity(text.len());
    let mut rest = 0;
    let mut before = "";
    for word in words(&text) {
        let shown = &text[word.clone()];
        let is_credential = is_scheme(before) && is_credential(shown);
        let begin = if is_credential { Some(0) } else { token(shown) };
        if let Some(begin) = begin {
            told.push_str(&text[rest..word.start + begin]);
            told.push_str(REDACTED);
            rest = word.end;
        }
        before = shown;
    }
    told.push_str(&text[rest..]);
    told
}

/// The longest pieces of what credentials are made of.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = at + text[at..].find(is_part)?;
        let length = text[begin..].find(|c| !is_part(c));
        at = length.map_or(text.len(), |length| begin + length);
        Some(begin..at)
    })
}

fn is_scheme(word: &str) -> bool {
    ["bearer", "basic", "dpop"]
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Words of a language, and names of a challenge's parameters, have neither digits nor capitals inside.
fn is_credential(word: &str) -> bool {
    let is_random = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    word.len() >= CREDENTIAL && word.bytes().any(is_random)
}

/// Where in a word a token begins.
fn token(word: &str) -> Option<usize> {
    let starts = std::iter::once(0).chain(
        word.match_indices(['=', '/', '+', '.', '~'])
            .map(|(at, _)| at + 1),
    );
    starts.into_iter().find(|start| {
        let piece = &word[*start..];
        let piece = piece.split(['/', '+', '=', '~']).next().unwrap_or_default();
        is_jwt(piece)
            || ISSUERS
                .iter()
                .any(|(begin, least)| piece.starts_with(begin) && piece.len() >= *least)
    })
}

/// RFC 7519 §3: an encoded JSON object, a point, and more of the kind.
fn is_jwt(piece: &str) -> bool {
    let mut parts = piece.split('.');
    let head = parts.next().unwrap_or_default();
    let claims = parts.next().unwrap_or_default();
    head.starts_with("eyJ") && head.len() >= 12 && claims.len() >= 8 && parts.next().is_some()
}

fn without_keys(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(BEGIN) {
        let (before, behind) = rest.split_at(begin);
        told.push_str(before);
        let is_key = behind
            .lines()
            .next()
            .is_some_and(|line| line.contains(PRIVATE));
        let end = if is_key { key_end(behind) } else { BEGIN.len() };
        told.push_str(if is_key { REDACTED } else { BEGIN });
        rest = &behind[end..];
    }
    told.push_str(rest);
    told
}

/// Where a key ends; with the text, where its end is missing.
fn key_end(text: &str) -> usize {
    let Some(end) = text.find(END) else {
        return text.len();
    };
    let last = end + END.len();
    let close = text[last..].find("-----");
    close.map_or(text.len(), |close| last + close + "-----".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

    #[test]
    fn what_looks_like_a_credential_is_taken_out_of_any_text() {
        let github = format!("ghp_{}", "a1".repeat(18));
        for (text, told) in [
            (format!("see {JWT}, please"), "see REDACTED, please"),
            (format!("/cb/{JWT}?a=1"), "/cb/REDACTED?a=1"),
            (format!("id={JWT}."), "id=REDACTED"),
            (format!("cloned with {github}"), "cloned with REDACTED"),
            (format!("https://h/{github}"), "https://h/REDACTED"),
            ("key AKIAIOSFODNN7EXAMPLE used".into(), "key REDACTED used"),
            (
                "curl -H 'authorization: bearer 0123456789abcdef/+=='".into(),
                "curl -H 'authorization: bearer REDACTED'",
            ),
            (
                "a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb".into(),
                "a\nREDACTED\nb",
            ),
            ("-----BEGIN PRIVATE KEY-----\\nMII".into(), "REDACTED"),
        ] {
            assert_eq!(without(&text), told);
        }
    }

    #[test]
    fn other_words_stay() {
        for text in [
            "a bearer token is wanted",
            "Bearer authorization_uri=\"https://h/\", basic user-authentication",
            "eyJ. and eyJhbGciOiJIUzI1NiJ9 alone",
            "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
            "ghp_ begins one, sk-1 does not, é neither",
            "/files/a.b.c/AKIA",
            "",
        ] {
            assert_eq!(without(text), text);
        }
    }
}
