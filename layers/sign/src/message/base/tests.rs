#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Request, Response, header};
use proptest::prelude::*;

use super::*;
use crate::message::Structure;

/// The value of a component, by its identifier.
fn value_in(message: &Message<'_>, component: &str) -> Result<String, NoValue> {
    value::of(&component.parse().unwrap(), message)
}

fn head(method: &str, uri: &str, fields: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn value_of(uri: &str, component: &str) -> Result<String, NoValue> {
    let head = head("POST", uri, &[("host", "Host.example")]);
    value_in(&Message::request(&head), component)
}

/// The fields of RFC 9421 §2.1.
const FIELDS: [(&str, &str); 8] = [
    ("x-ows-header", "  Leading and trailing whitespace.   "),
    ("cache-control", "max-age=60"),
    ("cache-control", "   must-revalidate"),
    ("example-dict", "  a=1,    b=2;x=1;y=2,   c=(a   b   c), d"),
    ("x-empty-header", ""),
    ("example-header", "value, with, lots"),
    ("example-header", "of, commas"),
    ("latin", "caf\u{e9}"),
];

fn field(component: &str) -> Result<String, NoValue> {
    let head = head("GET", "/", &FIELDS);
    let types = [("example-dict".parse().unwrap(), Structure::Dictionary)];
    value_in(&Message::request(&head).structured(&types), component)
}

#[test]
fn fields_are_combined_and_trimmed() {
    for (component, value) in [
        (r#""x-ows-header""#, "Leading and trailing whitespace."),
        (r#""cache-control""#, "max-age=60, must-revalidate"),
        (
            r#""example-dict""#,
            "a=1,    b=2;x=1;y=2,   c=(a   b   c), d",
        ),
        (r#""x-empty-header""#, ""),
    ] {
        assert_eq!(field(component).as_deref(), Ok(value), "{component}");
    }
    field(r#""absent""#).unwrap_err();
}

#[test]
fn structured_fields_have_a_strict_form_and_members() {
    for (component, value) in [
        (r#""example-dict";sf"#, "a=1, b=2;x=1;y=2, c=(a b c), d"),
        (r#""example-dict";key="a""#, "1"),
        (r#""example-dict";key="b""#, "2;x=1;y=2"),
        (r#""example-dict";key="c""#, "(a b c)"),
        (r#""example-dict";key="d""#, "?1"),
    ] {
        assert_eq!(field(component).as_deref(), Ok(value), "{component}");
    }
    field(r#""example-dict";key="e""#).unwrap_err();
    field(r#""x-ows-header";sf"#).unwrap_err();
    field(r#""x-ows-header";key="a""#).unwrap_err();
}

#[test]
fn each_structure_has_its_strict_form() {
    let head = head(
        "GET",
        "/",
        &[
            ("x-list", "a,  b;x"),
            ("x-item", "1.0;y=?1"),
            ("x-none", ""),
        ],
    );
    let types = [
        ("x-list".parse().unwrap(), Structure::List),
        ("x-item".parse().unwrap(), Structure::Item),
        ("x-none".parse().unwrap(), Structure::List),
    ];
    let message = Message::request(&head).structured(&types);
    assert_eq!(
        value_in(&message, r#""x-list";sf"#).as_deref(),
        Ok("a, b;x")
    );
    assert_eq!(value_in(&message, r#""x-item";sf"#).as_deref(), Ok("1.0;y"));
    assert_eq!(value_in(&message, r#""x-none";sf"#).as_deref(), Ok(""));
}

#[test]
fn lines_as_bytes_keep_their_commas_apart() {
    let value = field(r#""example-header";bs"#);
    assert_eq!(
        value.as_deref(),
        Ok(":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:")
    );
    let one = head(
        "GET",
        "/",
        &[("example-header", "value, with, lots, of, commas")],
    );
    let value = value_in(&Message::request(&one), r#""example-header";bs"#);
    assert_eq!(
        value.as_deref(),
        Ok(":dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:")
    );
}

#[test]
fn what_is_not_ascii_is_covered_as_bytes_or_not_at_all() {
    field(r#""latin""#).unwrap_err();
    assert_eq!(field(r#""latin";bs"#).as_deref(), Ok(":Y2Fmw6k=:"));
    value_of("https://a.example/caf\u{e9}", r#""@path""#).unwrap_err();
}

#[test]
fn trailers_are_told_from_headers() {
    let head = head("GET", "/", &[("expires", "now")]);
    let mut trailers = HeaderMap::new();
    trailers.insert(header::EXPIRES, "later".parse().unwrap());
    let message = Message::request(&head);
    value_in(&message, r#""expires";tr"#).unwrap_err();
    let message = message.trailers(&trailers);
    assert_eq!(
        value_in(&message, r#""expires";tr"#).as_deref(),
        Ok("later")
    );
    assert_eq!(value_in(&message, r#""expires""#).as_deref(), Ok("now"));
}

/// The requests of RFC 9421 §2.2, and what is at the edges.
#[test]
fn parts_of_a_request_are_derived() {
    let uri = "https://www.example.com/path?param=value";
    for (uri, component, value) in [
        (uri, r#""@method""#, "POST"),
        (uri, r#""@target-uri""#, uri),
        (uri, r#""@authority""#, "www.example.com"),
        (uri, r#""@scheme""#, "https"),
        (uri, r#""@request-target""#, "/path?param=value"),
        (uri, r#""@path""#, "/path"),
        (uri, r#""@query""#, "?param=value"),
        (
            "https://A.EXAMPLE:443",
            r#""@target-uri""#,
            "https://a.example/",
        ),
        (
            "https://u:p@a.example:8443/",
            r#""@authority""#,
            "a.example:8443",
        ),
        ("https://a.example", r#""@path""#, "/"),
        ("https://a.example/path", r#""@query""#, "?"),
        ("https://a.example/path?", r#""@query""#, "?"),
        ("/path", r#""@authority""#, "host.example"),
        ("*", r#""@request-target""#, "*"),
    ] {
        assert_eq!(
            value_of(uri, component).as_deref(),
            Ok(value),
            "{uri} {component}"
        );
    }
    value_of("/path", r#""@scheme""#).unwrap_err();
    value_of("/path", r#""@target-uri""#).unwrap_err();
    value_of("/path", r#""@status""#).unwrap_err();
}

#[test]
fn the_scheme_of_a_request_that_was_received_can_be_told() {
    let head = head("GET", "/path", &[("host", "a.example")]);
    let message = Message::request(&head).scheme("https");
    assert_eq!(
        value_in(&message, r#""@target-uri""#).as_deref(),
        Ok("https://a.example/path")
    );
}

/// RFC 9421 §2.2.3 and §2.2.2, where TLS ends before the server.
#[test]
fn a_scheme_that_is_told_is_the_one_by_which_the_target_is_read() {
    for (uri, host, scheme, target) in [
        (
            "/foo",
            "www.example.com:443",
            "https",
            "https://www.example.com/foo",
        ),
        (
            "/foo",
            "www.example.com:443",
            "http",
            "http://www.example.com:443/foo",
        ),
        (
            "/foo",
            "www.example.com:80",
            "HTTP",
            "http://www.example.com/foo",
        ),
        ("http://a.example/foo", "", "https", "https://a.example/foo"),
        (
            "http://a.example:443/foo",
            "",
            "https",
            "https://a.example/foo",
        ),
        (
            "http://a.example:80/foo",
            "",
            "https",
            "https://a.example:80/foo",
        ),
    ] {
        let head = head("GET", uri, &[("host", host)]);
        for message in [Message::request(&head), Message::request(&head).outbound()] {
            let of = |component| value_in(&message.scheme(scheme), component).unwrap();
            assert_eq!(of(r#""@target-uri""#), target);
            let authority = target.split('/').nth(2).unwrap();
            assert_eq!(of(r#""@authority""#), authority);
            assert_eq!(of(r#""@scheme""#), target.split(':').next().unwrap());
        }
    }
}

/// RFC 9112 §3.3.
#[test]
fn a_target_that_is_no_path_has_none_in_its_uri() {
    for (method, uri, target) in [
        ("OPTIONS", "*", "https://a.example"),
        ("CONNECT", "a.example:8443", "https://a.example:8443"),
        ("OPTIONS", "/", "https://a.example/"),
    ] {
        let head = head(method, uri, &[("host", "a.example")]);
        let message = Message::request(&head).scheme("https");
        assert_eq!(
            value_in(&message, r#""@target-uri""#).as_deref(),
            Ok(target)
        );
    }
}

#[test]
fn a_host_header_counts_before_the_uri_on_the_way_out_alone() {
    let head = head("GET", "https://a.example/", &[("host", "b.example")]);
    let message = Message::request(&head);
    assert_eq!(
        value_in(&message, r#""@authority""#).as_deref(),
        Ok("a.example")
    );
    assert_eq!(
        value_in(&message.outbound(), r#""@authority""#).as_deref(),
        Ok("b.example")
    );
}

#[test]
fn the_target_of_connect_is_the_authority() {
    let head = head("CONNECT", "www.example.com:80", &[]);
    let value = value_in(&Message::request(&head), r#""@request-target""#);
    assert_eq!(value.as_deref(), Ok("www.example.com:80"));
}

/// RFC 9421 §2.2.8.
#[test]
fn parameters_of_a_query_have_one_spelling() {
    let first = "https://a.example/path?param=value&foo=bar&baz=batman&qux=";
    let second = "https://a.example/parameters?var=this%20is%20a%20big%0Amultiline%20value&\
                  bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something";
    for (uri, name, value) in [
        (first, "baz", "batman"),
        (first, "qux", ""),
        (first, "param", "value"),
        (second, "var", "this%20is%20a%20big%0Amultiline%20value"),
        (second, "bar", "with%20plus%20whitespace"),
        (second, "fa%C3%A7ade%22%3A%20", "something"),
        ("/?a~=~*'", "a%7E", "%7E*%27"),
        ("/?a", "a", ""),
    ] {
        let component = format!(r#""@query-param";name="{name}""#);
        assert_eq!(value_of(uri, &component).as_deref(), Ok(value), "{name}");
    }
    value_of(first, r#""@query-param";name="absent""#).unwrap_err();
    value_of("/?a=1&%61=2", r#""@query-param";name="a""#).unwrap_err();
}

#[test]
fn parts_of_a_response_are_its_status_and_its_request() {
    let request = head("PUT", "https://a.example/b", &[("x-a", "1")]);
    let (response, ()) = Response::builder()
        .status(503)
        .body(())
        .unwrap()
        .into_parts();
    let message = Message::response(&response);
    assert_eq!(value_in(&message, r#""@status""#).as_deref(), Ok("503"));
    value_in(&message, r#""@method""#).unwrap_err();
    value_in(&message, r#""@method";req"#).unwrap_err();
    let message = message.answering(&request);
    assert_eq!(value_in(&message, r#""@method";req"#).as_deref(), Ok("PUT"));
    assert_eq!(value_in(&message, r#""x-a";req"#).as_deref(), Ok("1"));
    value_in(&message, r#""x-a""#).unwrap_err();
}

#[test]
fn a_base_has_a_line_for_each_component_and_one_for_the_list() {
    let head = head("GET", "https://a.example/", &[]);
    let components = [Component::method(), Component::authority()];
    let base = base(&Message::request(&head), &components, "(...)").unwrap();
    assert_eq!(
        base,
        "\"@method\": GET\n\"@authority\": a.example\n\"@signature-params\": (...)"
    );
}

#[test]
fn a_base_without_end_is_not_made() {
    let long = "a".repeat(LONGEST / 4);
    let names: Vec<HeaderName> = (0..5).map(|n| format!("x-{n}").parse().unwrap()).collect();
    let fields: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), long.as_str()))
        .collect();
    let head = head("GET", "/", &fields);
    let components: Vec<_> = names.iter().cloned().map(Component::field).collect();
    base(&Message::request(&head), &components[..3], "").unwrap();
    base(&Message::request(&head), &components, "").unwrap_err();
}

#[test]
fn identifiers_that_name_nothing_are_refused() {
    for text in [
        "@method",
        r#""@METHOD""#,
        r#""@nothing""#,
        r#""@signature-params""#,
        r#""Content-Type""#,
        r#""content type""#,
        r#""""#,
        r#""@method";sf"#,
        r#""@method";name="a""#,
        r#""@query-param""#,
        r#""@query-param";name=a"#,
        r#""@status";req"#,
        r#""a";bs;sf"#,
        r#""a";bs;key="b""#,
        r#""a";name="b""#,
        r#""a";sf=?0"#,
        r#""a";sf=1"#,
        r#""a";new"#,
    ] {
        assert!(text.parse::<Component>().is_err(), "{text}");
    }
}

#[test]
fn components_are_the_same_in_whatever_order_their_parameters_stand() {
    let first: Component = r#""a";req;key="b";tr"#.parse().unwrap();
    let second: Component = r#""a";tr;req;key="b""#.parse().unwrap();
    assert_eq!(first, second);
    assert_ne!(first, r#""a";tr;req;key="c""#.parse().unwrap());
    assert_ne!(first, r#""a";tr;req"#.parse().unwrap());
}

proptest! {
    #[test]
    fn no_request_and_no_component_make_a_base_panic(
        method in "[A-Z]{1,5}",
        uri in "[ -~é]{0,30}",
        fields in prop::collection::vec(("[a-c]", prop::collection::vec(32_u8.., 0..10)), 0..4),
        component in r#""(@?[a-z-]{1,14}|[a-c]|@query-param|@target-uri)"(;(sf|bs|req|tr|key="a"|name="a")){0,2}"#,
    ) {
        let (Ok(uri), Ok(component)) = (uri.parse::<http::Uri>(), component.parse()) else {
            return Ok(());
        };
        let mut head = head("GET", "/", &[]);
        head.method = Method::from_bytes(method.as_bytes()).unwrap();
        head.uri = uri;
        for (name, value) in fields {
            if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                head.headers.append(name.parse::<HeaderName>().unwrap(), value);
            }
        }
        let message = Message::request(&head).scheme("https");
        if let Ok(text) = base(&message, &[component], "()") {
            prop_assert!(text.is_ascii() && text.lines().count() == 2, "{text}");
        }
    }

    #[test]
    fn an_identifier_reads_as_it_is_written(
        name in "[a-z-]{1,8}",
        key in r#"[ -~]{0,8}"#,
        flags: (bool, bool, bool),
    ) {
        let mut component = Component::field(name.parse().unwrap()).key(key);
        let (sf, req, tr) = flags;
        if sf { component = component.sf(); }
        if req { component = component.req(); }
        if tr { component = component.tr(); }
        let parsed: Component = component.to_string().parse().unwrap();
        prop_assert_eq!(parsed.to_string(), component.to_string());
        prop_assert_eq!(parsed, component);
    }
}

#[test]
fn a_base_of_256_kib_is_made_and_a_longer_one_is_not() {
    let name = HeaderName::from_static("x-long");
    // What stands around the value on its line.
    let around = "\"x-long\": \n".len();
    let made = |length: usize| {
        let value = "a".repeat(length - around);
        let head = head("GET", "/", &[("x-long", &value)]);
        base(
            &Message::request(&head),
            &[Component::field(name.clone())],
            "()",
        )
    };
    assert!(made(262_144).is_ok());
    made(262_145).unwrap_err();
}
