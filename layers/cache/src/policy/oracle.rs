//! Random schedules of requests, responses and pauses, judged by rules that are written out anew: a
//! cache never serves what RFC 9111 forbids, and does serve what nothing forbids.

use std::collections::HashMap;

use proptest::prelude::*;

use super::Policy;
use super::model::{Answer, Cache, How, Origin, origin, request};

/// What an origin says about a response.
#[derive(Clone, Copy, Debug)]
struct Says {
    max_age: Option<u64>,
    s_maxage: Option<u64>,
    age: Option<u64>,
    while_revalidate: Option<u64>,
    if_error: Option<u64>,
    no_store: bool,
    no_cache: bool,
    private: bool,
    public: bool,
    must_revalidate: bool,
    vary: bool,
}

/// What a caller asks.
#[derive(Clone, Copy, Debug)]
struct Asks {
    foo: u8,
    authorized: bool,
    no_cache: bool,
    max_age: Option<u64>,
    min_fresh: Option<u64>,
    max_stale: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u64),
    /// And whether the origin is down.
    Get(Asks, Says, bool),
    Post(bool),
    /// The resource changes.
    Change,
}

/// A response as the origin gave it, or said anew that it is right.
#[derive(Clone, Debug)]
struct Given {
    says: Says,
    version: u32,
    authorized: bool,
    /// The values of `foo` that it was given to, and the seconds that had passed when the origin
    /// said so last.
    foos: HashMap<u8, u64>,
    /// The seconds that had passed when it said anything.
    at: u64,
}

fn seconds() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(0_u64..20)
}

/// Most of the time false.
fn rarely() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.15)
}

fn says() -> impl Strategy<Value = Says> {
    let numbers = (
        seconds(),
        seconds(),
        prop::option::weighted(0.3, 0_u64..20),
        seconds(),
        seconds(),
    );
    let flags = (
        rarely(),
        rarely(),
        rarely(),
        rarely(),
        rarely(),
        any::<bool>(),
    );
    (numbers, flags).prop_map(
        |((max_age, s_maxage, age, while_revalidate, if_error), flags)| {
            let (no_store, no_cache, private, public, must_revalidate, vary) = flags;
            Says {
                max_age,
                s_maxage,
                age,
                while_revalidate,
                if_error,
                no_store,
                no_cache,
                private,
                public,
                must_revalidate,
                vary,
            }
        },
    )
}

fn asks() -> impl Strategy<Value = Asks> {
    let limit = || prop::option::weighted(0.2, 0_u64..20);
    (0_u8..3, rarely(), rarely(), limit(), limit(), limit()).prop_map(
        |(foo, authorized, no_cache, max_age, min_fresh, max_stale)| Asks {
            foo,
            authorized,
            no_cache,
            max_age,
            min_fresh,
            max_stale,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u64..15).prop_map(Step::Wait),
        6 => (asks(), says(), rarely()).prop_map(|(asks, says, down)| Step::Get(asks, says, down)),
        1 => any::<bool>().prop_map(Step::Post),
        1 => Just(Step::Change),
    ]
}

