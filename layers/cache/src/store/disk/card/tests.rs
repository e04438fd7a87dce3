use proptest::prelude::*;

use super::*;
use crate::store::suite::{key, variant};

fn record(id: u64, tags: &[&str]) -> Record {
    Record {
        id,
        serial: id + 100,
        length: 4,
        digest: Digest::of(b"body"),
        tags: tags.iter().map(|tag| Arc::from(*tag)).collect(),
        head: variant(id, "body").head().clone(),
    }
}

fn card() -> Card {
    let mut card = Card::of(&key("http://a.example/\u{e4}"));
    card.add(record(1, &["b", "a"]), &[]);
    card.add(record(2, &["a"]), &[]);
    card
}

fn ids(card: &Card) -> Vec<u64> {
    card.records.iter().map(|record| record.id).collect()
}

#[test]
fn a_card_that_was_written_is_read() {
    let written = card().write();
    let read = Card::read(written.clone().into()).expect("it is whole");
    assert_eq!(read.write(), written);
    assert!(read.is_of(&key("http://a.example/\u{e4}")));
    assert!(!read.is_of(&key("http://a.example/")));
    assert_eq!(read.name(), "http://a.example/\u{e4}");
    assert_eq!(ids(&read), [2, 1]);
    let (old, new) = (&card().records[1], &read.records[1]);
    assert_eq!(
        (new.serial, new.length, new.digest),
        (old.serial, old.length, old.digest)
    );
    assert_eq!(new.tags, old.tags);
    assert_eq!(new.head.as_ref(), old.head.as_ref());
}

#[test]
fn one_that_says_nothing_is_whole_all_the_same() {
    let card = Card::of(&key("a"));
    assert!(Card::read(card.write().into()).is_some());
}

#[test]
fn no_part_of_it_is_taken_for_the_whole() {
    let whole = Bytes::from(card().write());
    for length in 0..whole.len() {
        assert!(Card::read(whole.slice(..length)).is_none(), "{length}");
    }
    let mut longer = whole.to_vec();
    longer.push(0);
    assert!(Card::read(longer.into()).is_none());
}

#[test]
fn a_name_that_ends_within_a_character_is_refused() {
    let mut card = card();
    card.name -= 1;
    assert!(Card::read(card.write().into()).is_none());
    card.name = 10_000;
    assert!(Card::read(card.write().into()).is_none());
}

#[test]
fn the_newest_is_the_first_and_takes_the_place_of_others() {
    let mut card = card();
    card.add(record(3, &[]), &[1, 99]);
    assert_eq!(ids(&card), [3, 2]);
    card.add(record(2, &[]), &[]);
    assert_eq!(ids(&card), [2, 3], "the same number");
}

#[test]
fn selectors_pick_by_name_and_by_tag() {
    let card = card();
    let picked = |selector: &Selector| {
        let picked = card
            .records
            .iter()
            .filter(|record| card.is_picked(record, selector));
        picked.map(|record| record.id).collect::<Vec<_>>()
    };
    assert_eq!(picked(&Selector::All), [2, 1]);
    assert_eq!(picked(&Selector::Prefix("http://a.".into())), [2, 1]);
    assert_eq!(picked(&Selector::Prefix("http://b.".into())), [0_u64; 0]);
    assert_eq!(picked(&Selector::Pattern("*/\u{e4}".into())), [2, 1]);
    assert_eq!(picked(&Selector::Tag("b".into())), [1]);
    assert_eq!(picked(&Selector::Tag("c".into())), [0_u64; 0]);
}

#[test]
fn each_tag_is_named_once() {
    assert_eq!(card().tags(), [Arc::<str>::from("a"), "b".into()]);
}

proptest! {
    #[test]
    fn damage_is_noticed_and_nothing_panics(at in 0..600_usize, bit in 0..8_u32, noise: Vec<u8>) {
        let mut bytes = card().write();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(Card::read(bytes.into()).is_none());
        prop_assert!(Card::read(noise.into()).is_none());
    }
}
