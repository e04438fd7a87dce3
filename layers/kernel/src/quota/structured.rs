//! Structured fields ([RFC 9651](https://www.rfc-editor.org/rfc/rfc9651)), as far as quotas need them.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{BareItem, Dictionary, Item, List, ListEntry, Parser};

/// More members than this are not looked at: each is compared with each policy, and a hostile
/// field could list thousands of both.
const MOST_ITEMS: usize = 64;

/// The items of a list; none when the field is absent or malformed.
pub(super) fn list(headers: &HeaderMap, name: &HeaderName) -> Vec<Item> {
    let list: List = parse(headers, name).unwrap_or_default();
    let items = list.into_iter().filter_map(|entry| match entry {
        ListEntry::Item(item) => Some(item),
        ListEntry::InnerList(_) => None,
    });
    items.take(MOST_ITEMS).collect()
}

pub(super) fn dictionary(headers: &HeaderMap, name: &HeaderName) -> Option<Dictionary> {
    parse(headers, name)
}

/// The number that a dictionary holds under `key`.
pub(super) fn member(dictionary: &Dictionary, key: &str) -> Option<u64> {
    match dictionary.get(key)? {
        ListEntry::Item(item) => number(&item.bare_item),
        ListEntry::InnerList(_) => None,
    }
}

/// A name, quoted or not.
pub(super) fn name(item: &BareItem) -> Option<&str> {
    match item {
        BareItem::String(name) => Some(name.as_str()),
        BareItem::Token(name) => Some(name.as_str()),
        _ => None,
    }
}

/// A whole number that is not negative.
pub(super) fn number(item: &BareItem) -> Option<u64> {
    match item {
        BareItem::Integer(number) => u64::try_from(i64::from(*number)).ok(),
        _ => None,
    }
}

fn parse<T: sfv::FieldType>(headers: &HeaderMap, name: &HeaderName) -> Option<T> {
    Parser::new(&*lines(headers, name)?).parse().ok()
}

/// All lines of a field as the one value that they mean (RFC 9651 §4.2, steps 2 and 3).
fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, [u8]>> {
    let mut lines = headers.get_all(name).into_iter().map(HeaderValue::as_bytes);
    let mut whole = Cow::Borrowed(lines.next()?);
    for line in lines {
        let whole = whole.to_mut();
        whole.extend_from_slice(b", ");
        whole.extend_from_slice(line);
    }
    Some(whole)
}
