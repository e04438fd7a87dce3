//! The file name in a `Content-Disposition`.

use http::{HeaderMap, header};

/// The name that a server suggests, made safe; `filename*` before `filename` (RFC 6266 §4.3).
pub(super) fn file_name(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_DISPOSITION)?;
    let value = String::from_utf8_lossy(value.as_bytes());
    let parameters = parameters(&value);
    let named = |wanted: &str| {
        let mut all = parameters.iter();
        all.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.as_str())
    };
    let extended = named("filename*").and_then(extended);
    let plain = || named("filename").and_then(safe);
    extended.as_deref().and_then(safe).or_else(plain)
}

/// The last segment of a URI's path, decoded once and made safe.
#[cfg(feature = "fs")]
pub(super) fn of_uri(uri: &http::Uri) -> Option<String> {
    let last = uri.path().trim_end_matches('/').rsplit('/').next()?;
    safe(&percent_decoded(last)?)
}

/// The parameters behind the disposition's type, quotes and escapes taken off.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = value.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, behind)) = rest.split_once('=') {
        let (value, next) = match behind.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_string(quoted),
            None => {
                let (token, next) = behind.split_once(';').unwrap_or((behind, ""));
                (token.trim().to_owned(), next)
            }
        };
        // What stands before has no value, and is no parameter.
        let name = name.rsplit(';').next().unwrap_or_default();
        found.push((name.trim().to_owned(), value));
        rest = next;
    }
    found
}

/// RFC 9110 §5.6.4: what stands before the closing quote, and what follows it.
fn quoted_string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => value.push(char),
        }
    }
    (value, "")
}

