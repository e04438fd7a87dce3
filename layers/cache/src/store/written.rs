//! Heads in bytes, as they are packed in memory and written down elsewhere.
//!
//! A number takes as many bytes as it needs, seven bits in each; a text has its length before it. What
//! was written in another version of the form, or is damaged, is not read at all.

use std::time::{Duration, SystemTime};

use bytes::{Buf, BufMut, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};

use crate::policy::{Extent, Freshness, Head, Row, Vary};

/// The form, which changes whenever a field comes or goes, or the key means something else that it is
/// written under.
const FORM: u8 = 5;

pub(super) fn write(head: &Head, to: &mut Vec<u8>) {
    to.put_u8(FORM);
    write_number(head.parts.status.as_u16().into(), to);
    to.put_u8(version_number(head.parts.version));
    write_freshness(&head.freshness, to);
    write_extent(&head.extent, to);
    write_number(head.parts.headers.len() as u64, to);
    for (name, value) in &head.parts.headers {
        write_field(name, value, to);
    }
    write_vary(&head.vary, to);
}

/// The head that was written; its values share the memory of `from`.
pub(super) fn read(from: &mut Bytes) -> Option<Head> {
    if from.try_get_u8().ok()? != FORM {
        return None;
    }
    let status = u16::try_from(read_number(from)?).ok()?;
    let status = StatusCode::from_u16(status).ok()?;
    let version = version(from.try_get_u8().ok()?)?;
    let freshness = read_freshness(from)?;
    let extent = read_extent(from)?;
    let fields = read_count(from)?;
    let mut headers = HeaderMap::try_with_capacity(fields).ok()?;
    for _ in 0..fields {
        let (name, value) = read_field(from)?;
        headers.try_append(name, value).ok()?;
    }
    Some(Head {
        parts: crate::policy::parts(status, version, headers),
        vary: read_vary(from)?,
        freshness,
        extent,
    })
}

/// Whether it is sensitive is in the lowest bit of the name's length, where it nearly always costs nothing.
fn write_field(name: &HeaderName, value: &HeaderValue, to: &mut Vec<u8>) {
    let name = name.as_str().as_bytes();
    let length = name.len() as u64;
    write_number(length << 1 | u64::from(value.is_sensitive()), to);
    to.put_slice(name);
    write_text(value.as_bytes(), to);
}

fn read_field(from: &mut Bytes) -> Option<(HeaderName, HeaderValue)> {
    let length = read_number(from)?;
    let is_sensitive = length & 1 == 1;
    let length = usize::try_from(length >> 1).ok()?;
    if length > from.len() {
        return None;
    }
    let name = HeaderName::from_bytes(&from.split_to(length)).ok()?;
    let mut value = HeaderValue::from_maybe_shared(read_text(from)?).ok()?;
    value.set_sensitive(is_sensitive);
    Some((name, value))
}

fn write_freshness(freshness: &Freshness, to: &mut Vec<u8>) {
    write_time(freshness.received, to);
    write_time(freshness.date, to);
    write_duration(freshness.initial_age, to);
    write_duration(freshness.lifetime, to);
    let flags = [
        freshness.no_cache,
        freshness.must_revalidate,
        freshness.immutable,
        freshness.if_error.is_some(),
        freshness.wished.is_some(),
    ];
    to.put_u8(
        (0..)
            .zip(flags)
            .map(|(at, flag)| u8::from(flag) << at)
            .sum(),
    );
    write_duration(freshness.while_revalidate, to);
    write_duration(freshness.if_error.unwrap_or_default(), to);
    if let Some(wished) = freshness.wished {
        write_duration(wished, to);
    }
}

fn read_freshness(from: &mut Bytes) -> Option<Freshness> {
    let (received, date) = (read_time(from)?, read_time(from)?);
    let (initial_age, lifetime) = (read_duration(from)?, read_duration(from)?);
    let flags = from.try_get_u8().ok()?;
    let flag = |at: u8| flags >> at & 1 == 1;
    let (while_revalidate, if_error) = (read_duration(from)?, read_duration(from)?);
    let wished = if flag(4) {
        Some(read_duration(from)?)
    } else {
        None
    };
    Some(Freshness {
        received,
        date,
        initial_age,
        lifetime,
        no_cache: flag(0),
        must_revalidate: flag(1),
        immutable: flag(2),
        while_revalidate,
        if_error: flag(3).then_some(if_error),
        wished,
    })
}

fn write_extent(extent: &Extent, to: &mut Vec<u8>) {
    write_number(extent.first, to);
    write_number(extent.end, to);
    to.put_u8(extent.total.is_some().into());
    write_number(extent.total.unwrap_or_default(), to);
}

fn read_extent(from: &mut Bytes) -> Option<Extent> {
    let (first, end) = (read_number(from)?, read_number(from)?);
    let known = from.try_get_u8().ok()? == 1;
    let total = read_number(from)?;
    let total = known.then_some(total);
    (first <= end).then_some(Extent { first, end, total })
}

fn write_vary(vary: &Vary, to: &mut Vec<u8>) {
    write_number(vary.names.len() as u64, to);
    for name in &vary.names {
        write_text(name.as_str().as_bytes(), to);
    }
    write_number(vary.rows.len() as u64, to);
    for row in &vary.rows {
        write_time(row.confirmed, to);
        for value in &row.values {
            to.put_u8(value.is_some().into());
            write_text(value.as_deref().unwrap_or_default(), to);
        }
    }
}

