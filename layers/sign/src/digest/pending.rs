use std::mem;
use std::num::NonZeroU32;
use std::sync::Arc;

use buttress_kernel::{Attempt, Cause, Explain, Replay};
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode, header};

use super::answer::{Asked, Once};
use super::challenge::{Challenge, next_nonce, strongest};
use super::layer::Shared;
use super::session::{Ticket, Used};
use crate::{Payload, body, telemetry};

/// What is needed once the first response is there.
pub(super) struct Pending<S, B> {
    pub(super) service: S,
    shared: Arc<Shared>,
    place: usize,
    /// What the request that is under way was signed with.
    used: Option<Used>,
    spare: Spare<B>,
    /// The right to answer the challenge that came.
    ticket: Option<Ticket>,
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
        used: Option<Used>,
        spare: Spare<B>,
    ) -> Self {
        Self {
            service,
            shared,
            place,
            used,
            spare,
            ticket: None,
        }
    }
}

impl<S, B> Pending<S, B>
where
    B: Replay + http_body::Body + 'static,
{
    /// Learns from a response; whether the request is to be sent again.
    pub(super) fn judge<R>(&mut self, response: &Response<R>, explain: Option<&Explain>) -> bool {
        let headers = response.headers();
        if response.status() != StatusCode::UNAUTHORIZED {
            if let Some(used) = &self.used {
                let next = next_nonce(headers);
                if next.is_some() || is_proof(response.status()) {
                    self.shared.accepted(self.place, used, next);
                }
            }
            return false;
        }
        let outcome = self.challenged(headers);
        telemetry::challenged(outcome, explain);
        outcome == Outcome::Answered
    }

    fn challenged(&mut self, headers: &HeaderMap) -> Outcome {
        let Some(challenge) = strongest(headers, self.shared.weakest) else {
            return Outcome::Unanswerable;
        };
        let may = self.may_answer(&challenge);
        let used = self.used.as_ref();
        match self.shared.challenged(self.place, used, challenge, may) {
            Ok(ticket) => {
                self.ticket = Some(ticket);
                Outcome::Answered
            }
            Err(outcome) => outcome,
        }
    }

    fn may_answer(&self, challenge: &Challenge) -> May {
        match &self.spare {
            Spare::Spent(_) => May::NotAgain,
            Spare::Here(_, body)
                if body.is_whole()
                    && (!challenge.wants_body() || body::in_memory(body).is_some()) =>
            {
                May::Once
            }
            Spare::Here(..) | Spare::None => May::Never,
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
        let ticket = self.ticket.take();
        self.used = ticket.and_then(|ticket| answer(&self.shared, ticket, &mut head, &body));
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

/// Whether a challenge can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum May {
    /// The request can be sent again, and its body hashed where the challenge wants that.
    Once,
    /// It cannot.
    Never,
    /// It was an answer already.
    NotAgain,
}

/// Whether a status shows that the server looked at the answer and was content with it: an error may come
/// from somebody on the way who never did.
fn is_proof(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection()
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

/// Signs a request, if something is known of its origin, and returns what it was signed with.
pub(super) fn sign<B>(shared: &Shared, place: usize, head: &mut Parts, body: &B) -> Option<Used>
where
    B: http_body::Body + 'static,
{
    answer(shared, shared.draw(place)?, head, body)
}

fn answer<B>(shared: &Shared, ticket: Ticket, head: &mut Parts, body: &B) -> Option<Used>
where
    B: http_body::Body + 'static,
{
    let challenge = ticket.challenge;
    let bytes;
    let payload = if challenge.wants_body() {
        bytes = body::in_memory(body);
        body::payload(bytes.as_ref())
    } else {
        Payload::Stream
    };
    let once = Once {
        nonce: &challenge.nonce,
        first_nonce: &ticket.first_nonce,
        count: ticket.count,
        cnonce: &ticket.cnonce,
    };
    let asked = Asked::of(head, payload);
    let answer = shared.credentials.answer(&challenge, &asked, &once);
    head.headers.insert(header::AUTHORIZATION, answer?);
    telemetry::signed(super::SCHEME, &head.extensions);
    let (realm, nonce) = (challenge.realm, challenge.nonce);
    Some(Used { realm, nonce })
}
