use proptest::prelude::*;

use super::guard::fill;
use super::*;

fn refused(text: &str) -> String {
    text.parse::<Template>().unwrap_err().to_string()
}

#[test]
fn what_is_no_template_says_where_and_why() {
    for (text, words) in [
        ("/a b", "at byte 2: this character"),
        ("/a%2", "at byte 2: `%`"),
        ("/id}", "at byte 3: `}` has no"),
        ("/{id", "at byte 1: `{` has no"),
        ("{}", "at byte 1: a name"),
        ("{a,}", "at byte 3: a name"),
        ("{a..b}", "at byte 3: a name"),
        ("{a-b}", "at byte 2: a name"),
        ("{ a}", "at byte 1: a name"),
        ("{=a}", "at byte 1: this operator"),
        ("{a:3}", "at byte 2: prefixes"),
        ("{a*}", "at byte 2: prefixes"),
        ("{a{b}}", "at byte 2: a name"),
        ("\u{0}", "at byte 0: this character"),
    ] {
        let said = refused(text);
        assert!(said.contains(words), "{text}: {said}");
    }
}

#[test]
fn what_is_encoded_may_stand_in_a_literal_and_in_a_name() {
    for (text, names) in [
        ("/a%20b", &[][..]),
        ("%C3%a9", &[]),
        ("{%41}", &["%41"]),
        ("{a%2Eb,c.d}", &["a%2Eb", "c.d"]),
        ("{a.%41}", &["a.%41"]),
    ] {
        let template: Template = text.parse().expect(text);
        assert!(template.names().eq(names.iter().copied()), "{text}");
    }
    for (text, words) in [
        ("%", "at byte 0: `%`"),
        ("/%4", "at byte 1: `%`"),
        ("/%4g", "at byte 1: `%`"),
        ("/%g4", "at byte 1: `%`"),
        ("{%}", "at byte 1: a name"),
        ("{a%4}", "at byte 2: a name"),
        ("{a%4g}", "at byte 2: a name"),
        ("{a.%g4}", "at byte 3: a name"),
    ] {
        let said = refused(text);
        assert!(said.contains(words), "{text}: {said}");
    }
}

