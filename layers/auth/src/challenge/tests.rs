use http::HeaderValue;
use proptest::prelude::*;

use super::*;

const NOTHING: Named = Named {
    invalid_token: false,
    insufficient: false,
};
const INVALID: Named = Named {
    invalid_token: true,
    ..NOTHING
};
const INSUFFICIENT: Named = Named {
    insufficient: true,
    ..NOTHING
};

fn named(values: &[&str]) -> Named {
    let mut headers = HeaderMap::new();
    for value in values {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        headers.append(header::WWW_AUTHENTICATE, value);
    }
    Named::of(&headers)
}

#[test]
fn errors_are_found_however_they_are_written() {
    for (value, error) in [
        (r#"Bearer realm="example", error="invalid_token""#, INVALID),
        (
            r#"Bearer error="insufficient_scope", scope="a b""#,
            INSUFFICIENT,
        ),
        (
            r#"Bearer error="insufficient_user_authentication", max_age=5"#,
            INSUFFICIENT,
        ),
        (r#"bearer ERROR = "invalid_token""#, INVALID),
        ("Bearer error=invalid_token,realm=x", INVALID),
        ("DPoP error=\t\"invalid_token\"", INVALID),
        (
            r#"Basic realm="a", Bearer error="insufficient_scope""#,
            INSUFFICIENT,
        ),
        (r#"Negotiate YII==, Bearer error="invalid_token""#, INVALID),
        (r#",, Bearer ,error="invalid_token", ,"#, INVALID),
        ("Bearer", NOTHING),
        ("", NOTHING),
        (r#"Bearer error="Invalid_Token""#, NOTHING),
        (r#"Bearer error_description="invalid_token""#, NOTHING),
        ("Bearer error", NOTHING),
        ("Bearer error=", NOTHING),
        ("error=insufficient_scope", INSUFFICIENT),
    ] {
        assert_eq!(named(&[value]), error, "{value}");
    }
}

#[test]
fn what_is_quoted_is_not_read_as_parameters() {
    for value in [
        r#"Bearer realm="a, error=insufficient_scope""#,
        r#"Bearer realm="say \"hi\", error=\"insufficient_scope\"""#,
        r#"Bearer realm="back\\", x="error=insufficient_scope""#,
        r#"Bearer "error=insufficient_scope""#,
        r#"Bearer realm="never ends, error=insufficient_scope"#,
        r#"Bearer error="insufficient_scope"#,
    ] {
        assert_eq!(named(&[value]), NOTHING, "{value}");
    }
}

#[test]
fn several_fields_count_together() {
    let both = named(&[
        "Bearer error=invalid_token",
        "DPoP error=insufficient_scope",
    ]);
    assert!(both.invalid_token && both.insufficient);
}

#[test]
fn what_is_too_long_is_read_up_to_a_limit() {
    let long = format!("Bearer realm=\"{}\"", "x".repeat(MOST_BYTES - 15));
    assert_eq!(long.len(), MOST_BYTES);
    assert_eq!(named(&[&long, "Bearer error=invalid_token"]), NOTHING);
    assert_eq!(named(&[&long[1..], "Bearer error=invalid_token"]), NOTHING);
    assert_eq!(named(&["Bearer error=invalid_token", &long]), INVALID);
}

/// A challenge as it is and as it is written.
fn challenges() -> impl Strategy<Value = Vec<(String, Vec<(String, String)>)>> {
    let error = prop_oneof![
        Just("invalid_token".to_owned()),
        Just("insufficient_scope".to_owned()),
        "[ -~]{0,12}",
    ];
    let name = prop_oneof![Just("error".to_owned()), "[a-z]{1,8}"];
    let params = proptest::collection::vec((name, error), 0..4);
    proptest::collection::vec(("[A-Z][a-z]{1,8}", params), 0..4)
}

fn written(challenges: &[(String, Vec<(String, String)>)]) -> String {
    let one = |(scheme, params): &(String, Vec<(String, String)>)| {
        let quoted = |value: &str| value.replace('\\', r"\\").replace('"', "\\\"");
        let params: Vec<_> = params
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", quoted(value)))
            .collect();
        format!("{scheme} {}", params.join(", "))
    };
    challenges.iter().map(one).collect::<Vec<_>>().join(", ")
}

proptest! {
    #[test]
    fn what_was_written_is_read(challenges in challenges()) {
        let says = |error: &str| {
            let mut params = challenges.iter().flat_map(|(_, params)| params);
            params.any(|(name, value)| name == "error" && value == error)
        };
        let expected = Named {
            invalid_token: says("invalid_token"),
            insufficient: says("insufficient_scope"),
        };
        prop_assert_eq!(named(&[&written(&challenges)]), expected);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut named = Named::default();
        named.read(&bytes);
    }
}

#[test]
fn eight_kibibytes_are_read_in_however_many_fields() {
    let error = ", error=invalid_token";
    let padded = |length: usize| {
        let room = "x".repeat(length - "Bearer realm=".len() - error.len());
        format!("Bearer realm={room}{error}")
    };
    let (most, beyond) = (padded(8_192), padded(8_193));
    assert_eq!(named(&[&most]), INVALID);
    assert_eq!(named(&[&beyond]), NOTHING, "what is cut is another word");
    let (half, rest) = ("x".repeat(4_096), padded(4_096));
    assert_eq!(named(&[&half, &rest]), INVALID);
    assert_eq!(named(&["x", &half, &rest]), NOTHING);
}
