//! The examples of RFC 6570 and the public suite's negative cases. The examples are the suite's own file,
//! `spec-examples.json` of `uri-templates/uritemplate-test`, under the Apache License 2.0.

use std::collections::BTreeMap;

use buttress::Template;
use serde_json::Value;

/// The sections of the suite's file.
fn suite() -> BTreeMap<String, Value> {
    serde_json::from_str(include_str!("uri_template.json")).unwrap()
}

fn cases(section: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let cases = section["testcases"].as_array().unwrap();
    cases
        .iter()
        .map(|case| (case[0].as_str().unwrap(), &case[1]))
}

#[test]
fn the_suite_s_levels_one_to_three_expand_as_they_should() {
    let suite = suite();
    let mut count = 0;
    for section in suite
        .values()
        .filter(|section| section["level"].as_u64() <= Some(3))
    {
        let variables = section["variables"].as_object().unwrap();
        let values = || {
            variables
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        };
        for (text, expected) in cases(section) {
            let template: Template = text.parse().unwrap();
            assert_eq!(
                Some(&*template.expand(values())),
                expected.as_str(),
                "{text}"
            );
            count += 1;
        }
    }
    assert!(count >= 23, "{count} cases were found");
}

#[test]
fn what_only_level_four_has_is_refused_and_never_taken_for_something_else() {
    let suite = suite();
    let level4 = suite
        .values()
        .find(|section| section["level"] == 4)
        .unwrap();
    let mut count = 0;
    for (text, _) in cases(level4).filter(|(text, _)| text.contains(['*', ':'])) {
        let error = text.parse::<Template>().unwrap_err().to_string();
        assert!(error.contains("are not supported"), "{text}: {error}");
        count += 1;
    }
    assert!(count >= 15, "{count} cases were found");
}

/// The cases that the suite lists as failures, whatever the level.
#[test]
fn the_suite_s_negative_cases_are_refused() {
    for text in [
        "{/id*",
        "/id*}",
        "{/?id}",
        "{var:prefix}",
        "{hello:2*}",
        "{??hello}",
        "{!hello}",
        "{with space}",
        "{ leading_space}",
        "{trailing_space }",
        "{=path}",
        "{$var}",
        "{|var*}",
        "{*keys?}",
        "{?empty=default,var}",
        "{var}{-prefix|/-/|var}",
        "?q={searchTerms}&amp;c={example:color?}",
        "x{?empty|foo=none}",
        "/h{#hello+}",
        "/h#{hello+}",
        "{keys:1}",
        "{+keys:1}",
        "{;keys:1*}",
        "?{-join|&|var,list}",
        "/people/{~thing}",
        "/{default-graph-uri}",
        "/sparql{?query,default-graph-uri}",
        "/sparql{?query){&default-graph-uri*}",
        "/resolution{?x, y}",
    ] {
        assert!(text.parse::<Template>().is_err(), "{text}");
    }
}

#[test]
fn a_name_without_a_value_leaves_no_trace() {
    for (text, expected) in [
        ("{x,undef}", "1024"),
        ("{undef,y}", "768"),
        ("{undef}", ""),
        ("{?undef}", ""),
        ("{?x,undef}", "?x=1024"),
        ("{;x,undef}", ";x=1024"),
        ("{;empty}", ";empty"),
        ("{&undef}", ""),
        ("{/undef}", ""),
        ("{/x,empty}", "/1024/"),
        ("X{.undef,y}", "X.768"),
        ("{#undef,x}", "#1024"),
        ("{+half}", "50%25"),
        ("{+encoded}", "a%2Fb"),
        ("{encoded}", "a%252Fb"),
        ("é{x}", "%C3%A91024"),
        ("{a.b}{c_d}", "12"),
        ("{%41}", "3"),
    ] {
        let template: Template = text.parse().unwrap();
        let values = [
            ("x", "1024"),
            ("y", "768"),
            ("empty", ""),
            ("half", "50%"),
            ("encoded", "a%2Fb"),
            ("a.b", "1"),
            ("c_d", "2"),
            ("%41", "3"),
        ];
        assert_eq!(template.expand(values), expected, "{text}");
    }
}
