//! What a content type says (RFC 9110 §8.3.1).

/// A media type and the parameters that matter for reading a body. Names are in lower case.
#[derive(Debug, Default)]
pub(super) struct Media {
    /// `type/subtype`; empty where there is none.
    pub(super) essence: String,
    pub(super) charset: Option<String>,
    pub(super) boundary: Option<String>,
}

impl Media {
    pub(super) fn of(content_type: Option<&str>) -> Self {
        let text = content_type.unwrap_or_default();
        let (essence, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let mut media = Self {
            essence: essence.trim().to_ascii_lowercase(),
            ..Self::default()
        };
        while let Some((name, value, behind)) = parameter(rest) {
            rest = behind;
            match name.as_str() {
                "charset" => media.charset = Some(value.to_ascii_lowercase()),
                "boundary" => media.boundary = Some(value),
                _ => {}
            }
        }
        media
    }

    /// Whether a range such as `text/*` has it in it. What has no type is of the one that says nothing.
    pub(super) fn is_in(&self, range: &str) -> bool {
        let essence = match self.essence.as_str() {
            "" => "application/octet-stream",
            essence => essence,
        };
        match range.strip_suffix('*') {
            Some("*/") => true,
            Some(prefix) => essence.starts_with(prefix),
            None => essence == range,
        }
    }

    /// Whether its text is UTF-8, or ASCII, which is a part of it.
    pub(super) fn is_utf8(&self) -> bool {
        let charset = self.charset.as_deref();
        charset.is_none_or(|of| matches!(of, "utf-8" | "utf8" | "us-ascii" | "ascii"))
    }
}

/// The first parameter of `text`: its name in lower case, its value without quotes, what is behind it.
pub(super) fn parameter(text: &str) -> Option<(String, String, &str)> {
    let (name, behind) = text.trim_start_matches([' ', '\t', ';']).split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let Some(quoted) = behind.trim_start().strip_prefix('"') else {
        let (value, rest) = behind.split_once(';').unwrap_or((behind, ""));
        return Some((name, value.trim().to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((name, value, &quoted[at + 1..])),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    Some((name, value, ""))
}
