//! A whole cache in a few lines, for tests: what the decisions amount to when they are obeyed.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version};

use super::{
    Action, Aim, Arrival, Ask, Decision, Forward, Head, Policy, Reason, Reply, Serve, Wishes,
    answer, dates, learn, look_up, rescue,
};

/// When tests begin: 2026-05-28.
pub(super) fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000)
}

pub(super) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The date so many seconds from the start, as a field has it.
pub(super) fn date(seconds: i64) -> String {
    let by = secs(seconds.unsigned_abs());
    let date = if seconds < 0 {
        start() - by
    } else {
        start() + by
    };
    dates::format(date).to_str().unwrap().to_owned()
}

pub(super) fn headers<N: AsRef<str>, V: AsRef<str>>(fields: &[(N, V)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name: HeaderName = name.as_ref().parse().unwrap();
        headers.append(name, HeaderValue::from_str(value.as_ref()).unwrap());
    }
    headers
}

/// A request of `http://a.example/` without a body.
pub(super) fn request(method: &str, fields: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method.parse().unwrap();
    *request.uri_mut() = Uri::from_static("http://a.example/");
    *request.headers_mut() = headers(fields);
    request
}

pub(super) fn get(fields: &[(&str, &str)]) -> Request<()> {
    request("GET", fields)
}

/// What an origin answers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Origin {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

pub(super) fn origin(status: u16, fields: &[(&str, &str)], body: &str) -> Origin {
    Origin {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers(fields),
        body: body.into(),
    }
}

/// A head as it is stored, with its body whole.
pub(super) fn stored(policy: &Policy, request: &Request<()>, origin: &Origin) -> Option<Head> {
    let arrival = arrival(origin, start());
    let ask = Ask::of(request);
    let none: [Head; 0] = [];
    let lesson = learn(
        policy,
        &Wishes::default(),
        &ask,
        &none,
        Aim::Fetch,
        &arrival,
    );
    match lesson.action {
        Action::Store { mut head, .. } => head
            .finish(origin.body.len().try_into().unwrap())
            .then_some(*head),
        _ => None,
    }
}

pub(super) fn arrival(origin: &Origin, now: SystemTime) -> Arrival<'_> {
    Arrival {
        status: origin.status,
        version: Version::HTTP_11,
        headers: &origin.headers,
        sent: now,
        received: now,
    }
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Hit,
    /// And validated in the background.
    Stale,
    /// From the store, after the origin said that it may.
    Validated,
    /// From the store, because the origin failed.
    Rescued,
    Fetched(Reason),
    Refused,
    /// The origin could not be reached, and nothing could stand in.
    Failed,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) how: How,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

#[derive(Clone, Debug)]
struct Entry {
    head: Head,
    body: Vec<u8>,
}

impl AsRef<Head> for Entry {
    fn as_ref(&self) -> &Head {
        &self.head
    }
}

/// The cache.
#[derive(Debug)]
pub(super) struct Cache {
    pub(super) policy: Policy,
    pub(super) wishes: Wishes,
    pub(super) now: SystemTime,
    /// Requests as the origin saw them.
    pub(super) seen: Vec<HeaderMap>,
    entries: HashMap<Uri, Vec<Entry>>,
}

