use http::{HeaderName, HeaderValue};

use super::names::{FIELDS, HEADERS};
use super::*;

mod properties;

fn body(redaction: &Redaction, content_type: &str, body: &str) -> String {
    let told = redaction.body(Some(content_type), body.as_bytes());
    let told = told.unwrap_or_else(|why| panic!("{why}: {body}"));
    String::from_utf8(told.into_owned()).unwrap()
}

#[test]
fn secrets_leave_headers_and_uris() {
    let redaction = Redaction::new().header("X-Own").query("Session");
    let header = |name: &'static str, value: &'static str| {
        let name = HeaderName::from_static(name);
        redaction.header_value(&name, &HeaderValue::from_static(value))
    };
    let ends = [
        "x-own",
        "x-api-key",
        "apikey",
        "x-vault-token",
        "x-amz-security-token",
        "ocp-apim-subscription-key",
        "x-functions-key",
        "x-auth-key",
        "x-rapidapi-key",
        "dd-application-key",
        "fastly-key",
        "x-cmc_pro_api_key",
        "x-user-password",
    ];
    for name in HEADERS.into_iter().chain(ends) {
        assert_eq!(header(name, "s3cret"), REDACTED);
    }
    assert_eq!(header("accept", "text/plain"), "text/plain");
    for name in names::OPEN_HEADERS {
        assert_eq!(header(name, "7"), "7");
    }
    let kept = Redaction::new().keep("next-token");
    let next = HeaderName::from_static("next-token");
    assert_eq!(
        kept.header_value(&next, &HeaderValue::from_static("7")),
        "7"
    );
    assert_eq!(
        redaction.header_value(&next, &HeaderValue::from_static("7")),
        REDACTED
    );
    let link = "<https://h/a?token=s3cret&page=2>; rel=\"next\"";
    let told = "<https://h/a?token=REDACTED&page=2>; rel=\"next\"";
    assert_eq!(header("link", link), told);
    let mut sensitive = HeaderValue::from_static("s3cret");
    sensitive.set_sensitive(true);
    let told = redaction.header_value(&HeaderName::from_static("x-else"), &sensitive);
    assert_eq!(told, REDACTED);

    let uri = "https://u:s3cret@h:8/p?page=2&API%5Fkey=s3cret&session=s3cret";
    let told = "https://h:8/p?page=2&API%5Fkey=REDACTED&session=REDACTED";
    assert_eq!(redaction.uri(&uri.parse().unwrap()), told);
}

