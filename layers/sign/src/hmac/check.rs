use std::time::{Duration, SystemTime};

use http::request::Parts;
use http::{HeaderName, HeaderValue};
use ring::hmac;

use super::{Hmac, Part};
use crate::{Payload, Reason, Unverified};

impl Hmac {
    /// Whether a request that was received carries a signature made with this key in this form.
    ///
    /// The body must be the bytes that arrived, before anybody decoded or re-encoded them;
    /// [`Payload::Stream`] only where [unsigned streams](Self::unsigned_streams) are expected.
    /// The date may differ from `now` by `tolerance` either way. The comparison takes the same time
    /// wherever two signatures begin to differ. Whether the same request came twice, you must see to.
    ///
    /// # Errors
    ///
    /// If the signature is missing, cannot be read, is too old, or is another request's or key's. If a
    /// [digest](Self::digest_header) is sent that the signature does not cover.
    pub fn verify(
        &self,
        head: &Parts,
        body: Payload<'_>,
        now: SystemTime,
        tolerance: Duration,
    ) -> Result<(), Unverified> {
        if !self.proves_its_digest() {
            return Err(Reason::Insufficient.into());
        }
        let signature = self.signature(head)?;
        if self.covers(&Part::Date) {
            self.check_date(head, now, tolerance)?;
        }
        // What is missing in the request is the sender's fault here.
        let canonical = self.canonical(head, body).map_err(|_| Reason::Malformed)?;
        hmac::verify(&self.key(), &canonical, &signature).map_err(|_| Reason::Mismatch)?;
        self.check_digest(head, body)
    }

    fn signature(&self, head: &Parts) -> Result<Vec<u8>, Unverified> {
        let value = only(head, &self.signature_header)?.as_bytes();
        let text = value.strip_prefix(self.prefix.as_bytes());
        let signature = text.and_then(|text| self.encoding.decode(text));
        signature.ok_or_else(|| Reason::Malformed.into())
    }

    fn check_date(
        &self,
        head: &Parts,
        now: SystemTime,
        tolerance: Duration,
    ) -> Result<(), Unverified> {
        let date = only(head, &self.date_header)?.to_str().ok();
        let date = date.and_then(|text| self.date.read(text));
        let date = date.ok_or(Reason::Malformed)?;
        // Of the two differences one is an error, which says nothing.
        if now.duration_since(date).is_ok_and(|age| age > tolerance) {
            return Err(Reason::Expired.into());
        }
        if date
            .duration_since(now)
            .is_ok_and(|ahead| ahead > tolerance)
        {
            return Err(Reason::NotYetValid.into());
        }
        Ok(())
    }

    fn check_digest(&self, head: &Parts, body: Payload<'_>) -> Result<(), Unverified> {
        let Some(name) = &self.digest_header else {
            return Ok(());
        };
        let claimed = only(head, name)?;
        let digest = self.body_digest(body).map_err(|_| Reason::Malformed)?;
        // Both are public, so that it need not take the same time.
        if claimed.as_bytes() == digest.as_bytes() {
            Ok(())
        } else {
            Err(Reason::OtherBody.into())
        }
    }
}

/// The only value of a header: of two, nobody can say which was meant.
fn only<'a>(head: &'a Parts, name: &HeaderName) -> Result<&'a HeaderValue, Unverified> {
    let mut values = head.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        (None, _) => Err(Reason::Missing.into()),
        (Some(_), Some(_)) => Err(Reason::Malformed.into()),
    }
}