fn filled(text: &str, values: &[(&'static str, &str)]) -> Result<String, String> {
    let mut given = Values::default();
    for (name, value) in values {
        given.push(name, value);
    }
    let filled = fill(&Draft::given(text), &given, false).map_err(|error| error.to_string())?;
    Ok(filled.reference)
}

#[test]
fn a_segment_is_filled_by_one_segment_or_not_at_all() {
    for (text, value, expected) in [
        ("/u/{a}", "x", Ok("/u/x")),
        ("/u/{a}", "a/b", Ok("/u/a%2Fb")),
        ("/u/{a}", "a//b", Ok("/u/a%2F%2Fb")),
        ("/u/{a}", "%2f", Ok("/u/%252f")),
        ("/u/{a}", "a?b#c\\d", Ok("/u/a%3Fb%23c%5Cd")),
        ("/u/{a}", "\0\r\n", Ok("/u/%00%0D%0A")),
        ("/u/{a}.", ".", Err("`.` or `..`")),
        ("/u/{a}", "..", Err("`.` or `..`")),
        ("/u/{a}", ".", Err("`.` or `..`")),
        ("/u/{a}", "../x", Err("`.` or `..`")),
        ("/u/{a}", "x\\..\\y", Err("`.` or `..`")),
        ("/u/{a}", "..;x", Err("`.` or `..`")),
        ("/u/{a}/x", "", Err("empty")),
        ("/u/{a}", "", Err("empty")),
        ("{a}/x", "", Err("empty")),
        ("/u{/a}", "", Err("empty")),
        ("/u/x{a}", "", Ok("/u/x")),
        ("/u/{+a}", "x/y/", Ok("/u/x/y/")),
        ("/u/{+a}", "/x", Err("empty")),
        ("{+a}/y", "/x", Ok("/x/y")),
        ("{+a}/y", "//evil", Err("empty")),
        ("{+a}", "http://evil", Err("empty")),
        ("/u/{+a}", "x/../y", Err("`.` or `..`")),
        ("/u/{+a}", "x/%2E%2e", Err("`.` or `..`")),
        ("/u/{+a}", "x?y", Err("would end the path")),
        ("/u?r={+a}", "x?y/../", Ok("/u?r=x?y/../")),
        ("/u?r={+a}", "x#y", Err("would end the path")),
        ("/u{?a}", "", Ok("/u?a=")),
        ("/u{?a}", "..", Ok("/u?a=..")),
        ("/u{?a}", "1&b=2", Ok("/u?a=1%26b%3D2")),
        ("/a//b/{a}", "x", Ok("/a//b/x")),
        ("/u/{a}", "..\0", Err("`.` or `..`")),
        ("/u/{a}", ".\0x", Err("`.` or `..`")),
        ("{/a}", "x", Ok("/x")),
        ("{/a}", "x/y", Ok("/x%2Fy")),
        ("{/a}", "", Err("empty")),
        ("{/a}/y", "", Err("empty")),
        ("{/a}", "..", Err("`.` or `..`")),
    ] {
        let end = filled(text, &[("a", value)]);
        match expected {
            Ok(expected) => assert_eq!(end.as_deref(), Ok(expected), "{text} with {value:?}"),
            Err(words) => {
                let said = end.unwrap_err();
                assert!(
                    said.contains(words) && said.contains("`a`"),
                    "{text}: {said}"
                );
            }
        }
    }
}

#[test]
fn a_reference_may_begin_with_a_segment_of_values() {
    let both = [("a", "x"), ("b", "y")];
    assert_eq!(filled("{/a,b}/c", &both).as_deref(), Ok("/x/y/c"));
    assert_eq!(filled("{/a}{/b}", &both).as_deref(), Ok("/x/y"));
    for values in [[("a", ""), ("b", "y")], [("a", "x"), ("b", "")]] {
        let said = filled("{/a,b}/c", &values).unwrap_err();
        assert!(said.contains("empty"), "{said}");
    }
}

#[test]
fn a_query_begins_with_a_question_mark_whatever_was_left_out() {
    let text = "/u/{id}{?page}{&size}{&sort}";
    let (id, page, size, sort) = (("id", "1"), ("page", "2"), ("size", "3"), ("sort", "4"));
    for (values, expected) in [
        (&[id][..], "/u/1"),
        (&[id, size], "/u/1?size=3"),
        (&[id, sort], "/u/1?sort=4"),
        (&[id, size, sort], "/u/1?size=3&sort=4"),
        (&[id, page, sort], "/u/1?page=2&sort=4"),
    ] {
        assert_eq!(filled(text, values).as_deref(), Ok(expected));
    }
    assert_eq!(
        filled("/u?c=1{&size}", &[size]).as_deref(),
        Ok("/u?c=1&size=3")
    );
}

#[test]
fn a_fragment_is_for_values_alone() {
    let said = filled("/u/{a}/c#", &[("a", "1")]).unwrap_err();
    assert!(
        said.contains("at byte 8") && said.contains("`%23`"),
        "{said}"
    );
    assert_eq!(filled("/u{#a}", &[("a", "1")]).as_deref(), Ok("/u#1"));
}

#[test]
fn two_values_cannot_make_dots_or_a_host_together() {
    assert!(
        filled("/{a}{b}", &[("a", "."), ("b", ".")])
            .unwrap_err()
            .contains("`a`, `b`")
    );
    let parts = [("a", "http:"), ("b", "/"), ("c", "/evil")];
    assert!(filled("{+a}{+b}{+c}", &parts).is_err());
}

#[test]
fn bq08_w54_three_errors_name_the_parameters() {
    let missing = filled("/{a}/{b}/{a}{?c}", &[]).unwrap_err();
    assert_eq!(missing, "no value was given for `a`, `b`");
    let unknown = filled("/{a}", &[("a", "1"), ("x", "2"), ("y", "3")]).unwrap_err();
    assert!(
        unknown.starts_with("the template has no `x`, `y`"),
        "{unknown}"
    );
    let invalid = filled("/{a}", &[("a", "..")]).unwrap_err();
    assert!(invalid.starts_with("the value of `a`"), "{invalid}");
}

#[test]
fn w20_a_value_never_chooses_the_host() {
    for text in [
        "http://{h}/x",
        "//{h}/x",
        "http://h:{port}/x",
        "https://h{h}",
    ] {
        assert!(
            filled(text, &[]).unwrap_err().contains("not for values"),
            "{text}"
        );
    }
    for (text, a, b) in [
        ("{+a}//{b}", "https:", "169.254.169.254"),
        ("{+a}//{+b}", "https:", "evil/x"),
        ("{+a}//{b}", "", "evil"),
        ("{b}{+a}", "://evil/x", "http"),
        ("http:{+a}{b}", "//h/", "x"),
    ] {
        let end = filled(text, &[("a", a), ("b", b)]);
        assert!(end.is_err(), "{text}: {end:?}");
    }
    let said = filled("{+a}//{b}/{c}", &[("a", "https:"), ("b", "h"), ("c", "x")]).unwrap_err();
    assert!(said.contains("`a`, `b` chooses the host"), "{said}");
    assert_eq!(
        filled("http://h/{a}?u=http://x/{a}", &[("a", "1")]).as_deref(),
        Ok("http://h/1?u=http://x/1")
    );
}

#[test]
fn w20_a_name_is_taken_whole_and_the_last_value_wins() {
    let values = [("id", "1"), ("idx", "2"), ("id", "3")];
    assert_eq!(filled("/{id}/{idx}", &values).as_deref(), Ok("/3/2"));
}

#[test]
fn of_any_number_of_values_the_one_without_a_place_is_found() {
    let names: Vec<String> = (0..70).map(|n| format!("n{n}")).collect();
    for without in [0, 1, 63, 64, 69] {
        let places = names.iter().enumerate().filter(|(n, _)| *n != without);
        let text: String = places.map(|(_, name)| format!("/{{{name}}}")).collect();
        let mut values = Values::default();
        for name in &names {
            values.push(name, "x");
        }
        let open = fill(&Draft::given(&text), &values, true).unwrap();
        assert_eq!(open.surplus, [(names[without].as_str(), "x")]);
        let error = fill(&Draft::given(&text), &values, false).unwrap_err();
        assert!(
            error.to_string().contains(&format!("`n{without}`")),
            "{error}"
        );
    }
}

/// What no value may hold without being encoded or refused, and plenty of it.
pub(super) fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "..", ".", "/", "//", "\\", "?", "#", "%2f", "%2e", "%", "\0", "\r\n", " ", ":", "@", ";",
        "a", "http:", "é", "{b}", "&", "=", "+",
    ]);
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn w37_no_value_changes_the_path_the_host_or_the_headers(a in hostile(), b in hostile(), q in hostile()) {
        let base: crate::BaseUri = "http://api.example/v1".parse().unwrap();
        let values = [("a", &*a), ("b", &*b), ("q", &*q)];
        if let Ok(reference) = filled("/x/{a}/y/{b}{?q}", &values) {
            let uri = base.join(&reference).unwrap();
            prop_assert_eq!(uri.host(), Some("api.example"));
            let segments: Vec<_> = uri.path().split('/').collect();
            prop_assert_eq!(segments.len(), 6, "{}", uri);
            prop_assert_eq!((segments[1], segments[2], segments[4]), ("v1", "x", "y"));
            prop_assert_eq!(decoded(segments[3]), a);
            prop_assert_eq!(decoded(segments[5]), b);
            prop_assert_eq!(decoded(uri.query().unwrap().strip_prefix("q=").unwrap()), q);
        } else {
            let dots = |value: &str| value.is_empty() || value.contains('.');
            prop_assert!(dots(&a) || dots(&b) , "{:?} {:?} was refused", a, b);
        }
    }

    #[test]
    fn a_reserved_value_stays_in_the_path(a in hostile(), b in hostile(), plain in "[a-z0-9]{1,4}") {
        let base: crate::BaseUri = "http://api.example/v1".parse().unwrap();
        for text in ["/x/{+a}", "{+a}/x", "{+a}{+b}", "{/a}{+b}", "{/a,b}", "{+a}//{b}"] {
            let harmless = [("a", &*plain), ("b", &*plain)];
            let values = [("a", &*a), ("b", &*b)];
            let places = if text.contains("b}") { 2 } else { 1 };
            let harmless = filled(text, &harmless[..places]);
            prop_assert!(harmless.is_ok(), "{}: {:?}", text, harmless);
            if let Ok(uri) = filled(text, &values[..places]).and_then(|reference| base.join(&reference).map_err(|e| e.to_string())) {
                prop_assert_eq!(uri.host(), Some("api.example"), "{}", text);
                prop_assert!(uri.path().starts_with("/v1"), "{}", uri);
                prop_assert!(uri.query().is_none(), "{}", uri);
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[{}/a.,?&+#;:*% é=-]{0,24}") {
        if let Ok(template) = text.parse::<Template>() {
            let _ = template.expand([("a", "x")]);
            let _ = template.names().count();
            let _ = filled(&text, &[("a", "x")]);
        }
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        if byte == b'%' {
            let hex = std::str::from_utf8(&behind[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &behind[2..];
        } else {
            bytes.push(byte);
            rest = behind;
        }
    }
    String::from_utf8(bytes).unwrap()
}