impl Says {
    fn fields(&self, tag: u32) -> Vec<(String, String)> {
        let number = |name, value: Option<u64>| value.map(|value| format!("{name}={value}"));
        let flag = |name: &str, set: bool| set.then(|| name.to_owned());
        let control: Vec<_> = [
            number("max-age", self.max_age),
            number("s-maxage", self.s_maxage),
            number("stale-while-revalidate", self.while_revalidate),
            number("stale-if-error", self.if_error),
            flag("no-store", self.no_store),
            flag("no-cache", self.no_cache),
            flag("private", self.private),
            flag("public", self.public),
            flag("must-revalidate", self.must_revalidate),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut fields = vec![
            ("etag", format!("\"{tag}\"")),
            ("cache-control", control.join(", ")),
        ];
        fields.extend(self.age.map(|age| ("age", age.to_string())));
        fields.extend(self.vary.then(|| ("vary", String::from("foo"))));
        let owned = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        owned.collect()
    }

    fn response(&self, status: u16, tag: u32, body: &str) -> Origin {
        let fields = self.fields(tag);
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        origin(status, &fields, body)
    }
}

impl Asks {
    /// Whether a response of this age, fresh for so long, will do.
    fn suits(&self, age: u64, left: u64) -> bool {
        !self.no_cache
            && self.max_age.is_none_or(|most| age <= most)
            && self.min_fresh.is_none_or(|least| left >= least)
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let number = |name, value: Option<u64>| value.map(|value| format!("{name}={value}"));
        let mut control = vec![String::from("x")];
        control.extend(number("max-age", self.max_age));
        control.extend(number("min-fresh", self.min_fresh));
        control.extend(number("max-stale", self.max_stale));
        control.extend(self.no_cache.then(|| String::from("no-cache")));
        let mut fields = vec![
            ("cache-control", control.join(", ")),
            ("foo", self.foo.to_string()),
        ];
        fields.extend(
            self.authorized
                .then(|| ("authorization", String::from("x"))),
        );
        fields
    }
}

impl Given {
    fn age(&self, asks: &Asks, now: u64) -> u64 {
        let at = self.foos.get(&asks.foo).filter(|_| self.says.vary);
        self.says.age.unwrap_or(0) + now - at.unwrap_or(&self.at)
    }

    fn lifetime(&self, shared: bool) -> u64 {
        let s_maxage = self.says.s_maxage.filter(|_| shared);
        s_maxage.or(self.says.max_age).unwrap_or(0)
    }

    fn strict(&self, shared: bool) -> bool {
        self.says.must_revalidate || (shared && self.says.s_maxage.is_some())
    }

    fn storable(&self, shared: bool) -> bool {
        let says = &self.says;
        let public = says.public || self.strict(true);
        !(says.no_store || shared && (says.private || self.authorized && !public))
    }

    /// Whether it may answer without validation.
    fn may_hit(&self, shared: bool, asks: &Asks, now: u64) -> bool {
        let (age, lifetime) = (self.age(asks, now), self.lifetime(shared));
        let left = lifetime.saturating_sub(age);
        let stale = asks.max_stale.filter(|_| !self.strict(shared));
        let usable = age < lifetime || stale.is_some_and(|most| age - lifetime <= most);
        usable && !self.says.no_cache && asks.suits(age, left)
    }

