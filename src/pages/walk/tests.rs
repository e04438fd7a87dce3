use proptest::prelude::*;

use super::*;

fn at(page: u32) -> Position {
    Position::pairs([("page", page.to_string())])
}

/// Forwards from page 1, with guards of small numbers.
fn walk() -> Walk {
    let guards = Guards {
        max_pages: Some(5),
        max_empty: 2,
        equal_pages: false,
    };
    Walk::from(at(1), Direction::Forwards, guards)
}

fn leads_to(next: u32) -> Neighbours {
    Neighbours::none().next(at(next))
}

fn asked(walk: &mut Walk) -> Option<Position> {
    match walk.step() {
        Step::Ask(_, position) => Some(position),
        Step::Fail(..) | Step::End => None,
    }
}

/// The rule that was broken, and the page's number and position.
fn fault(walk: &mut Walk) -> (Rule, u32, Position) {
    match walk.step() {
        Step::Fail(fault, page) => (fault.rule(), page.number(), page.position().clone()),
        step => panic!("{step:?}"),
    }
}

fn ends(walk: &mut Walk) -> bool {
    matches!(walk.step(), Step::End) && matches!(walk.step(), Step::End)
}

#[test]
fn ic68_each_page_is_asked_for_once_until_there_is_no_next() {
    let mut walk = walk();
    assert_eq!(walk.position(), Some(&at(1)));
    assert!(matches!(walk.step(), Step::Ask(1, position) if position == at(1)));
    assert!(matches!(walk.step(), Step::End), "one at a time");
    let mut walk = self::walk();
    assert_eq!(asked(&mut walk), Some(at(1)));
    assert_eq!(walk.position(), Some(&at(1)));
    assert_eq!(walk.arrived(2, b"a", &leads_to(2)), Verdict::Yield);
    assert_eq!(walk.position(), Some(&at(2)));
    assert!(matches!(walk.step(), Step::Ask(2, position) if position == at(2)));
    assert_eq!(walk.arrived(2, b"b", &Neighbours::none()), Verdict::Yield);
    assert_eq!(walk.position(), None);
    assert!(ends(&mut walk));
}

#[test]
fn w22_a_position_that_was_asked_for_is_not_asked_for_again() {
    for circle in [1, 2] {
        let mut walk = walk();
        asked(&mut walk);
        walk.arrived(1, b"a", &leads_to(2));
        asked(&mut walk);
        assert_eq!(walk.arrived(1, b"b", &leads_to(circle)), Verdict::Yield);
        assert_eq!(fault(&mut walk), (Rule::Circle, 3, at(circle)));
        assert!(ends(&mut walk));
    }
}

#[test]
fn w05_a_page_that_is_the_same_as_the_one_before_is_not_yielded() {
    let mut walk = walk();
    asked(&mut walk);
    assert_eq!(walk.arrived(1, b"a", &leads_to(2)), Verdict::Yield);
    asked(&mut walk);
    assert_eq!(walk.arrived(1, b"a", &leads_to(3)), Verdict::Skip);
    assert_eq!(fault(&mut walk), (Rule::Equal, 2, at(2)));
    assert!(ends(&mut walk));
}

#[test]
fn equal_pages_can_be_allowed_and_empty_ones_are_not_compared() {
    let mut walk = walk();
    walk.guards.equal_pages = true;
    for page in 1..3 {
        asked(&mut walk);
        assert_eq!(walk.arrived(1, b"a", &leads_to(page + 1)), Verdict::Yield);
    }
    let mut walk = self::walk();
    walk.guards.max_empty = 9;
    for (page, count) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
        asked(&mut walk);
        let body = if count == 0 { b"e" } else { b"f" };
        let verdict = walk.arrived(count, body, &leads_to(page + 1));
        assert_eq!(verdict, Verdict::Yield, "{page}");
    }
    asked(&mut walk);
    assert_eq!(
        walk.arrived(1, b"f", &leads_to(6)),
        Verdict::Yield,
        "it is not the page right before"
    );
}

#[test]
fn ic68_empty_pages_that_go_on_are_given_up_and_a_page_with_items_starts_the_count_anew() {
    let mut walk = walk();
    for (page, count) in [(1, 0), (2, 1), (3, 0), (4, 0)] {
        assert_eq!(asked(&mut walk), Some(at(page)));
        let body = [b'a', u8::try_from(page).unwrap()];
        assert_eq!(
            walk.arrived(count, &body, &leads_to(page + 1)),
            Verdict::Yield
        );
    }
    assert_eq!(fault(&mut walk), (Rule::Empty(2), 5, at(5)));
    assert!(ends(&mut walk));
}

#[test]
fn no_empty_page_at_all_is_no_reason_not_to_begin() {
    let mut walk = walk();
    walk.guards.max_empty = 0;
    asked(&mut walk).unwrap();
    walk.arrived(0, b"", &leads_to(2));
    assert_eq!(fault(&mut walk).0, Rule::Empty(1));
}

#[test]
fn w22_a_list_without_end_is_given_up_after_so_many_pages() {
    let mut walk = walk();
    for page in 1..=5 {
        assert_eq!(asked(&mut walk), Some(at(page)));
        let body = page.to_string();
        walk.arrived(1, body.as_bytes(), &leads_to(page + 1));
    }
    assert_eq!(fault(&mut walk), (Rule::TooMany(5), 6, at(6)));
    assert!(ends(&mut walk));
    let mut walk = self::walk();
    walk.guards.max_pages = None;
    for page in 1..=50 {
        assert_eq!(asked(&mut walk), Some(at(page)));
        walk.arrived(1, page.to_string().as_bytes(), &leads_to(page + 1));
    }
}