impl Cache {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            policy,
            wishes: Wishes::default(),
            now: start(),
            seen: Vec::new(),
            entries: HashMap::new(),
        }
    }

    pub(super) fn private() -> Self {
        Self::new(Policy::private())
    }

    pub(super) fn shared() -> Self {
        Self::new(Policy::shared())
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now += secs(seconds);
    }

    /// How many responses are stored for a URI.
    pub(super) fn count(&self, uri: &Uri) -> usize {
        self.entries.get(uri).map_or(0, Vec::len)
    }

    /// The only response that is stored for the usual URI.
    pub(super) fn only(&self) -> &Head {
        let entries = &self.entries[&Uri::from_static("http://a.example/")];
        assert_eq!(entries.len(), 1);
        &entries[0].head
    }

    /// Answers a request; an origin that is `None` cannot be reached.
    pub(super) fn ask(&mut self, request: &Request<()>, origin: Option<&Origin>) -> Answer {
        let entries = self.entries.get(request.uri()).cloned().unwrap_or_default();
        match look_up(&self.wishes, &Ask::of(request), &entries, self.now) {
            Decision::Refuse => Answer {
                how: How::Refused,
                status: 504,
                headers: HeaderMap::new(),
                body: Vec::new(),
            },
            Decision::Serve(serve) => {
                let how = if serve.revalidate {
                    How::Stale
                } else {
                    How::Hit
                };
                respond(request, &entries, &serve, how)
            }
            Decision::Bypass(reason) => {
                let plain = Forward {
                    reason,
                    aim: Aim::Fetch,
                    conditions: super::Conditions::default(),
                };
                self.forward(request, &entries, &plain, origin)
            }
            Decision::Forward(forward) => self.forward(request, &entries, &forward, origin),
        }
    }

    /// The fields of a request as the origin would see them.
    pub(super) fn would_send(&self, request: &Request<()>) -> HeaderMap {
        let entries = self.entries.get(request.uri()).cloned().unwrap_or_default();
        let mut sent = request.headers().clone();
        let ask = Ask::of(request);
        if let Decision::Forward(forward) = look_up(&self.wishes, &ask, &entries, self.now) {
            forward.conditions.apply(&mut sent);
        }
        sent
    }

    /// Asks an origin that is up and says this.
    pub(super) fn get(&mut self, request: &Request<()>, says: &Origin) -> Answer {
        self.ask(request, Some(says))
    }

    fn forward(
        &mut self,
        request: &Request<()>,
        entries: &[Entry],
        forward: &Forward,
        says: Option<&Origin>,
    ) -> Answer {
        let ask = Ask::of(request);
        let mut sent = request.headers().clone();
        forward.conditions.apply(&mut sent);
        self.seen.push(sent);
        let status = says.map(|says| says.status);
        let (policy, wishes) = (&self.policy, &self.wishes);
        if let Some(serve) = rescue(policy, wishes, &ask, entries, forward.aim, status, self.now) {
            return respond(request, entries, &serve, How::Rescued);
        }
        let Some(says) = says else {
            return Answer {
                how: How::Failed,
                status: 502,
                headers: HeaderMap::new(),
                body: Vec::new(),
            };
        };
        let arrival = arrival(says, self.now);
        let lesson = learn(policy, wishes, &ask, entries, forward.aim, &arrival);
        for uri in lesson.invalidate {
            self.entries.remove(&uri);
        }
        self.act(request, lesson.action, forward, says)
    }

    fn act(
        &mut self,
        request: &Request<()>,
        action: Action,
        forward: &Forward,
        says: &Origin,
    ) -> Answer {
        let entries = self.entries.entry(request.uri().clone()).or_default();
        let fetched = Answer {
            how: How::Fetched(forward.reason),
            status: says.status.as_u16(),
            headers: says.headers.clone(),
            body: says.body.clone(),
        };
        let length = says.body.len().try_into().unwrap();
        match action {
            Action::Leave => fetched,
            Action::Store { mut head, replaces } => {
                remove(entries, &replaces);
                if head.finish(length) {
                    let (head, body) = (*head, says.body.clone());
                    entries.push(Entry { head, body });
                }
                fetched
            }
            Action::Update { heads, serve } => {
                replace(entries, heads);
                respond(request, entries, &serve, How::Validated)
            }
            Action::Refresh { heads } => {
                replace(entries, heads);
                fetched
            }
            Action::Append { index, head, skip } => {
                let entry = &mut entries[index];
                let skip = usize::try_from(skip).unwrap();
                entry.body.extend_from_slice(&says.body[skip..]);
                entry.head = *head;
                if !matches!(forward.aim, Aim::Complete(_)) {
                    return fetched;
                }
                let ask = Ask::of(request);
                let (head, now) = (&entry.head, self.now);
                let reply = super::select::reply(&ask, head, now).unwrap();
                let serve = Serve::of(&self.wishes, &ask, index, head, reply, now);
                respond(request, entries, &serve, How::Validated)
            }
            Action::Repeat => {
                let entries = entries.clone();
                let plain = Forward {
                    reason: forward.reason,
                    aim: Aim::Fetch,
                    conditions: super::Conditions::default(),
                };
                self.forward(request, &entries, &plain, Some(says))
            }
        }
    }
}

fn remove(entries: &mut Vec<Entry>, indices: &[usize]) {
    let mut index = 0;
    entries.retain(|_| {
        index += 1;
        !indices.contains(&(index - 1))
    });
}

fn replace(entries: &mut [Entry], heads: Vec<(usize, Head)>) {
    for (index, head) in heads {
        entries[index].head = head;
    }
}

fn respond(request: &Request<()>, entries: &[Entry], serve: &Serve, how: How) -> Answer {
    let entry = &entries[serve.index];
    let response = answer(&entry.head, serve, ());
    let cut = |first: u64, end: u64| {
        let at = |byte: u64| usize::try_from(byte - entry.head.extent.first).unwrap();
        entry.body[at(first)..at(end)].to_vec()
    };
    let body = match serve.reply {
        _ if *request.method() == Method::HEAD => Vec::new(),
        Reply::Whole => entry.body.clone(),
        Reply::NotModified | Reply::Unsatisfiable { .. } => Vec::new(),
        Reply::Range { first, end, .. } => cut(first, end),
    };
    Answer {
        how,
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body,
    }
}
