use http::HeaderName;
use http::request::Parts;

use super::{Hmac, Part};
use crate::{Payload, SignError, authority, target};

impl Hmac {
    /// What is signed: the parts, with the separator between them. Pure.
    pub(super) fn canonical(&self, head: &Parts, body: Payload<'_>) -> Result<Vec<u8>, SignError> {
        let mut form = Vec::with_capacity(256);
        for (place, part) in self.parts.iter().enumerate() {
            if place > 0 {
                form.extend_from_slice(&self.separator);
            }
            self.write(part, head, body, &mut form)?;
        }
        Ok(form)
    }

    fn write(
        &self,
        part: &Part,
        head: &Parts,
        body: Payload<'_>,
        form: &mut Vec<u8>,
    ) -> Result<(), SignError> {
        let authority;
        let digest;
        let text = match part {
            Part::Method => head.method.as_str(),
            Part::Path => head.uri.path(),
            Part::Query => head.uri.query().unwrap_or(""),
            Part::PathAndQuery => target::path_and_query(&head.uri),
            Part::Authority => {
                // As a receiver must see it, whoever of the two we are (RFC 9112 §3.2.2).
                authority =
                    authority::received(&head.uri, &head.headers, self.scheme_of(&head.uri))
                        .ok_or_else(|| {
                            SignError::new("it has no host, which the signature covers")
                        })?;
                &authority
            }
            Part::Header(name) => return header(head, name, form),
            Part::Date => return header(head, &self.date_header, form),
            Part::BodyDigest => {
                digest = self.body_digest(body)?;
                &digest
            }
            Part::Body => match (body, self.unsigned) {
                (Payload::Stream, Some(word)) => word,
                (body, _) => {
                    form.extend_from_slice(body.bytes()?);
                    return Ok(());
                }
            },
            Part::Text(text) => text,
        };
        form.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// The body's digest, or the word that stands for a stream's.
    pub(super) fn body_digest(&self, body: Payload<'_>) -> Result<String, SignError> {
        match (body, self.unsigned) {
            (Payload::Stream, Some(word)) => Ok(word.to_owned()),
            (body, _) => {
                let digest = self.hash.digest(body.bytes()?);
                Ok(self.encoding.encode(digest.as_ref()))
            }
        }
    }
}

fn header(head: &Parts, name: &HeaderName, form: &mut Vec<u8>) -> Result<(), SignError> {
    let mut values = head.headers.get_all(name).iter();
    let first = values
        .next()
        .ok_or_else(|| SignError::new("a header that the signature covers is missing"))?;
    form.extend_from_slice(first.as_bytes());
    for value in values {
        form.push(b',');
        form.extend_from_slice(value.as_bytes());
    }
    Ok(())
}
