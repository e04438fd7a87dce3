//! What a service remembers, so that it need not look a circuit up for each call.

use std::ptr;
use std::sync::Arc;

use http::Uri;
use http::uri::Authority;

use crate::circuit::Circuit;
use crate::registry::Registry;
use crate::sight::Sight;

/// A circuit as one call holds it.
pub(crate) enum Hold {
    /// The call is none of the breaker's business.
    Nothing,
    Circuit(Arc<Circuit>),
    Seat(Arc<Seat>),
}

/// A service's own reference to a circuit. Calls of several services through one circuit would all
/// count up and down in the same place; through its seat each does so in its own.
#[repr(align(128))]
pub(crate) struct Seat(Arc<Circuit>);

impl Hold {
    #[inline(always)]
    pub(crate) fn circuit(&self) -> Option<&Circuit> {
        match self {
            Self::Nothing => None,
            Self::Circuit(circuit) => Some(circuit),
            Self::Seat(seat) => Some(&seat.0),
        }
    }
}

/// An authority as it stood in an URI. To find the key in it costs more than all else that a closed
/// circuit does, and the same text leads to the same key.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    scheme: Known,
    authority: Authority,
}

/// The schemes that matter to an authority, since they have a port of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Http,
    Https,
    Other,
}

impl Place {
    fn of(uri: &Uri, authority: &Authority) -> Self {
        Self {
            scheme: Known::of(uri),
            authority: authority.clone(),
        }
    }

    #[inline(always)]
    fn fits(&self, uri: &Uri, authority: &Authority) -> bool {
        // Not `==`, which would take capitals for the same. URIs made from one another share their
        // text, which need not be read then.
        let (ours, theirs) = (self.authority.as_str(), authority.as_str());
        (ptr::eq(ours, theirs) || ours == theirs) && self.scheme == Known::of(uri)
    }
}

impl Known {
    #[inline(always)]
    fn of(uri: &Uri) -> Self {
        match uri.scheme_str() {
            Some("https") => Self::Https,
            Some("http") => Self::Http,
            _ => Self::Other,
        }
    }
}

/// The circuit that a service used last.
#[derive(Default)]
pub(crate) struct Cache {
    last: Option<Last>,
    /// The same for the layer's first circuit, which the registry remembers.
    first: Uses,
}

struct Last {
    circuit: Arc<Circuit>,
    place: Option<Place>,
    uses: Uses,
}

/// A circuit that was remembered, not held yet.
pub(crate) struct Found<'a>(&'a Arc<Circuit>, &'a mut Uses);

impl Found<'_> {
    /// What the service has seen of the circuit, if that is so still.
    #[inline(always)]
    pub(crate) fn sight(&self) -> Option<Sight> {
        self.1.seen.filter(|seen| seen.glance == self.0.glance())
    }

    /// The same where the time of each call is taken: apart, so that nobody else has to ask.
    pub(crate) fn timed_sight(&self) -> Option<Sight> {
        self.1.timed.filter(|seen| seen.glance == self.0.glance())
    }

    /// Looks anew.
    pub(crate) fn look(&mut self) {
        let (seen, timed) = (self.0.look(), self.0.rules().slow.is_some());
        self.1.seen = seen.filter(|_| !timed);
        self.1.timed = seen.filter(|_| timed);
    }

    #[inline(always)]
    pub(crate) fn hold(self) -> Hold {
        self.1.hold(self.0)
    }
}

/// How often a service has used one circuit, and its seat if that is often.
#[derive(Default)]
pub(crate) struct Uses {
    count: u32,
    seat: Option<Arc<Seat>>,
    /// What the circuit showed when the service looked last.
    seen: Option<Sight>,
    timed: Option<Sight>,
}

/// A service that uses the same circuit so often is worth a seat; a clone for one call is not.
const OFTEN: u32 = 4;

impl Cache {
    /// The circuit of this authority, if this service used it last or the layer first.
    #[inline(always)]
    pub(crate) fn at_place<'a>(
        &'a mut self,
        registry: &'a Registry,
        uri: &Uri,
        authority: &Authority,
    ) -> Option<Found<'a>> {
        if let Some((place, circuit)) = registry.first.get()
            && place.fits(uri, authority)
        {
            return Some(Found(circuit, &mut self.first));
        }
        let last = self.last.as_mut()?;
        let place = last.place.as_ref()?;
        let found = Found(&last.circuit, &mut last.uses);
        place.fits(uri, authority).then_some(found)
    }

    /// Remembers where a circuit was found.
    #[cold]
    pub(crate) fn learn_place(
        &mut self,
        registry: &Registry,
        uri: &Uri,
        authority: &Authority,
        circuit: Arc<Circuit>,
    ) -> Hold {
        let place = Place::of(uri, authority);
        let first = registry
            .first
            .get_or_init(|| (place.clone(), Arc::clone(&circuit)));
        if first.0.fits(uri, authority) {
            return self.first.hold(&circuit);
        }
        self.learn(circuit, Some(place))
    }

    /// The circuit of this key, if this service used it last.
    #[inline(always)]
    pub(crate) fn by_key(&mut self, key: &str) -> Option<Found<'_>> {
        let last = self.last.as_mut()?;
        let found = Found(&last.circuit, &mut last.uses);
        (found.0.key().as_str() == key).then_some(found)
    }

    /// Remembers a circuit.
    #[cold]
    pub(crate) fn learn(&mut self, circuit: Arc<Circuit>, place: Option<Place>) -> Hold {
        let mut uses = Uses::default();
        let hold = uses.hold(&circuit);
        self.last = Some(Last {
            circuit,
            place,
            uses,
        });
        hold
    }
}

impl Uses {
    #[inline(always)]
    fn hold(&mut self, circuit: &Arc<Circuit>) -> Hold {
        match &self.seat {
            Some(seat) => Hold::Seat(Arc::clone(seat)),
            None => self.take_seat(circuit),
        }
    }

    #[cold]
    fn take_seat(&mut self, circuit: &Arc<Circuit>) -> Hold {
        self.count += 1;
        if self.count >= OFTEN {
            self.seat = Some(Arc::new(Seat(Arc::clone(circuit))));
        }
        Hold::Circuit(Arc::clone(circuit))
    }
}
