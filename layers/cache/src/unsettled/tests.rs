use super::*;
use crate::store::suite::{key, variant};

fn is_served(unsettled: &Unsettled, name: &str) -> bool {
    let found: Variants = [variant(1, "body")].into_iter().collect();
    let found = unsettled.of(key(name).lend()).sift(&found);
    !found.is_empty()
}

fn one(name: &str) -> Selector {
    Selector::Prefix(name.into())
}

fn of_key(name: &str) -> Selector {
    Selector::Key(key(name))
}

fn begin(unsettled: &Unsettled, selector: &Selector) -> Option<Attempt> {
    let number = unsettled.number();
    unsettled.begin(number, selector)
}

#[test]
fn what_is_not_confirmed_is_not_served_until_it_is() {
    let unsettled = Unsettled::default();
    assert!(!unsettled.is_any());
    for selector in [
        one("http://a"),
        of_key("http://a.example/"),
        Selector::Tag("every".into()),
        Selector::All,
    ] {
        let attempt = begin(&unsettled, &selector).expect("there is room");
        assert!(unsettled.is_any() && !is_served(&unsettled, "http://a.example/"));
        let others = is_served(&unsettled, "http://b.example/");
        let spares_others = [one("http://a"), of_key("http://a.example/")];
        assert_eq!(others, spares_others.contains(&selector));
        assert!(unsettled.tend().is_none() && unsettled.next().is_none());
        attempt.end(false);
        assert!(!is_served(&unsettled, "http://a.example/"), "it has failed");
        let tending = unsettled.tend().expect("one sees to it");
        assert!(unsettled.tend().is_none(), "and no more than one");
        let again = unsettled.next().expect("it is tried again");
        assert_eq!(again.selector, selector);
        assert!(unsettled.next().is_none(), "by one at a time");
        again.end(true);
        assert!(!unsettled.is_any() && is_served(&unsettled, "http://a.example/"));
        assert!(tending.go_on().is_none());
    }
}

#[test]
fn a_later_one_is_not_settled_by_an_earlier_answer() {
    let unsettled = Unsettled::default();
    let first = begin(&unsettled, &one("http://a")).expect("there is room");
    let second = begin(&unsettled, &one("http://a")).expect("there is room");
    first.end(true);
    assert!(!is_served(&unsettled, "http://a.example/"));
    second.end(true);
    assert!(is_served(&unsettled, "http://a.example/"));
}

#[test]
fn an_earlier_one_is_settled_by_a_later_answer_whatever_comes_of_its_own() {
    for is_done in [true, false] {
        let unsettled = Unsettled::default();
        // The later question is the first to be written down.
        let numbers = [unsettled.number(), unsettled.number()];
        let attempt = |number| unsettled.begin(number, &one("http://a"));
        let second = attempt(numbers[1]).expect("there is room");
        let first = attempt(numbers[0]).expect("there is room");
        second.end(true);
        assert!(!unsettled.is_any());
        first.end(is_done);
        assert!(!unsettled.is_any() && unsettled.tend().is_none());
    }
}

#[test]
fn what_is_dropped_in_the_middle_has_failed_and_is_tried_again_by_the_next() {
    let unsettled = Unsettled::default();
    for selector in [of_key("http://a.example/"), Selector::All] {
        drop(begin(&unsettled, &selector));
        let tending = unsettled.tend().expect("it is to be tried again");
        drop(unsettled.next().expect("this"));
        drop(tending);
        let tending = unsettled.tend().expect("and by somebody else");
        unsettled.next().expect("this").end(true);
        assert!(tending.go_on().is_none() && !unsettled.is_any());
        assert_eq!(unsettled.0.open().attempts, 0);
    }
}

#[test]
fn some_thousand_keys_are_remembered_one_by_one_and_asked_about_in_turn() {
    let unsettled = Unsettled::default();
    let name = |number| format!("http://a.example/{number}");
    let all = (0..KEYS.count).chain(0..KEYS.count);
    let begun: Vec<_> = all
        .filter_map(|n| begin(&unsettled, &of_key(&name(n))))
        .collect();
    assert_eq!(begun.len(), ATTEMPTS);
    assert!(is_served(&unsettled, &name(KEYS.count)));
    for attempt in begun {
        // It has been made out of date a second time since.
        attempt.end(true);
    }
    let mut questions = 0;
    while let Some(attempt) = unsettled.next() {
        questions += 1;
        attempt.end(true);
    }
    assert_eq!(questions, KEYS.count, "once each");
    assert!(!unsettled.is_any());
}

#[test]
fn too_many_are_taken_for_all_in_a_bounded_amount_of_memory() {
    let long = "x".repeat(WIDE.bytes / 4);
    let longer = "x".repeat(KEYS.bytes / 4);
    let plain = |kind: fn(&str) -> Selector, text: &str, count| {
        let selectors = (0..=count).map(|n: usize| kind(&format!("{n}{text}")));
        selectors.collect::<Vec<_>>()
    };
    for selectors in [
        plain(one, "", WIDE.count),
        plain(one, &long, 4),
        plain(of_key, "", KEYS.count),
        plain(of_key, &longer, 4),
    ] {
        let unsettled = Unsettled::default();
        let begun = selectors
            .iter()
            .filter_map(|selector| begin(&unsettled, selector));
        let begun: Vec<Attempt> = begun.collect();
        assert!(begun.len() < selectors.len());
        assert_eq!(unsettled.0.count.load(Ordering::SeqCst), 1);
        assert!(!is_served(&unsettled, "http://a.example/"));
        for attempt in begun {
            attempt.end(true);
        }
        let is_served = || is_served(&unsettled, "http://a.example/");
        assert!(!is_served(), "one was not asked");
        let more = begin(&unsettled, &one("more"));
        assert!(more.is_none(), "it goes with all");
        let all = unsettled.next().expect("it is tried again");
        assert_eq!(all.selector, Selector::All);
        let later = begin(&unsettled, &one("later")).expect("there is room");
        all.end(true);
        assert!(is_served() && unsettled.is_any());
        later.end(true);
        assert!(!unsettled.is_any());
        let open = unsettled.0.open();
        assert_eq!((open.attempts, open.keys.bytes, open.wide.bytes), (0, 0, 0));
    }
}
