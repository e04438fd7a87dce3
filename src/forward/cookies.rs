use http::{HeaderMap, HeaderValue, header};

use crate::header::is_cookie;

/// Which cookies go along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Cookies {
    #[default]
    None,
    Named(Vec<Box<str>>),
    All,
}

impl Cookies {
    /// Adds the one of this name; `false` where no cookie can have it.
    pub(super) fn add(&mut self, name: &str) -> bool {
        match self {
            Self::None => *self = Self::Named(vec![name.into()]),
            Self::Named(names) => names.push(name.into()),
            Self::All => {}
        }
        is_cookie(name, "")
    }

    /// Those that a request brings, in one field and in their order; `None` where there is none.
    pub(super) fn of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
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
        assert!(named.add("b") && named.add("d"));
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
    fn all_is_whatever_comes_and_none_is_none() {
        let fields: &[&[u8]] = &[b"a=1;; b", b" c=3 "];
        let all = picked(&Cookies::All, fields);
        assert_eq!(all.as_deref(), Some(&b"a=1; b; c=3"[..]));
        assert_eq!(picked(&Cookies::All, &[b" ; "]), None);
        assert_eq!(picked(&Cookies::None, fields), None);
    }
}