    fn may_be_stale(&self, shared: bool, asks: &Asks, now: u64) -> bool {
        let (age, lifetime) = (self.age(asks, now), self.lifetime(shared));
        let left = lifetime.saturating_sub(age);
        let limited = age >= lifetime
            && match asks.max_stale {
                Some(most) => age - lifetime > most,
                None => asks.max_age.is_some(),
            };
        !self.strict(shared) && !self.says.no_cache && asks.suits(age, left) && !limited
    }
}

struct World {
    cache: Cache,
    shared: bool,
    now: u64,
    version: u32,
    given: HashMap<String, Given>,
    /// Bodies up to this one are invalid.
    invalid: usize,
    /// What answers each `foo`, as far as that is certain.
    latest: HashMap<u8, String>,
}

impl World {
    fn new(shared: bool) -> Self {
        let policy = if shared {
            Policy::shared()
        } else {
            Policy::private()
        };
        Self {
            cache: Cache::new(policy),
            shared,
            now: 0,
            version: 0,
            given: HashMap::new(),
            invalid: 0,
            latest: HashMap::new(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Wait(seconds) => {
                self.now += seconds;
                self.cache.wait(seconds);
            }
            Step::Change => self.version += 1,
            Step::Post(succeeds) => {
                let status = if succeeds { 200 } else { 500 };
                self.cache
                    .get(&request("POST", &[]), &origin(status, &[], ""));
                if succeeds {
                    self.invalid = self.given.len();
                    self.latest.clear();
                }
            }
            Step::Get(asks, says, down) => self.get(asks, says, down),
        }
    }

    fn get(&mut self, asks: Asks, says: Says, down: bool) {
        let fields = asks.fields();
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let request = request("GET", &fields);
        let body = self.given.len().to_string();
        let tag = format!("\"{}\"", self.version);
        let sent = self.cache.would_send(&request);
        let known = sent.get("if-none-match").is_some_and(|tags| {
            let mut tags = tags.to_str().unwrap().split(", ");
            tags.any(|one| one == tag)
        });
        let (status, text) = if known { (304, "") } else { (200, &*body) };
        let says_now = says.response(status, self.version, text);
        let expected = self
            .latest
            .get(&asks.foo)
            .map(|body| self.given[body].clone());
        let answer = self.cache.ask(&request, (!down).then_some(&says_now));
        match answer.how {
            How::Fetched(_) => self.fetched(&asks, &says, body),
            How::Validated => self.validated(&asks, &says, answer.text()),
            _ => {}
        }
        self.judge(&asks, down, &answer);
        if let Some(given) = expected.filter(|_| answer.how != How::Hit) {
            let hit = given.may_hit(self.shared, &asks, self.now);
            assert!(
                !hit || !given.storable(self.shared),
                "not reused: {given:?}"
            );
        }
    }

    /// A response that was stored answers the next request of its kind.
    fn fetched(&mut self, asks: &Asks, says: &Says, body: String) {
        let given = Given {
            says: *says,
            version: self.version,
            authorized: asks.authorized,
            foos: HashMap::from([(asks.foo, self.now)]),
            at: self.now,
        };
        if given.storable(self.shared) {
            self.latest.clear();
            self.latest.insert(asks.foo, body.clone());
        }
        self.given.insert(body, given);
    }

    /// So does one that was validated, and every other of the same bytes that the request selects.
    fn validated(&mut self, asks: &Asks, says: &Says, body: &str) {
        let mut updated = false;
        for (other, given) in &mut self.given {
            let selected = !given.says.vary || given.foos.contains_key(&asks.foo);
            if other != body && !(selected && given.version == self.version) {
                continue;
            }
            let mut newer = Given {
                says: Says {
                    vary: says.vary || given.says.vary,
                    ..*says
                },
                authorized: asks.authorized,
                at: self.now,
                ..given.clone()
            };
            if !given.says.vary {
                newer.foos.clear();
            }
            newer.foos.insert(asks.foo, self.now);
            // What may no longer be stored is not updated, but not used again either; what is not
            // to be stored because of its user alone says nothing about the others.
            let open = Given {
                authorized: false,
                ..newer.clone()
            };
            if newer.storable(self.shared) {
                *given = newer;
                updated |= other == body;
            } else if !open.storable(self.shared) {
                given.says.no_cache = true;
            }
        }
        self.latest.clear();
        if updated {
            self.latest.insert(asks.foo, body.to_owned());
        }
    }

    fn judge(&self, asks: &Asks, down: bool, answer: &Answer) {
        if matches!(answer.how, How::Fetched(_) | How::Failed | How::Refused) {
            return;
        }
        let given = &self.given[answer.text()];
        let (age, lifetime) = (given.age(asks, self.now), given.lifetime(self.shared));
        assert_eq!(answer.field("age"), Some(&*age.to_string()), "{given:?}");
        assert!(answer.text().parse::<usize>().unwrap() >= self.invalid);
        if answer.how == How::Validated {
            return;
        }
        let same = !given.says.vary || given.foos.contains_key(&asks.foo);
        assert!(same, "another variant");
        assert!(given.storable(self.shared), "{given:?}");
        let over = age.saturating_sub(lifetime);
        let stale = given.may_be_stale(self.shared, asks, self.now);
        let allowed = match answer.how {
            How::Hit => given.may_hit(self.shared, asks, self.now),
            How::Stale => stale && given.says.while_revalidate.is_some_and(|most| over < most),
            _ => down && stale && given.says.if_error.is_none_or(|most| over <= most),
        };
        assert!(
            allowed,
            "{:?} of {given:?} for {asks:?} aged {age}",
            answer.how
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_that_is_forbidden_is_served(shared: bool, steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new(shared);
        for step in steps {
            world.take(step);
        }
    }
}
