use super::*;

fn of(position: &str, first: &str) -> String {
    let position: Position = position.parse().unwrap();
    position.of(&first.parse().unwrap()).unwrap().to_string()
}

#[test]
fn ap20_w25_parameters_take_the_place_of_their_own_names_alone() {
    let first = "http://h/a?filter=x&page=1";
    assert_eq!(of("?", first), first);
    assert_eq!(of("?page=2", first), "http://h/a?filter=x&page=2");
    assert_eq!(of("?page=2", "http://h/a"), "http://h/a?page=2");
    assert_eq!(of("http://h/b?c", first), "http://h/b?c");
    assert_eq!(of("/b?c", first), "http://h/b?c");
    assert_eq!(of("//evil/b", first), "http://h//evil/b");
}

#[test]
fn a_parameter_that_is_left_out_is_none_of_the_position_itself() {
    let first = "http://h/a?before=x&n=1&be%66ore=y";
    assert_eq!(of("?after=2#before", first), "http://h/a?n=1&after=2");
    assert_eq!(of("?#before", "http://h/a?before"), "http://h/a");
    assert_eq!(of("?before=2#before", first), "http://h/a?n=1&before=2");
    let both = Position::pairs([("a", "1".to_owned())])
        .without("b c")
        .without("d&");
    assert_eq!(both.to_string(), "?a=1#b%20c&d%26");
    assert_eq!(
        of("?a=1#b%20c&d%26", "http://h/?b%20c&d%26=2&d"),
        "http://h/?d&a=1"
    );
}

#[test]
fn a_body_has_its_values_where_they_belong() {
    let at = |position: &str, body: &str| {
        let position: Position = position.parse().unwrap();
        let body = position
            .body_of(body.as_bytes())
            .map_err(|fault| fault.to_string());
        body.map(|body| body.map(|body| String::from_utf8(body.to_vec()).unwrap()))
    };
    let made = |position: &str, body: &str| at(position, body).unwrap().unwrap();
    assert_eq!(made(r#"{"/a":"x"}"#, "{}"), r#"{"a":"x"}"#);
    assert_eq!(
        made(r#"{"/a":[1,"x"]}"#, r#"{"a":1,"b":2}"#),
        r#"{"a":[1,"x"],"b":2}"#
    );
    assert_eq!(made(r#"{"/a/b":7}"#, r#"{"a":null}"#), r#"{"a":{"b":7}}"#);
    assert_eq!(
        made(r#"{"/a/0/b":7}"#, r#"{"a":[{}]}"#),
        r#"{"a":[{"b":7}]}"#
    );
    assert_eq!(made(r#"{"/a~1b":7}"#, "{}"), r#"{"a/b":7}"#);
    assert_eq!(at("?a=1", "{}"), Ok(None));
    for body in ["", "s3cret", "[1]", r#"{"a":1}"#, r#"{"a":[]}"#] {
        let fault = at(r#"{"/a/0/b":7}"#, body).unwrap_err();
        assert!(
            fault.starts_with("the request's body") && !fault.contains("s3cret"),
            "{fault}"
        );
    }
    let position: Position = r#"{"/a":"x"}"#.parse().unwrap();
    assert_eq!(
        position.of(&"http://h/a?b".parse().unwrap()).unwrap(),
        "http://h/a?b"
    );
}

#[test]
fn a_position_survives_being_written_down() {
    let pairs = Position::pairs([("pg[cursor]", "a b&c\n\u{7f}é".to_owned())]);
    assert_eq!(pairs.to_string(), "?pg%5Bcursor%5D=a%20b%26c%0A%7F%C3%A9");
    for position in [
        pairs.clone(),
        pairs.without("a b"),
        Position::body(&Pointer::from_static("/a"), "x"),
        Position::default(),
        Position::uri("http://h/?a".parse().unwrap()),
        Position::uri("/a?b".parse().unwrap()),
    ] {
        assert_eq!(position.to_string().parse(), Ok(position));
    }
    for bad in [
        "",
        "page=2",
        "a/b",
        "h:80",
        "*",
        "?a b",
        "?a#b#c",
        "?\n",
        "http://",
        "{",
        r#"{"a":1}"#,
    ] {
        assert_eq!(bad.parse::<Position>(), Err(InvalidPosition(())), "{bad:?}");
    }
    assert!(InvalidPosition(()).to_string().contains("`?`"));
}

#[test]
fn ic71_debug_does_not_show_a_cursor() {
    let position = Position::pairs([("cursor", "s3cret".to_owned())]);
    assert_eq!(format!("{position:?}"), "Position(query, 13 bytes)");
    let position = Position::uri("http://h/a?s3cret".parse().unwrap());
    assert_eq!(format!("{position:?}"), "Position(uri, 8 bytes)");
    let position = Position::body(&Pointer::from_static("/a"), "s3cret");
    assert_eq!(format!("{position:?}"), "Position(body, 15 bytes)");
}

#[test]
fn a_uri_that_would_be_too_long_is_none() {
    let position = Position::pairs([("c", "x".repeat(70_000))]);
    assert_eq!(position.of(&"http://h/".parse().unwrap()), None);
}
