//! What holds for any fields at all: the fuzz target runs it on made-up bytes, and a property test
//! on a few of them at each change.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version};

use crate::policy::{
    Action, Aim, Arrival, Ask, Decision, Head, Policy, Wishes, answer, learn, look_up, rescue,
};

/// The fields that are looked at.
pub(crate) const NAMES: [&str; 24] = [
    "age",
    "authorization",
    "cache-control",
    "cdn-cache-control",
    "connection",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "date",
    "etag",
    "expires",
    "accept-language",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "last-modified",
    "location",
    "pragma",
    "range",
    "set-cookie",
    "vary",
    "foo",
];

/// Two requests and two responses, and what chance has to decide beside them.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) requests: [HeaderMap; 2],
    pub(crate) responses: [HeaderMap; 2],
    /// When the first response came, when the second request was made, when it was answered.
    pub(crate) times: [SystemTime; 3],
    /// Whether the cache is shared, whether the origin cannot be reached.
    pub(crate) flags: [bool; 2],
    pub(crate) method: Method,
    pub(crate) status: StatusCode,
    pub(crate) length: u64,
}

impl Case {
    /// Six bytes that choose, then four sets of lines apart by empty ones: the first byte of a line
    /// names the field (`a` is the first), the others are the value.
    pub(crate) fn parse(data: &[u8]) -> Option<Self> {
        let (chosen, rest) = data.split_first_chunk::<6>()?;
        let mut sets: [HeaderMap; 4] = Default::default();
        let mut set = 0;
        for line in rest.split(|byte| *byte == b'\n').take(1_000) {
            let Some((name, value)) = line.split_first() else {
                set += 1;
                continue;
            };
            let name = NAMES[usize::from(name.wrapping_sub(b'a')) % NAMES.len()];
            let value = HeaderValue::from_bytes(value).ok()?;
            sets.get_mut(set)?
                .append(HeaderName::from_static(name), value);
        }
        let [first, second, one, other] = sets;
        let edges = [0, 1, 1_780_000_000, 1_780_000_060, 1 << 40, 1 << 62];
        let time = |byte: u8| {
            let edge = Duration::from_secs(edges[usize::from(byte) % edges.len()]);
            SystemTime::UNIX_EPOCH.checked_add(edge)
        };
        let statuses = [200, 206, 304, 404, 416, 500];
        let methods = [Method::GET, Method::HEAD, Method::POST];
        let pick = |byte: u8, count: usize| usize::from(byte) % count;
        Some(Self {
            requests: [first, second],
            responses: [one, other],
            times: [time(chosen[0])?, time(chosen[1])?, time(chosen[2])?],
            flags: [chosen[3] & 1 == 1, chosen[3] & 2 == 2],
            method: methods[pick(chosen[4], methods.len())].clone(),
            status: StatusCode::from_u16(statuses[pick(chosen[5], statuses.len())]).ok()?,
            length: u64::from(chosen[5] / 8),
        })
    }

    /// Takes every decision there is about them.
    pub(crate) fn decide(&self) {
        let [shared, fails] = self.flags;
        let policy = if shared {
            Policy::shared()
        } else {
            Policy::private()
        };
        let Some(head) = self.store(&policy) else {
            return;
        };
        let stored = [head];
        let [_, asked, answered] = self.times;
        let (wishes, again) = (Wishes::default(), self.request(1, &self.method));
        let ask = Ask::of(&again);
        let aim = match look_up(&wishes, &ask, &stored, asked) {
            Decision::Serve(serve) => {
                answer(&stored[0], &serve, ());
                Aim::Validate(0)
            }
            Decision::Forward(forward) => {
                forward.conditions.apply(&mut again.headers().clone());
                forward.aim
            }
            Decision::Bypass(_) | Decision::Refuse => Aim::Fetch,
        };
        let status = (!fails).then_some(self.status);
        if let Some(serve) = rescue(&policy, &wishes, &ask, &stored, aim, status, answered) {
            answer(&stored[0], &serve, ());
        }
        let arrival = self.arrival(1, self.status, asked, answered);
        let lesson = learn(&policy, &wishes, &ask, &stored, aim, &arrival);
        if let Action::Update { heads, serve } = lesson.action {
            answer(&heads[0].1, &serve, ());
        }
    }

    fn store(&self, policy: &Policy) -> Option<Head> {
        let request = self.request(0, &Method::GET);
        let status = if request.headers().contains_key("range") {
            StatusCode::PARTIAL_CONTENT
        } else {
            StatusCode::OK
        };
        let arrival = self.arrival(0, status, self.times[1], self.times[0]);
        let none: [Head; 0] = [];
        let (ask, wishes) = (Ask::of(&request), Wishes::default());
        match learn(policy, &wishes, &ask, &none, Aim::Fetch, &arrival).action {
            Action::Store { mut head, .. } => {
                let kept = head.finish(self.length) || head.cut(self.length);
                kept.then_some(*head)
            }
            _ => None,
        }
    }

    fn request(&self, nth: usize, method: &Method) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = method.clone();
        *request.uri_mut() = http::Uri::from_static("http://a.example/b?c");
        request.headers_mut().clone_from(&self.requests[nth]);
        request
    }

    fn arrival(
        &self,
        nth: usize,
        status: StatusCode,
        sent: SystemTime,
        received: SystemTime,
    ) -> Arrival<'_> {
        Arrival {
            status,
            version: Version::HTTP_11,
            headers: &self.responses[nth],
            sent,
            received,
        }
    }
}