/// RFC 8187 §3.2.1: `UTF-8'language'percent-encoded`. Other charsets are not to be sent any more.
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    percent_decoded(text)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'%' {
            let digit = |at: usize| char::from(*behind.get(at)?).to_digit(16);
            bytes.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
            rest = &behind[2..];
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The last segment of a path of any system, without control characters and what Windows reserves;
/// `None` when nothing is left (RFC 6266 §4.3 lists the dangers).
fn safe(name: &str) -> Option<String> {
    const LONGEST: usize = 200;
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept =
        |char: &char| !char.is_control() && !r#"<>:"|?*"#.contains(*char) && !is_override(*char);
    let kept: String = last.chars().filter(kept).collect();
    // Together, since each may hide the other; a name that begins with a dot hides itself.
    let outside = |char: char| char == '.' || char.is_whitespace();
    let name = kept.trim_matches(outside);
    let mut end = name.len().min(LONGEST);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let name = name[..end].trim_end_matches(outside);
    (!name.is_empty() && !is_device(name)).then(|| no_part(name))
}

/// Characters that make `exe.txt` of `txt.exe` to the eye.
fn is_override(char: char) -> bool {
    let is_mark = matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}');
    is_mark || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The name, which is none that a download of ours would take for [its own](crate::Download): a server must not put
/// there what another server's file begins with.
fn no_part(name: &str) -> String {
    // Some file systems pass over letters that cannot be seen.
    let seen = name.chars().filter(char::is_ascii_graphic);
    let seen: String = seen.map(|char| char.to_ascii_lowercase()).collect();
    let mut name = name.to_owned();
    if [".part", ".part.tag"].iter().any(|end| seen.ends_with(end))
        && let Some(dot) = name.rfind('.')
    {
        name.replace_range(dot..=dot, "_");
    }
    name
}

/// Names that Windows gives to devices, whatever their extension; superscript digits are digits there.
fn is_device(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let numbered = |prefix: &str| {
        let is_digit = |char: char| char.is_ascii_digit() || matches!(char, '¹' | '²' | '³');
        let number = stem.strip_prefix(prefix);
        number.is_some_and(|number| number.strip_prefix(is_digit) == Some(""))
    };
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(value: &[u8]) -> Option<String> {
        let value = http::HeaderValue::from_bytes(value).unwrap();
        file_name(&HeaderMap::from_iter([(
            header::CONTENT_DISPOSITION,
            value,
        )]))
    }

    #[test]
    fn dots_and_blanks_do_not_hide_one_another() {
        for (name, kept) in [
            (". .. .", None),
            (". .bashrc", Some("bashrc")),
            (".\u{a0}.ssh . ", Some("ssh")),
            ("a. .b", Some("a. .b")),
        ] {
            assert_eq!(safe(name).as_deref(), kept, "{name:?}");
        }
        let long = format!("{}. x", "a".repeat(199));
        assert_eq!(safe(&long), Some("a".repeat(199)));
    }

    #[test]
    fn a_parameter_without_a_value_hides_no_other() {
        let name = of(b"attachment; odd; filename=a.txt");
        assert_eq!(name.as_deref(), Some("a.txt"));
    }

    #[test]
    fn ic61_a_suggested_name_is_read_in_every_form() {
        for (value, name) in [
            (r#"attachment; filename="report.pdf""#, Some("report.pdf")),
            ("attachment; filename=report.pdf", Some("report.pdf")),
            ("ATTACHMENT;FILENAME=report.pdf", Some("report.pdf")),
            (
                r#"attachment; filename="a \"b\" c; d.txt""#,
                Some("a b c; d.txt"),
            ),
            (
                "attachment; filename*=UTF-8''na%C3%AFve%20file.txt",
                Some("naïve file.txt"),
            ),
            (
                r#"attachment; filename="plain"; filename*=utf-8'en'better"#,
                Some("better"),
            ),
            (
                r#"attachment; filename*=utf-8''%ff; filename="plain""#,
                Some("plain"),
            ),
            (
                r#"attachment; filename*=latin1''x; filename="plain""#,
                Some("plain"),
            ),
            (
                r#"attachment; filename*=utf-8''a%+1; filename="plain""#,
                Some("plain"),
            ),
            (
                r#"attachment; filename*=utf-8''a%4; filename="plain""#,
                Some("plain"),
            ),
            (r#"attachment; filename*=""; filename=a.txt"#, Some("a.txt")),
            (r#"attachment; x="a";filename="é";y"#, Some("é")),
            ("attachment", None),
            ("attachment; filename=", None),
            ("inline; size=3; filename = a.txt ; x=y", Some("a.txt")),
        ] {
            assert_eq!(of(value.as_bytes()).as_deref(), name, "{value}");
        }
    }

    #[test]
    fn a_suggested_name_never_leaves_its_folder() {
        for (value, name) in [
            ("../../etc/passwd", Some("passwd")),
            ("..\\\\..\\\\evil.dll", Some("evil.dll")),
            ("/", None),
            ("..", None),
            ("...", None),
            (".bashrc", Some("bashrc")),
            ("a\u{202e}txt.exe", Some("atxt.exe")),
            ("nul.txt", None),
            ("COM7", None),
            ("lpt².txt", None),
            ("CONIN$", None),
            ("conout$.txt", None),
            ("common", Some("common")),
            ("com10", Some("com10")),
            ("compute.txt", Some("compute.txt")),
            ("comx", Some("comx")),
            ("com", Some("com")),
            ("C:evil", Some("Cevil")),
            ("a. ", Some("a")),
        ] {
            let value = format!("attachment; filename=\"{value}\"");
            assert_eq!(of(value.as_bytes()).as_deref(), name, "{value}");
        }
        assert_eq!(
            of(b"attachment; filename*=UTF-8''%2e%2e%2f%00x").as_deref(),
            Some("x")
        );
        for (before, length) in [("", 200), ("a", 199)] {
            let long = format!("attachment; filename={before}{}", "é".repeat(300));
            assert_eq!(of(long.as_bytes()).unwrap().len(), length);
        }
        for (value, name) in [
            ("COM%C2%B9.txt", None),
            ("lpt%C2%B3", None),
            ("com%C2%B9%C2%B2", Some("com¹²")),
            ("a%D8%9Ctxt.exe", Some("atxt.exe")),
        ] {
            let value = format!("attachment; filename*=UTF-8''{value}");
            assert_eq!(of(value.as_bytes()).as_deref(), name, "{value}");
        }
    }

    #[test]
    fn no_suggested_name_is_that_of_a_download_that_is_not_whole() {
        for (name, kept) in [
            ("big.iso.part", "big.iso_part"),
            ("big.iso.part.tag", "big.iso.part_tag"),
            ("big.iso.PART. ", "big.iso_PART"),
            ("big.iso.Part.TAG", "big.iso.Part_TAG"),
            ("big.iso.pa\u{200d}rt", "big.iso_pa\u{200d}rt"),
            ("a.part.rar", "a.part.rar"),
            ("a.part1", "a.part1"),
            ("depart", "depart"),
        ] {
            assert_eq!(safe(name).as_deref(), Some(kept), "{name:?}");
        }
        let cut = format!("{}.part.txt", "a".repeat(195));
        assert_eq!(safe(&cut), Some(format!("{}_part", "a".repeat(195))));
    }

    proptest! {
        #[test]
        fn whatever_the_header_says_a_name_is_one_harmless_segment(value in "[ -~]{0,60}") {
            if let Some(name) = of(format!("attachment; filename*={value}; filename={value}").as_bytes()) {
                prop_assert!(!name.is_empty() && !name.contains(['/', '\\', '\0', ':']), "{}", name);
                prop_assert!(!name.starts_with('.'), "{}", name);
            }
        }
    }
}
