use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn one(value: &str) -> LinkValue {
    let mut links = LinkValue::parse(value);
    assert_eq!(links.len(), 1, "{value}");
    links.remove(0)
}

#[test]
fn the_examples_of_rfc_8288_mean_what_it_says() {
    // §3.5
    let link =
        one(r#"<http://example.com/TheBook/chapter2>; rel="previous"; title="previous chapter""#);
    assert_eq!(link.target(), "http://example.com/TheBook/chapter2");
    assert!(link.is("previous"));
    assert_eq!(link.parameter("title"), Some("previous chapter"));
    assert!(one(r#"</>; rel="http://example.net/foo""#).is("http://example.net/foo"));
    let link = one(r##"</terms>; rel="copyright"; anchor="#foo""##);
    assert_eq!(link.anchor(), Some("#foo"));
    let links = LinkValue::parse(
        r#"</TheBook/chapter2>; rel="previous"; title*=UTF-8'de'letztes%20Kapitel, </TheBook/chapter4>; rel="next"; title*=UTF-8'de'n%c3%a4chstes%20Kapitel"#,
    );
    assert_eq!(links.len(), 2);
    assert_eq!(
        links[0].parameter("title*"),
        Some("UTF-8'de'letztes%20Kapitel")
    );
    assert!(links[1].is("next") && !links[1].is("previous"));
    let link = one(r#"<http://example.org/>; rel="start http://example.net/relation/other""#);
    assert!(link.is("start") && link.is("http://example.net/relation/other"));
}

#[test]
fn quoting_spacing_and_case_are_no_obstacle() {
    let link = one("<a>  ;\t rel = next ; Title = \"a \\\"b\\\\\\c\" ; flag;; media=\"x");
    assert!(link.is("NEXT"));
    assert_eq!(link.parameter("title"), Some(r#"a "b\c"#));
    assert_eq!(link.parameter("flag"), Some(""));
    assert_eq!(link.parameter("media"), Some("x"));
    assert_eq!(link.parameter("type"), None);
    let link = one("< a b >;rel=\"next\"junk;x=y");
    assert_eq!((link.target(), link.parameter("x")), ("a b", None));
    assert!(one("<>;rel=next").is("next"));
}

#[test]
fn of_two_parameters_of_one_name_the_first_counts() {
    let link = one("<a>; rel=prev; REL=next");
    assert!(link.is("prev") && !link.is("next"));
}

#[test]
fn commas_and_semicolons_in_a_target_or_in_quotes_separate_nothing() {
    let links = LinkValue::parse(r#"<a,b;c>; rel="next"; title="x, <y>; rel=prev" ,, <d>"#);
    assert_eq!(links.len(), 2);
    assert_eq!(links[0].target(), "a,b;c");
    assert_eq!(links[0].parameter("title"), Some("x, <y>; rel=prev"));
    assert_eq!(links[1].target(), "d");
    assert!(!links[1].is("next"));
}

#[test]
fn what_cannot_be_understood_ends_the_list() {
    for (value, links) in [
        ("", 0),
        (" , ,", 0),
        ("a; rel=next", 0),
        ("<a", 0),
        ("<a>; rel=next, b, <c>", 1),
        ("<a>; title=\"never closed, <b>; rel=next", 1),
        ("<a>; =b; rel=next", 1),
        ("<a> junk, <b>", 2),
        ("<a>;", 1),
        ("<a>; title=\"\\", 1),
    ] {
        assert_eq!(LinkValue::parse(value).len(), links, "{value}");
    }
}

#[test]
fn several_headers_are_one_list_and_bytes_of_no_charset_do_no_harm() {
    let mut headers = HeaderMap::new();
    headers.append("link", "<a>; rel=prev".parse().unwrap());
    let odd = HeaderValue::from_bytes(b"<b\xff>; rel=next").unwrap();
    headers.append("link", odd);
    let links: Vec<_> = LinkValue::all(&headers).collect();
    assert!(links[0].is("prev") && links[1].is("next"));
    assert_eq!(links[1].target(), "b%FF");
}

fn written(link: &LinkValue) -> String {
    let mut text = format!("<{}>", link.target);
    for (name, value) in &link.parameters {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        text += &format!("; {name}=\"{value}\"");
    }
    text
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        links in prop::collection::vec(
            ("[a-z/,;?=]{0,8}", prop::collection::vec(("[a-z*]{1,4}", "[a-z,;<>\" \\\\]{0,8}"), 0..4)),
            0..4,
        ),
    ) {
        let links: Vec<_> = links
            .into_iter()
            .map(|(target, parameters)| LinkValue { target, parameters })
            .collect();
        let text = links.iter().map(written).collect::<Vec<_>>().join(" , ");
        prop_assert_eq!(LinkValue::parse(&text), links);
    }

    #[test]
    fn whatever_comes_is_read_to_an_end(text in "[<>;,=\"\\\\ a-c\t\u{e9}]{0,64}") {
        for link in LinkValue::parse(&text) {
            prop_assert!(text.contains(link.target()));
        }
    }
}
