use http::{HeaderMap, HeaderValue, header};

use super::InvalidForward;
use super::error::Rule;
use crate::header::is_cookie;

/// Which cookies go along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cookies {
    #[default]
    None,
    Named(Vec<Box<str>>),
    All,
}

impl Cookies {
    /// Whether there can be one of this name.
    pub(crate) fn check(name: &str) -> Result<(), InvalidForward> {
        if is_cookie(name, "") {
            Ok(())
        } else {
            Err(InvalidForward::new(Rule::Cookie(name.into())))
        }
    }

    /// Adds the one of this name.
    pub(crate) fn add(&mut self, name: &str) {
        match self {
            Self::None => *self = Self::Named(vec![name.into()]),
            Self::Named(names) => names.push(name.into()),
            Self::All => {}
        }
    }

    /// Those that a request brings, in one field and in their order; `None` where there is none.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let fields = headers.get_all(header::COOKIE).iter();
        // HTTP/2 may split them into several fields.
        let pairs = fields.flat_map(|field| field.as_bytes().split(|byte| *byte == b';'));
        let pairs = pairs.map(<[u8]>::trim_ascii);
        let picked: Vec<&[u8]> = pairs.filter(|pair| self.covers(pair)).collect();
        if picked.is_empty() {
            return None;
        }
        let mut value = HeaderValue::from_bytes(&picked.join(&b"; "[..])).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Takes what is not one of these out of a request's header. What is left stands in one field: HTTP/2 may split
    /// cookies into several, and HTTP/1.1 wants one (RFC 9113 §8.2.3).
    pub(crate) fn pick(&self, headers: &mut HeaderMap) {
        let mut fields = headers.get_all(header::COOKIE).iter();
        let (first, second) = (fields.next(), fields.next());
        if first.is_none() || *self == Self::All && second.is_none() {
            return;
        }
        match self.of(headers) {
            Some(cookies) => headers.insert(header::COOKIE, cookies),
            None => headers.remove(header::COOKIE),
        };
    }

    /// Takes out of a response's header what would set another than one of these.
    pub(crate) fn pick_set(&self, headers: &mut HeaderMap) {
        if *self == Self::All || !headers.contains_key(header::SET_COOKIE) {
            return;
        }
        let set: Vec<_> = headers
            .get_all(header::SET_COOKIE)
            .iter()
            .cloned()
            .collect();
        headers.remove(header::SET_COOKIE);
        for cookie in set {
            let pair = cookie.as_bytes().split(|byte| *byte == b';').next();
            if pair.is_some_and(|pair| self.covers(pair.trim_ascii())) {
                headers.append(header::SET_COOKIE, cookie);
            }
        }
    }

    fn covers(&self, pair: &[u8]) -> bool {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        match self {
            Self::None => false,
            Self::Named(names) => {
                let is_pair = name.len() < pair.len();
                is_pair
                    && names
                        .iter()
                        .any(|one| one.as_bytes() == name.trim_ascii_end())
            }
            Self::All => !pair.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(cookies: &Cookies, fields: &[&[u8]]) -> Option<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for field in fields {
            let value = HeaderValue::from_bytes(field).unwrap();
            headers.append(header::COOKIE, value);
        }
        let value = cookies.of(&headers)?;
        assert!(value.is_sensitive());
        Some(value.as_bytes().to_vec())
    }

    #[test]
    fn the_named_ones_go_in_their_order_and_no_other() {
        let mut named = Cookies::default();
        named.add("b");
        named.add("d");
        for (fields, expected) in [
            (&[&b"a=1; b=2; c=3; d=4"[..]][..], Some(&b"b=2; d=4"[..])),
            (&[b"d=4", b"a=1;b=2"], Some(b"d=4; b=2")),
            (&[b"b=1; b=2"], Some(b"b=1; b=2")),
            (&[b"b=x=y"], Some(b"b=x=y")),
            (&[b"b=; a"], Some(b"b=")),
            (&[b"b =2"], Some(b"b =2")),
            (&[b"b=\xff"], Some(b"b=\xff")),
            (&[b"a=\"; b=2; \""], Some(b"b=2")),
            (&[b"bb=2; B=2; ab=2; b"], None),
            (&[b"a=b=2"], None),
            (&[b";; ;=;"], None),
            (&[b""], None),
            (&[], None),
        ] {
            assert_eq!(picked(&named, fields).as_deref(), expected, "{fields:?}");
        }
    }

    #[test]
    fn those_that_are_set_are_picked_alike() {
        let mut named = Cookies::default();
        named.add("b");
        let fields = ["a=1; Path=/; b=2", " b = 2; Secure", "b=3", "b", "", "bb=1"];
        for (cookies, left) in [
            (&named, &[" b = 2; Secure", "b=3"][..]),
            (&Cookies::None, &[]),
            (&Cookies::All, &fields),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(header::SET_COOKIE, HeaderValue::from_static(field));
            }
            cookies.pick_set(&mut headers);
            let set: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
            assert_eq!(set, left);
        }
    }

    #[test]
    fn all_is_whatever_comes_and_none_is_none() {
        let fields: &[&[u8]] = &[b"a=1;; b", b" c=3 "];
        let all = picked(&Cookies::All, fields);
        assert_eq!(all.as_deref(), Some(&b"a=1; b; c=3"[..]));
        assert_eq!(picked(&Cookies::All, &[b" ; "]), None);
        assert_eq!(picked(&Cookies::None, fields), None);
    }
}