fn read_vary(from: &mut Bytes) -> Option<Vary> {
    let names = read_count(from)?;
    let name = |from: &mut Bytes| HeaderName::from_bytes(&read_text(from)?).ok();
    let names: Vec<_> = (0..names).map(|_| name(from)).collect::<Option<_>>()?;
    let rows = read_count(from)?;
    if names.is_empty() && rows > 0 {
        return None;
    }
    let value = |from: &mut Bytes| {
        let known = from.try_get_u8().ok()? == 1;
        let text = read_text(from)?;
        Some(known.then(|| text.to_vec().into_boxed_slice()))
    };
    let row = |_| {
        let confirmed = read_time(from)?;
        let values = names.iter().map(|_| value(from)).collect::<Option<_>>()?;
        Some(Row { values, confirmed })
    };
    let rows = (0..rows).map(row).collect::<Option<_>>()?;
    Some(Vary { names, rows })
}

fn write_time(time: SystemTime, to: &mut Vec<u8>) {
    let (after, since) = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => (true, since),
        Err(before) => (false, before.duration()),
    };
    to.put_u8(after.into());
    write_duration(since, to);
}

fn read_time(from: &mut Bytes) -> Option<SystemTime> {
    let after = from.try_get_u8().ok()? == 1;
    let since = read_duration(from)?;
    let epoch = SystemTime::UNIX_EPOCH;
    if after {
        epoch.checked_add(since)
    } else {
        epoch.checked_sub(since)
    }
}

fn write_duration(duration: Duration, to: &mut Vec<u8>) {
    write_number(duration.as_secs(), to);
    write_number(duration.subsec_nanos().into(), to);
}

fn read_duration(from: &mut Bytes) -> Option<Duration> {
    let (seconds, nanos) = (read_number(from)?, read_number(from)?);
    let nanos = u32::try_from(nanos).ok()?;
    (nanos < 1_000_000_000).then(|| Duration::new(seconds, nanos))
}

pub(super) fn write_text(text: &[u8], to: &mut Vec<u8>) {
    write_number(text.len() as u64, to);
    to.put_slice(text);
}

pub(super) fn read_text(from: &mut Bytes) -> Option<Bytes> {
    let length = read_count(from)?;
    Some(from.split_to(length))
}

pub(super) fn write_number(mut number: u64, to: &mut Vec<u8>) {
    while number > 0x7f {
        to.put_u8((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.put_u8((number & 0x7f) as u8);
}

pub(super) fn read_number(from: &mut impl Buf) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = from.try_get_u8().ok()?;
        let bits = u64::from(byte & 0x7f);
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return (bits << shift >> shift == bits).then_some(number);
        }
    }
    None
}

/// A number of things that follow, of which each takes a byte at least.
pub(super) fn read_count(from: &mut impl Buf) -> Option<usize> {
    let count = usize::try_from(read_number(from)?).ok()?;
    (count <= from.remaining()).then_some(count)
}

const VERSIONS: [Version; 5] = [
    Version::HTTP_09,
    Version::HTTP_10,
    Version::HTTP_11,
    Version::HTTP_2,
    Version::HTTP_3,
];

fn version_number(version: Version) -> u8 {
    (0..)
        .zip(VERSIONS)
        .find(|(_, known)| *known == version)
        .map_or(2, |(number, _)| number)
}

fn version(number: u8) -> Option<Version> {
    VERSIONS.get(usize::from(number)).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::suite::variant;

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        write(variant(7, "body").as_ref(), &mut bytes);
        bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let mut head = variant(7, "body").head().as_ref().clone();
        head.vary.names = vec![http::header::ACCEPT, http::header::COOKIE];
        let row = |values, seconds| Row {
            values,
            confirmed: SystemTime::UNIX_EPOCH + Duration::new(seconds, 7),
        };
        head.vary.rows = vec![
            row(vec![Some(b"text/html".as_slice().into()), None], 1),
            row(vec![None, Some(b"\xe4".as_slice().into())], 2),
        ];
        head.freshness.date = SystemTime::UNIX_EPOCH - Duration::new(3, 5);
        head.freshness.wished = Some(Duration::new(604_800, 1));
        head.extent.total = None;
        let mut bytes = Vec::new();
        write(&head, &mut bytes);
        bytes.extend_from_slice(b"rest");
        let mut bytes = Bytes::from(bytes);
        assert_eq!(read(&mut bytes), Some(head));
        assert_eq!(bytes, "rest");
    }

    #[test]
    fn what_is_sensitive_stays_so_value_by_value() {
        let mut head = variant(7, "body").head().as_ref().clone();
        let mut secret = HeaderValue::from_static("a");
        secret.set_sensitive(true);
        let name = HeaderName::from_static("x-token");
        head.parts
            .headers
            .append(&name, HeaderValue::from_static("b"));
        head.parts.headers.append(&name, secret);
        let longest = HeaderName::from_bytes(&[b'x'; 200]).expect("a name");
        head.parts
            .headers
            .append(&longest, HeaderValue::from_static(""));
        let mut bytes = Vec::new();
        write(&head, &mut bytes);
        let read = read(&mut bytes.into()).expect("it is whole");
        let is_sensitive = |head: &Head| {
            let values = head.parts.headers.iter();
            values
                .map(|(_, value)| value.is_sensitive())
                .collect::<Vec<_>>()
        };
        assert_eq!(is_sensitive(&read), is_sensitive(&head));
        assert_eq!(read, head);
    }

    #[test]
    fn no_part_of_it_is_taken_for_the_whole() {
        let whole = written();
        for length in 0..whole.len() {
            assert_eq!(
                read(&mut Bytes::copy_from_slice(&whole[..length])),
                None,
                "{length}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(at in 0..400_usize, with: u8, noise: Vec<u8>) {
            let mut bytes = written();
            let at = at % bytes.len();
            bytes[at] = with;
            let _ = read(&mut Bytes::from(bytes));
            let _ = read(&mut Bytes::from(noise));
        }
    }
}
