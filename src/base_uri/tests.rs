use super::*;

fn base(text: &str) -> BaseUri {
    text.parse().unwrap()
}

#[test]
fn joins_under_the_prefix_with_one_slash() {
    for (at, reference, whole) in [
        ("http://h", "", "http://h/"),
        ("http://h", "a", "http://h/a"),
        ("http://h/", "/a", "http://h/a"),
        ("http://h/v1", "/a?b=c", "http://h/v1/a?b=c"),
        ("http://h/v1/", "a/", "http://h/v1/a/"),
        ("http://h/v1", "?b=c", "http://h/v1?b=c"),
        ("http://h", "?b=c", "http://h/?b=c"),
        ("http://h:81/v1", "a:b/c", "http://h:81/v1/a:b/c"),
        (
            "http://h/v1",
            "a?u=http://x/y",
            "http://h/v1/a?u=http://x/y",
        ),
    ] {
        assert_eq!(
            base(at).join(reference).unwrap(),
            whole,
            "{at} + {reference}"
        );
    }
}

#[test]
fn absolute_uris_bypass_the_base_whatever_their_case() {
    assert_eq!(
        base("http://h/v1").join("HTTPS://other/x").unwrap(),
        "https://other/x"
    );
}

#[test]
fn w57_what_could_mean_another_host_or_leave_the_prefix_is_refused() {
    for bad in [
        "//evil/x",
        "../x",
        "a/../../x",
        "a/%2e%2E/x",
        "ftp://h/",
        "http:///x",
        "http://:80/x",
        "http://u@/x",
        "a/..%2f..%2Fadmin",
        "..\\admin",
        "a%5C..",
        "..;x=y/admin",
        "..%3Bx=y/admin",
        "..%00/admin",
        "http://h*/",
        "http://h:80*/",
        "http://h:99999/",
        "a b",
        "a\nb",
    ] {
        assert!(base("http://h/v1").join(bad).is_err(), "{bad}");
    }
}

#[test]
fn w57_a_backslash_is_no_part_of_a_path_and_encoded_in_a_query() {
    let base = base("http://h/v1");
    for bad in [
        "a\\b",
        "\\\\evil/x",
        "/a/é\\b",
        "https://o/a\\b",
        "https://o\\a",
    ] {
        let error = base.join(bad).unwrap_err().to_string();
        assert!(error.contains("read as `/`"), "{bad}: {error}");
        BaseUri::absolute(bad).unwrap_err();
    }
    assert_eq!(base.join("a?b=é\\d").unwrap(), "http://h/v1/a?b=%C3%A9%5Cd");
    assert_eq!(base.join("a%5Cb").unwrap(), "http://h/v1/a%5Cb");
}

#[test]
fn what_is_not_ascii_is_encoded_and_a_fragment_refused() {
    let base = base("http://h/é");
    assert_eq!(
        base.join("café?q=é").unwrap(),
        "http://h/%C3%A9/caf%C3%A9?q=%C3%A9"
    );
    assert_eq!(base.join("https://o/é").unwrap(), "https://o/%C3%A9");
    assert!(base.join("https://é.example/").is_err());
    let error = base.join("/users/c#").unwrap_err();
    assert!(error.to_string().contains("`%23`"), "{error}");
    BaseUri::absolute("https://o/a#b").unwrap_err();
}

#[test]
fn a_bad_base_says_which_rule_was_broken() {
    for (bad, words) in [
        ("", "malformed"),
        ("api.example.com", "no scheme and host"),
        ("/v1", "no scheme and host"),
        ("ftp://h/", "neither http nor https"),
        ("http://u:p@h/", "user name or password"),
        ("http://h/?a=b", "no query"),
        ("http://h/#f", "no query"),
        ("http://h/a/../b", "`..`"),
        ("http://h/a\\b", "`%5C`"),
        ("http://h/ \n", "malformed"),
    ] {
        let error = bad.parse::<BaseUri>().unwrap_err().to_string();
        assert!(error.contains(words), "{bad}: {error}");
    }
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    let base = base("https://API.example.com/v1");
    for (uri, same) in [
        ("https://api.example.com/", true),
        ("https://api.example.com:443/x", true),
        ("https://api.example.com:444/x", false),
        ("http://api.example.com/x", false),
        ("https://example.com/x", false),
        ("/x", false),
    ] {
        assert_eq!(base.is_origin_of(&uri.parse().unwrap()), same, "{uri}");
    }
}
