use std::mem;
use std::num::NonZeroU32;
use std::sync::Arc;

use buttress_kernel::{Attempt, Cause, Explain, Replay};
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode, header};

use super::answer::{Asked, Once};
use super::challenge::{Challenge, next_nonce, strongest};
use super::layer::Shared;
use crate::{Payload, body, telemetry};

/// What is needed once the first response is there.
pub(super) struct Pending<S, B> {
    pub(super) service: S,
    shared: Arc<Shared>,
    place: usize,
    /// The server's nonce in the request that is under way, if it was signed.
    used: Option<String>,
    spare: Spare<B>,
}

/// The request as it came.
pub(super) enum Spare<B> {
    /// It cannot be sent again.
    None,
    Here(Box<Parts>, B),
    /// It has been sent again, as this attempt.
    Spent(Attempt),
}

impl<S, B> Pending<S, B> {
    pub(super) const fn new(
        service: S,
        shared: Arc<Shared>,
        place: usize,
        used: Option<String>,
        spare: Spare<B>,
    ) -> Self {
        Self {
            service,
            shared,
            place,
            used,
            spare,
        }
    }
}

impl<S, B> Pending<S, B>
where
    B: Replay + http_body::Body + 'static,
{
    /// Learns from a response; whether the request is to be sent again.
    pub(super) fn judge<R>(&self, response: &Response<R>, explain: Option<&Explain>) -> bool {
        let headers = response.headers();
        if response.status() != StatusCode::UNAUTHORIZED {
            if let Some(used) = &self.used {
                self.shared.accepted(self.place, used, next_nonce(headers));
            }
            return false;
        }
        let outcome = self.challenged(headers);
        telemetry::challenged(outcome, explain);
        outcome == Outcome::Answered
    }

    fn challenged(&self, headers: &HeaderMap) -> Outcome {
        let Some(challenge) = strongest(headers, self.shared.weakest) else {
            return Outcome::Unanswerable;
        };
        let answerable = self.can_answer(&challenge);
        let used = self.used.as_deref();
        let helps = self.shared.challenged(self.place, used, challenge);
        match self.spare {
            Spare::Spent(_) => Outcome::Rejected,
            _ if !helps => Outcome::Rejected,
            _ if !answerable => Outcome::Unrepeatable,
            _ => Outcome::Answered,
        }
    }

    /// Whether the request can be sent again, and its body hashed where the challenge wants that.
    fn can_answer(&self, challenge: &Challenge) -> bool {
        match &self.spare {
            Spare::Here(_, body) => {
                body.is_whole() && (!challenge.wants_body() || body::in_memory(body).is_some())
            }
            Spare::None | Spare::Spent(_) => false,
        }
    }

    /// The request for the second attempt, signed, where the first has made `number` of them.
    pub(super) fn take(&mut self, number: NonZeroU32) -> Option<Request<B>> {
        let Spare::Here(mut head, body) = mem::replace(&mut self.spare, Spare::None) else {
            return None;
        };
        let made = Attempt::number_in(&head.extensions).max(number);
        let attempt = Attempt::after(made, Cause::Status(StatusCode::UNAUTHORIZED));
        head.extensions.insert(attempt);
        self.spare = Spare::Spent(attempt);
        self.used = sign(&self.shared, self.place, &mut head, &body);
        Some(Request::from_parts(*head, body))
    }

    /// The second attempt, once it has begun.
    pub(super) const fn attempt(&self) -> Option<Attempt> {
        match self.spare {
            Spare::Spent(attempt) => Some(attempt),
            Spare::None | Spare::Here(..) => None,
        }
    }
}

/// What becomes of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The request is sent again.
    Answered,
    /// It wants something that we do not have, or is no Digest challenge.
    Unanswerable,
    /// The request cannot be sent again.
    Unrepeatable,
    /// The answer was wrong.
    Rejected,
}

impl Outcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unanswerable => "unanswerable",
            Self::Unrepeatable => "unrepeatable",
            Self::Rejected => "rejected",
        }
    }
}

/// Signs a request, if something is known of its origin, and returns the server's nonce that it used.
pub(super) fn sign<B>(shared: &Shared, place: usize, head: &mut Parts, body: &B) -> Option<String>
where
    B: http_body::Body + 'static,
{
    let ticket = shared.draw(place)?;
    let bytes;
    let payload = if ticket.challenge.wants_body() {
        bytes = body::in_memory(body);
        body::payload(bytes.as_ref())
    } else {
        Payload::Stream
    };
    let once = Once {
        nonce: &ticket.challenge.nonce,
        count: ticket.count,
        cnonce: &ticket.cnonce,
    };
    let asked = Asked::of(head, payload);
    let answer = shared.credentials.answer(&ticket.challenge, &asked, &once);
    head.headers.insert(header::AUTHORIZATION, answer?);
    telemetry::signed(super::SCHEME, &head.extensions);
    Some(ticket.challenge.nonce)
}
