//! Secrets in forms of several parts (RFC 2046 §5.1, RFC 7578).

use super::media::parameter;
use super::{REDACTED, Redaction};

/// A body of several parts without its secrets; `None` where it cannot be taken apart, or a part cannot be
/// searched.
pub(super) fn parts(
    redaction: &Redaction,
    depth: u32,
    boundary: Option<&str>,
    body: &[u8],
) -> Option<Vec<u8>> {
    let delimiter = format!(
        "\r\n--{}",
        boundary.filter(|boundary| !boundary.is_empty())?
    );
    let mut told = Vec::with_capacity(body.len());
    // The first one stands at the beginning, and nothing before it.
    let mut rest = body.strip_prefix(&delimiter.as_bytes()[2..])?;
    told.extend_from_slice(&delimiter.as_bytes()[2..]);
    loop {
        if let Some(end) = rest.strip_prefix(b"--") {
            let is_empty = end.iter().all(u8::is_ascii_whitespace);
            told.extend_from_slice(rest);
            return is_empty.then_some(told);
        }
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, delimiter.as_bytes())?;
        told.extend_from_slice(b"\r\n");
        tell_part(redaction, depth, &part[..end], &mut told)?;
        told.extend_from_slice(delimiter.as_bytes());
        rest = &part[end + delimiter.len()..];
    }
}

fn tell_part(redaction: &Redaction, depth: u32, part: &[u8], told: &mut Vec<u8>) -> Option<()> {
    let end = find(part, b"\r\n\r\n")?;
    let (mut name, mut content_type) = (None, "text/plain".to_owned());
    for line in std::str::from_utf8(&part[..end]).ok()?.split("\r\n") {
        let (field, value) = line.split_once(':')?;
        let value = value.trim();
        match field.to_ascii_lowercase().as_str() {
            "content-disposition" => name = field_name(value),
            "content-type" => value.clone_into(&mut content_type),
            // RFC 7578 §4.7 has done away with it.
            "content-transfer-encoding" if !is_identity(value) => return None,
            _ => {}
        }
        let value = match redaction.is_header(&field.to_ascii_lowercase()) {
            true => REDACTED.into(),
            false => redaction.leaf(value),
        };
        if value.contains(['\r', '\n']) {
            return None;
        }
        told.extend_from_slice(format!("{field}: {value}\r\n").as_bytes());
    }
    told.extend_from_slice(b"\r\n");
    let content = &part[end + 4..];
    if redaction.is_parameter(&name?) {
        told.extend_from_slice(REDACTED.as_bytes());
    } else {
        let content = redaction.body_at(depth + 1, Some(&content_type), content);
        told.extend_from_slice(&content.ok()?);
    }
    Some(())
}

/// The name of a part's field (RFC 7578 §4.2).
fn field_name(disposition: &str) -> Option<String> {
    let (_, mut rest) = disposition.split_once(';')?;
    while let Some((name, value, behind)) = parameter(rest) {
        if name == "name" {
            return Some(crate::template::matching::decode(&value, false));
        }
        rest = behind;
    }
    None
}

fn is_identity(encoding: &str) -> bool {
    let known = ["7bit", "8bit", "binary"];
    known
        .iter()
        .any(|known| encoding.eq_ignore_ascii_case(known))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|found| found == wanted)
}