#[test]
fn w22_unless_set_it_is_given_up_after_ten_thousand_pages() {
    let mut walk = Walk::from(at(1), Direction::Forwards, Guards::default());
    for page in 1..=10_000u32 {
        assert_eq!(asked(&mut walk), Some(at(page)));
        walk.arrived(1, &page.to_be_bytes(), &leads_to(page + 1));
    }
    assert_eq!(fault(&mut walk).0, Rule::TooMany(10_000));
}

#[test]
fn a_position_longer_than_a_request_line_is_not_asked_for() {
    let long = Position::pairs([("c", "x".repeat(MAX_POSITION - 1))]);
    let longest = Position::pairs([("c", "x".repeat(MAX_POSITION - 2))]);
    let mut walk = walk();
    asked(&mut walk);
    walk.arrived(1, b"a", &Neighbours::none().next(longest.clone()));
    assert_eq!(asked(&mut walk), Some(longest));
    walk.arrived(1, b"b", &Neighbours::none().next(long.clone()));
    assert_eq!(fault(&mut walk), (Rule::TooLong(MAX_POSITION + 1), 3, long));
}

#[test]
fn a_page_that_failed_ends_the_walk() {
    let mut walk = walk();
    asked(&mut walk);
    walk.failed();
    assert_eq!(walk.position(), None);
    assert!(ends(&mut walk));
}

#[test]
fn a_page_that_does_not_say_what_is_around_it_is_the_last_and_no_signpost() {
    let mut walk = walk();
    asked(&mut walk);
    assert_eq!(walk.arrived(1, b"a", None), Verdict::Yield);
    assert_eq!(walk.position(), None);
    assert!(ends(&mut walk));
    let mut walk = Walk::from_end(at(1), Guards::default());
    asked(&mut walk);
    assert_eq!(walk.arrived(1, b"a", None), Verdict::Skip);
    assert_eq!(walk.position(), None);
    assert!(ends(&mut walk));
}

#[test]
fn what_was_not_asked_for_changes_nothing() {
    let mut walk = walk();
    asked(&mut walk);
    walk.arrived(1, b"a", &Neighbours::none());
    assert_eq!(walk.arrived(1, b"b", &leads_to(2)), Verdict::Skip);
    assert!(ends(&mut walk));
}

#[test]
fn sp25_backwards_the_first_page_tells_where_the_end_is_and_is_read_last() {
    let mut walk = Walk::from_end(at(1), Guards::default());
    assert_eq!(walk.direction(), Direction::Backwards);
    assert!(matches!(walk.step(), Step::Ask(1, position) if position == at(1)));
    assert_eq!(walk.position(), Some(&at(1)));
    assert_eq!(walk.asking(), Direction::Forwards);
    let way = leads_to(2).last(at(2));
    assert_eq!(walk.arrived(1, b"a", &way), Verdict::Skip);
    assert!(matches!(walk.step(), Step::Ask(1, position) if position == at(2)));
    assert_eq!(walk.asking(), Direction::Backwards);
    assert_eq!(
        walk.arrived(1, b"b", &Neighbours::none().prev(at(1))),
        Verdict::Yield
    );
    assert!(matches!(walk.step(), Step::Ask(2, position) if position == at(1)));
    assert_eq!(walk.arrived(1, b"a", &way), Verdict::Yield);
    assert!(ends(&mut walk));
}

#[test]
fn backwards_a_first_page_that_is_the_last_is_read_at_once() {
    for way in [
        Neighbours::none(),
        Neighbours::none().last(at(1)),
        leads_to(2).last(at(1)),
    ] {
        let mut walk = Walk::from_end(at(1), Guards::default());
        asked(&mut walk);
        assert_eq!(walk.arrived(1, b"a", &way), Verdict::Yield);
        assert_eq!(walk.number, 1);
        assert!(ends(&mut walk));
    }
}

#[test]
fn backwards_without_an_end_is_told() {
    let mut walk = Walk::from_end(at(1), Guards::default());
    asked(&mut walk);
    assert_eq!(walk.arrived(1, b"a", &leads_to(2)), Verdict::Skip);
    assert_eq!(fault(&mut walk), (Rule::NoEnd, 1, at(1)));
    assert!(ends(&mut walk));
}

proptest! {
    /// A server whose pages lead anywhere, with any number of items: the walk ends, and has asked for no
    /// page twice.
    #[test]
    fn every_walk_ends(
        ways in prop::collection::vec((0u32..8, 0usize..2, any::<u8>()), 8),
        from_end in any::<bool>(),
    ) {
        let guards = Guards { max_pages: Some(6), max_empty: 3, equal_pages: false };
        let mut walk = if from_end {
            Walk::from_end(at(0), guards)
        } else {
            Walk::from(at(0), Direction::Forwards, guards)
        };
        let mut yielded = Vec::new();
        for _ in 0..20 {
            let Some(position) = asked(&mut walk) else { break };
            let page = (0..8).find(|page| at(*page) == position).unwrap();
            let (next, count, body) = ways[page as usize];
            let around = leads_to(next).prev(at(next)).last(at(next));
            if walk.arrived(count, &[body], &around) == Verdict::Yield {
                yielded.push(page);
            }
        }
        prop_assert!(!matches!(walk.step(), Step::Ask(..)), "it goes on");
        prop_assert!(yielded.len() <= 6);
        let mut once = yielded.clone();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), yielded.len());
    }
}
