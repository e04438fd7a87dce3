//! What no secret and no text can do, whatever they are.

use proptest::prelude::*;

use super::*;

const SECRET: &str = "s3cret";

fn secret_name() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(FIELDS.to_vec())
}

/// JSON text in which one value is secret, at any depth and with any characters escaped.
fn planted() -> impl Strategy<Value = String> {
    let escaped = |text: &str, every: usize| -> String {
        let told = text.chars().enumerate().map(|(at, c)| match at % every {
            0 => format!("\\u{:04X}", u32::from(c)),
            _ => c.to_string(),
        });
        told.collect()
    };
    let leaf = (secret_name(), 1..4_usize, 1..4_usize, 0..5).prop_map(move |(name, a, b, kind)| {
        let (name, secret) = (escaped(name, a), escaped(SECRET, b));
        match kind {
            0 => format!(r#"{{"{name}":"{secret}"}}"#),
            1 => format!(r#"{{"a":1,"{name}":["{secret}",{{"b":"{secret}"}}]}}"#),
            2 => format!(r#""\/p?x=1\u0026{name}={secret}#y""#),
            3 => format!(r#"{{"{name}":"{secret}","{name}":null}}"#),
            _ => format!(r#""https:\/\/u:{secret}@h\/#{name}={secret}""#),
        }
    });
    leaf.prop_recursive(6, 8, 1, |inner| {
        (inner, 0..4).prop_map(|(inner, kind)| match kind {
            0 => format!("[1, {inner}]"),
            1 => format!(r#"{{"a\u002Fb" : {inner} , "z": 12345678901234567890.5}}"#),
            2 => Value::from(inner).to_string(),
            _ => format!(r#"[[],{{"k":[{inner}]}}]"#),
        })
    })
}

fn encoded(text: &str, encoding: Encoding) -> String {
    let mut into = String::new();
    encode(text, encoding, &mut into);
    into
}

proptest! {
    #[test]
    fn a_planted_secret_never_comes_out(json in planted(), name in secret_name(), place in 0..8) {
        let redaction = Redaction::new();
        let form = "application/x-www-form-urlencoded";
        let told = match place {
            0 => body(&redaction, "application/json", &json),
            1 => body(&redaction, "application/x-ndjson", &format!("{{}}\n{json}\n")),
            2 => body(&redaction, "text/event-stream", &format!("id: 1\ndata: {json}\n\n")),
            3 => body(&redaction, form, &format!("a=b&c={}", encoded(&json, Encoding::Form))),
            4 => body(
                &redaction,
                "multipart/form-data; boundary=b",
                &format!(
                    "--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{SECRET}\r\n--b\r\n\
                     content-disposition: form-data; name=\"a\"\r\n\r\n{json}\r\n--b--\r\n"
                ),
            ),
            5 => {
                let query = encoded(&json, Encoding::Component);
                redaction.uri(&format!("http://u:{SECRET}@h/p;{name}={SECRET}?a={query}&{name}={SECRET}").parse().unwrap())
            }
            6 => {
                let header = format!("/p?a=b&{name}={SECRET}#{name}={SECRET}");
                redaction.header_value(&http::header::LOCATION, &header.parse().unwrap())
            }
            _ => redaction.header_value(&HeaderName::from_static("x-own"), &json.parse().unwrap()),
        };
        prop_assert!(!told.contains(SECRET), "{told}");
        prop_assert!(!text::unescaped(&told).contains(SECRET), "{told}");
    }

    #[test]
    fn nothing_makes_redaction_panic(media in "(application/json|text/plain|text/event-stream|multipart/a; boundary=b|[a-z/;=\"]{0,20})", text in "[ -~\n\r\\\\é%&;=:\"{}-]{0,60}") {
        let redaction = Redaction::new().value("é");
        let _ = redaction.body(Some(&media), text.as_bytes());
        let _ = redaction.body(Some(&media), format!("--b\r\n{text}\r\n--b--").as_bytes());
        prop_assert!(!redaction.text(&text).contains('é'));
    }

    #[test]
    fn what_is_told_is_told_again_as_it_is(text in "[a-z=:&?#/@% \n\"\\\\]{0,10}(token|key)?[=: \"]{0,3}[a-z\n\\\\\"&]{0,10}") {
        let redaction = Redaction::new();
        let told = redaction.text(&text).into_owned();
        prop_assert_eq!(redaction.text(&told), told.as_str());
    }
}
