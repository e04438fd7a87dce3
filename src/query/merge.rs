use crate::template::matching::decode;

/// Adds pairs to a query; a name that they have replaces what the query said of it before.
pub(crate) fn merge(query: &mut String, pairs: &str) {
    if pairs.is_empty() {
        return;
    }
    if query.is_empty() {
        query.push_str(pairs);
        return;
    }
    remove(query, pairs);
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(pairs);
}

/// Takes whatever a query says of these names out.
pub(crate) fn remove(query: &mut String, names: &str) {
    if names.is_empty() {
        return;
    }
    let names: Vec<_> = names.split('&').map(name).collect();
    let kept = query.split('&').filter(|pair| !names.contains(&name(pair)));
    *query = kept.collect::<Vec<_>>().join("&");
}

/// The last value of a name, decoded.
#[cfg(feature = "json")]
pub(crate) fn value_of(query: &str, name: &str) -> Option<String> {
    let pairs = query.rsplit('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(found, _)| decode(found, false) == name);
    values.next().map(|(_, value)| decode(value, false))
}

/// A pair's name in one spelling; all that belongs to one list has the list's.
fn name(pair: &str) -> String {
    let name = pair.split('=').next().unwrap_or_default();
    // With a form's spaces (WHATWG URL §5.1).
    let mut name = decode(name, true);
    let index = |at: usize| {
        let (inside, _) = name[at + 1..].split_once(']')?;
        inside
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(at)
    };
    let list = name.match_indices('[').find_map(|(at, _)| index(at));
    name.truncate(list.unwrap_or(name.len()));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "json")]
    fn a_value_is_found_by_its_name_in_any_spelling() {
        let query = "sort=%+1%-1a+b&a=1&pg%5Bsize%5D=2%300&b&a=%";
        assert_eq!(value_of(query, "sort").as_deref(), Some("%+1%-1a+b"));
        assert_eq!(value_of(query, "pg[size]").as_deref(), Some("200"));
        assert_eq!(value_of(query, "a").as_deref(), Some("%"));
        assert_eq!(value_of(query, "b"), None);
        assert_eq!(value_of("", ""), None);
    }

    #[test]
    fn bq10_a_name_given_again_replaces_the_earlier_one() {
        for (query, pairs, expected) in [
            ("", "a=1", "a=1"),
            ("a=1", "", "a=1"),
            ("a=1", "b=2", "a=1&b=2"),
            ("a=1&b=2", "a=3", "b=2&a=3"),
            ("a=1", "a=2&a=3", "a=2&a=3"),
            ("%61=1", "a=2", "a=2"),
            ("a%5B0%5D=1&a%5B1%5D=2", "a%5B0%5D=3", "a%5B0%5D=3"),
            ("f%5Ba%5D=1", "f%5Bb%5D=2", "f%5Ba%5D=1&f%5Bb%5D=2"),
            ("a&b=%", "b=1", "a&b=1"),
            ("a[0][b]=1&a[1][b]=2&c=1", "a[0][b]=3", "c=1&a[0][b]=3"),
            (
                "a[0][c]=1&a[]=1&a[b][0]=1",
                "a[0][b]=3",
                "a[b][0]=1&a[0][b]=3",
            ),
            ("a+b=1&a%2Bb=1", "a%20b=2", "a%2Bb=1&a%20b=2"),
            ("a[=1&a[x=2", "a[=3", "a[x=2&a[=3"),
        ] {
            let mut merged = query.to_owned();
            merge(&mut merged, pairs);
            assert_eq!(merged, expected, "{query} + {pairs}");
        }
    }
}