#[test]
fn a_name_is_secret_by_its_last_words() {
    let json = "application/json";
    for name in [
        "current_password",
        "newPassword",
        "passwordConfirmation",
        "pwd",
        "sms_otp",
        "aws_secret_access_key",
        "stripe_secret_key",
        "webhookSecret",
        "signing_key",
        "GITHUB_TOKEN",
        "X-Vault-Token",
        "Cookie",
        "Set-Cookie",
        "Authorization",
        "db.password",
        "users[0][new_password]",
    ] {
        let told = body(
            &Redaction::new(),
            json,
            &format!(r#"{{"{name}":"s3cret"}}"#),
        );
        assert_eq!(told, format!(r#"{{"{name}":"REDACTED"}}"#));
        let told = body(&Redaction::new(), "text/plain", &format!("{name}=s3cret"));
        assert_eq!(told, format!("{name}=REDACTED"));
    }
    for name in names::POSITIONS.into_iter().chain([
        "nextPageToken",
        "token_count",
        "max_tokens",
        "token_type",
        "primary_key",
        "country_code",
        "secretary",
    ]) {
        let told = format!(r#"{{"{name}":"7"}}"#);
        assert_eq!(body(&Redaction::new(), json, &told), told);
        let named = body(&Redaction::new().field(name), json, &told);
        assert_eq!(named, format!(r#"{{"{name}":"REDACTED"}}"#));
    }
    let kept = Redaction::new().keep("github_token");
    let told = r#"{"my_github_token":"7","token":"REDACTED"}"#;
    assert_eq!(body(&kept, json, told), told);
}

#[test]
fn secrets_leave_bodies_and_keep_their_types() {
    let redaction = Redaction::new()
        .field("iban")
        .pointer("/users/*/mail")
        .pointer("/a~1b/0")
        .value("s3cret");
    for (before, after) in [
        (r#"{"name": "Ada"}"#, r#"{"name": "Ada"}"#),
        (r#"{"Token":"x"}"#, r#"{"Token":"REDACTED"}"#),
        (
            r#"{"a":{"iban":{"x":1,"y":[true,null]}}}"#,
            r#"{"a":{"iban":{"x":0,"y":[false,null]}}}"#,
        ),
        (
            r#"{"users":[{"mail":"a"},{"mail":"b"}]}"#,
            r#"{"users":[{"mail":"REDACTED"},{"mail":"REDACTED"}]}"#,
        ),
        (r#"{"a/b":["x","y"]}"#, r#"{"a/b":["REDACTED","y"]}"#),
        (
            r#"{"next":"/p?token=x"}"#,
            r#"{"next":"/p?token=REDACTED"}"#,
        ),
    ] {
        assert_eq!(body(&redaction, "application/json", before), after);
    }
    assert_eq!(
        body(&redaction, "text/plain", "it is s3cret"),
        "it is REDACTED"
    );
    let form = "application/x-www-form-urlencoded";
    let told = body(&redaction, form, "client_secret=x+y&grant=a&password=");
    assert_eq!(told, "client_secret=REDACTED&grant=a&password=REDACTED");
}

#[test]
fn a_secret_text_is_found_however_it_is_written() {
    let redaction = Redaction::new().value("s3 \"cret").value("");
    for written in ["s3 \"cret", "s3%20%22cret", "s3+%22cret", r#"s3 \"cret"#] {
        assert_eq!(redaction.text(&format!("a {written} b")), "a REDACTED b");
    }
}

#[test]
fn what_is_kept_is_told() {
    let redaction = Redaction::new().keep("Token").keep("cookie");
    assert_eq!(
        body(&redaction, "text/plain", r#"{"token":"x"}"#),
        r#"{"token":"x"}"#
    );
    assert_eq!(redaction.uri(&"/a?token=x".parse().unwrap()), "/a?token=x");
    let told = redaction.header_value(&HeaderName::from_static("cookie"), &HeaderValue::from(1));
    assert_eq!(told, "1");
}

#[test]
fn debug_tells_no_value() {
    let told = format!("{:?}", Redaction::new().value("s3cret"));
    assert!(!told.contains("s3cret") && told.contains("setcookie"));
}

fn refused(redaction: &Redaction, content_type: Option<&str>, body: &[u8]) -> String {
    redaction.body(content_type, body).unwrap_err().to_string()
}

#[test]
fn names_are_compared_by_letters_and_digits() {
    for name in [
        "access_token",
        "accessToken",
        "Access-Token",
        "ACCESS_TOKEN",
    ] {
        let told = body(
            &Redaction::new(),
            "application/json",
            &format!(r#"{{"{name}":"s3cret"}}"#),
        );
        assert_eq!(told, format!(r#"{{"{name}":"REDACTED"}}"#));
        let told = Redaction::new().uri(&format!("/a?{name}=s3cret").parse().unwrap());
        assert_eq!(told, format!("/a?{name}=REDACTED"));
    }
    let form = "application/x-www-form-urlencoded";
    let told = body(
        &Redaction::new(),
        form,
        "user%5Bpassword%5D=s3cret&user[name]=Ada",
    );
    assert_eq!(told, "user%5Bpassword%5D=REDACTED&user[name]=Ada");
}

#[test]
fn the_parameters_of_every_grant_are_secret() {
    let form = "application/x-www-form-urlencoded";
    for name in [
        "client_secret",
        "client_assertion",
        "assertion",
        "code",
        "code_verifier",
        "device_code",
        "subject_token",
        "actor_token",
        "id_token",
        "refresh_token",
    ] {
        let told = body(
            &Redaction::new(),
            form,
            &format!("grant_type=x&{name}=s3cret"),
        );
        assert_eq!(told, format!("grant_type=x&{name}=REDACTED"));
        let json = format!(r#"{{"grant_type":"x","{name}":"s3cret"}}"#);
        let told = body(&Redaction::new(), "application/json", &json);
        assert_eq!(told, format!(r#"{{"grant_type":"x","{name}":"REDACTED"}}"#));
    }
    // Elsewhere a code is mostly that of an error.
    let error = r#"{"code":"not_found"}"#;
    assert_eq!(body(&Redaction::new(), "application/json", error), error);
}

#[test]
fn escapes_hide_nothing() {
    for (text, told) in [
        (r"/a?b=1\u0026token=s3cret", "/a?b=1&token=REDACTED"),
        (r"https:\/\/u:s3cret@h\/a", "https://REDACTED@h/a"),
        ("/a?b=1&amp;token=s3cret", "/a?b=1&amp;token=REDACTED"),
        ("/a?b=1&#38;token&#x3d;s3cret", "/a?b=1&token=REDACTED"),
        (
            "/cb#access_token=s3cret&state=1",
            "/cb#access_token=REDACTED&state=1",
        ),
        ("see //u:s3cret@h/a, please", "see //REDACTED@h/a, please"),
        (
            "/a?next=%2Fb%3Ftoken%3Ds3cret%2526s3cret",
            "/a?next=/b?token=REDACTED",
        ),
        (
            r#"{\"token\":\"s3\\\"cret\",\"a\":1}"#,
            r#"{\"token\":\"REDACTED\",\"a\":1}"#,
        ),
        ("token = 's3 cret'", "token = 'REDACTED'"),
        (
            "Authorization: Bearer s3cret\nAccept: a",
            "Authorization: REDACTED\nAccept: a",
        ),
        ("password=s3 cret\nuser=ada", "password=REDACTED\nuser=ada"),
        (
            "private_key: |\n  s3cret\n  s3cret",
            "private_key: REDACTED",
        ),
        ("the password=s3cret is old", "the password=REDACTED is old"),
        (
            "status code: 200, 100% of it & more",
            "status code: 200, 100% of it & more",
        ),
    ] {
        assert_eq!(Redaction::new().text(text), told);
    }
    let deep = (0..20).fold("token=s3cret".to_owned(), |text, _| {
        text.replace('%', "%25").replace('=', "%3D")
    });
    assert_eq!(Redaction::new().text(&deep), REDACTED);
}

#[test]
fn json_that_is_not_secret_stays_as_it_is_written() {
    let pointed = Redaction::new().pointer("/a/*/0");
    for (before, after) in [
        (
            r#"{"n": 12345678901234567890123, "token": 1.50}"#,
            r#"{"n": 12345678901234567890123, "token": 0}"#,
        ),
        (
            r#"{"a\/b":"\u00e9","t\u006fken":"x"}"#,
            r#"{"a\/b":"\u00e9","t\u006fken":"REDACTED"}"#,
        ),
        (
            r#"{"a": {"b": ["x", "y"] }, "b":[]}"#,
            r#"{"a": {"b": ["REDACTED", "y"] }, "b":[]}"#,
        ),
        (
            r#"{"x":"y","x":"/?token=x","token":1,"token":null}"#,
            r#"{"x":"y","x":"/?token=REDACTED","token":0,"token":null}"#,
        ),
        (
            r#"["{\"token\":\"x\",\"a\":1}"]"#,
            r#"["{\"token\":\"REDACTED\",\"a\":1}"]"#,
        ),
        ("\u{feff}{\"token\":\"x\"}", r#"{"token":"REDACTED"}"#),
    ] {
        for media in [
            "application/json",
            "Application/Problem+JSON ; charset=\"UTF-8\"",
            "text/plain",
        ] {
            assert_eq!(body(&pointed, media, before), after);
        }
    }
    let marked = "\u{feff}{\"a\": 1}";
    assert_eq!(
        body(&pointed, "application/json", marked),
        marked,
        "nothing is secret"
    );
    let number = Redaction::new().value("4711");
    assert_eq!(body(&number, "application/json", "[4711,1]"), "[0,1]");
}

#[test]
fn lines_events_and_parts_are_understood() {
    let redaction = Redaction::new().pointer("/user/mail");
    for (media, before, after) in [
        (
            "application/x-ndjson",
            "{\"token\":\"x\"}\r\n\n{\"user\":{\"mail\":\"x\"}}",
            "{\"token\":\"REDACTED\"}\r\n\n{\"user\":{\"mail\":\"REDACTED\"}}",
        ),
        (
            "application/json-seq",
            "\u{1e}{\"token\":\"x\"}\n",
            "\u{1e}{\"token\":\"REDACTED\"}\n",
        ),
        (
            "text/event-stream",
            ": token=x\nevent: a\r\ndata:{\"token\":\rdata: \"x\"}\n\ndata: [DONE]",
            ": token=REDACTED\nevent: a\ndata: {\"token\":\ndata: \"REDACTED\"}\n\ndata: [DONE]\n\n",
        ),
        (
            "Multipart/Form-Data; BOUNDARY=\"a b\"",
            "--a b\r\nContent-Disposition: form-data; name=token\r\n\r\nx\r\n--a b\r\n\
             content-disposition: form-data; filename=\"a;name=b\"; name=\"a\"\r\n\
             content-type: application/json\r\n\r\n{\"token\":\"x\"}\r\n--a b--\r\n",
            "--a b\r\nContent-Disposition: form-data; name=token\r\n\r\nREDACTED\r\n--a b\r\n\
             content-disposition: form-data; filename=\"a;name=b\"; name=\"a\"\r\n\
             content-type: application/json\r\n\r\n{\"token\":\"REDACTED\"}\r\n--a b--\r\n",
        ),
    ] {
        assert_eq!(body(&redaction, media, before), after);
    }
    let plain = "event:a\r\ndata:1\r\n\r\n";
    assert_eq!(body(&redaction, "text/event-stream", plain), plain);
}

#[test]
fn what_is_not_understood_is_refused_unless_somebody_knows_better() {
    let part = |head: &str, content: &str| format!("--b\r\n{head}\r\n\r\n{content}\r\n--b--");
    let named = "content-disposition: form-data; name=\"a\"";
    for (media, text) in [
        (Some("application/json"), "{\"token\":\"s3cret\"".to_owned()),
        (Some("application/json; charset=utf-16"), "{}".to_owned()),
        (Some("application/x-ndjson"), "{}\n{".to_owned()),
        (Some("text/event-stream"), "data: {\"token\":".to_owned()),
        (
            Some("text/html"),
            "<input name=token value=s3cret>".to_owned(),
        ),
        (
            Some("application/xml"),
            "<password>s3cret</password>".to_owned(),
        ),
        (Some("text/csv"), "password\ns3cret".to_owned()),
        (Some("image/png"), "s3cret".to_owned()),
        (Some("text/plain"), "t\0o\0k\0e\0n\0".to_owned()),
        (
            Some("application/x-www-form-urlencoded"),
            "{\"token\":".to_owned(),
        ),
        (None, "token=s3cret".to_owned()),
        (Some("multipart/form-data"), part(named, "x")),
        (Some("multipart/form-data; boundary=c"), part(named, "x")),
        (
            Some("multipart/form-data; boundary=b"),
            part("content-type: text/plain", "x"),
        ),
        (
            Some("multipart/form-data; boundary=b"),
            part(&format!("{named}\r\ncontent-type: image/png"), "x"),
        ),
        (
            Some("multipart/form-data; boundary=b"),
            part(
                &format!("{named}\r\ncontent-transfer-encoding: base64"),
                "eA==",
            ),
        ),
        (
            Some("multipart/form-data; boundary=b"),
            format!("{}\r\ns3cret", part(named, "x")),
        ),
        (
            Some("multipart/form-data; boundary=b"),
            format!("s3cret\r\n{}", part(named, "x")),
        ),
    ] {
        let why = refused(&Redaction::new(), media, text.as_bytes());
        assert!(!why.contains("s3cret"), "{why}");
        assert!(why.contains(media.map_or("no content type", |of| of.split(';').next().unwrap())));
        let mark = Redaction::new().withhold("*/*");
        assert_eq!(
            mark.body(media, text.as_bytes()).unwrap(),
            REDACTED.as_bytes()
        );
        let plain = Redaction::new().plain("*/*");
        plain.body(media, text.as_bytes()).unwrap();
    }
    assert!(refused(&Redaction::new(), Some("text/plain"), b"\xff").contains("UTF-8"));
    let known = Redaction::new()
        .value("s3cret")
        .plain("Image/*")
        .plain("application/octet-stream");
    for media in [Some("image/png"), None] {
        let told = known.body(media, b"\xff s3cret s3cret").unwrap();
        assert_eq!(told, &b"\xff REDACTED REDACTED"[..]);
    }
    refused(&known, Some("application/pdf"), b"%PDF");
    assert_eq!(
        Redaction::new().body(Some("image/png"), b"").unwrap(),
        &b""[..]
    );
    let still = Redaction::new().plain("application/json");
    assert_eq!(
        body(&still, "application/json", r#"{"token":"x"}"#),
        r#"{"token":"REDACTED"}"#
    );
}
