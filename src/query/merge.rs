/// Adds pairs to a query; a name that they have replaces what the query said of it before.
pub(crate) fn merge(query: &mut String, pairs: &str) {
    if pairs.is_empty() {
        return;
    }
    if query.is_empty() {
        query.push_str(pairs);
        return;
    }
    let names: Vec<_> = pairs.split('&').map(name).collect();
    let kept = query.split('&').filter(|pair| !names.contains(&name(pair)));
    let mut merged = kept.collect::<Vec<_>>().join("&");
    if !merged.is_empty() {
        merged.push('&');
    }
    merged.push_str(pairs);
    *query = merged;
}

/// A pair's name, a list's index left out, in one spelling.
fn name(pair: &str) -> String {
    let name = pair.split('=').next().unwrap_or_default();
    let name = decoded(name);
    let index = |(_, inside): &(&str, &str)| inside.bytes().all(|byte| byte.is_ascii_digit());
    let list = name
        .strip_suffix(']')
        .and_then(|name| name.rsplit_once('['));
    match list.filter(index) {
        Some((list, _)) => list.to_owned(),
        None => name,
    }
}

/// Percent-encoding undone, byte for byte: for comparing alone.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let code = behind
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(byte);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            let mut merged = query.to_owned();
            merge(&mut merged, pairs);
            assert_eq!(merged, expected, "{query} + {pairs}");
        }
    }
}
