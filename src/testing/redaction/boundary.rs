//! What parts the parts of a form, which is another one each time it is written.

use super::media::Media;

/// What parts the parts of a body of this content type, where it has any.
pub(in crate::testing) fn boundary(content_type: &str) -> Option<String> {
    let boundary = Media::of(Some(content_type)).boundary;
    boundary.filter(|boundary| !boundary.is_empty())
}

/// The body of a form of several parts without its boundary, which is another one each time.
pub(in crate::testing) fn without_boundary(body: &[u8], boundary: &str) -> Vec<u8> {
    let delimiter = format!("--{boundary}");
    let delimiter = delimiter.as_bytes();
    let mut told = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, behind)) = rest.split_first() {
        match rest.strip_prefix(delimiter) {
            Some(behind) if !boundary.is_empty() => {
                told.extend_from_slice(b"--");
                rest = behind;
            }
            _ => {
                told.push(*first);
                rest = behind;
            }
        }
    }
    told
}
