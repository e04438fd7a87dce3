use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use tower_layer::Layer;

use super::algorithm::Hash;
use super::answer::Credentials;
use super::pending::{May, Outcome};
use super::service::Digest;
use super::session::{Realms, Ticket, Used};
use crate::digest::challenge::Challenge;
use crate::{InvalidSettings, Origin, Secret};

/// Answers Digest challenges ([RFC 7616](https://www.rfc-editor.org/rfc/rfc7616)) with a user name and a
/// password, and signs later requests to the same origin ahead of being asked.
///
/// Clones and all services of a layer share what they have learned: a challenge is answered once, and
/// each request after it has a count of its own.
///
/// | setting | default |
/// | --- | --- |
/// | [`origin`](Self::origin) | the one that the layer was made with |
/// | [`refuse_md5`](Self::refuse_md5) | no: MD5 is answered where nothing better is offered |
/// | [`cnonce`](Self::cnonce) | 192 random bits in Base64 |
#[derive(Clone)]
pub struct DigestLayer {
    shared: Arc<Shared>,
}

/// What all services of a layer have in common.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) credentials: Credentials,
    places: Vec<Place>,
    pub(super) weakest: Hash,
    cnonce: Arc<dyn Fn() -> String + Send + Sync>,
}

/// An origin, and what is known of it.
#[derive(Clone)]
struct Place {
    origin: Origin,
    realms: Arc<Mutex<Realms>>,
}

impl Place {
    fn new(origin: Origin) -> Self {
        let realms = Arc::default();
        Self { origin, realms }
    }

    fn realms(&self) -> MutexGuard<'_, Realms> {
        // Nothing runs under the lock that could leave things half done, so poison says nothing.
        self.realms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DigestLayer {
    /// Answers challenges of this origin. It has to be named: an answer lets whoever asked for it try
    /// passwords at leisure.
    ///
    /// # Errors
    ///
    /// If the name is empty, or has a control character or a colon in it.
    pub fn new(
        origin: Origin,
        user: &str,
        password: impl Into<Secret>,
    ) -> Result<Self, InvalidSettings> {
        if user.is_empty() || user.contains(|c: char| c == ':' || c.is_control()) {
            return Err(InvalidSettings::new(
                "a user's name is not empty and has neither a colon nor a control character in it",
            ));
        }
        let credentials = Credentials {
            user: user.to_owned(),
            password: password.into(),
        };
        let shared = Shared {
            credentials,
            places: vec![Place::new(origin)],
            weakest: Hash::Md5,
            cnonce: Arc::new(random),
        };
        let shared = Arc::new(shared);
        Ok(Self { shared })
    }

    /// Answers challenges of this origin too, with the same name and password.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        Arc::make_mut(&mut self.shared)
            .places
            .push(Place::new(origin));
        self
    }

    /// Answers no challenge that wants MD5, which is broken; such a 401 is the answer then.
    #[must_use]
    pub fn refuse_md5(mut self) -> Self {
        Arc::make_mut(&mut self.shared).weakest = Hash::Sha256;
        self
    }

    /// Where the client's nonces come from: text without quotes and backslashes that nobody can guess.
    #[must_use]
    pub fn cnonce(mut self, generator: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.shared).cnonce = Arc::new(generator);
        self
    }
}

fn random() -> String {
    let mut bytes = [0; 24];
    // Without random numbers the nonce is the same each time, and the server's own still differs.
    let _ = SystemRandom::new().fill(&mut bytes);
    STANDARD_NO_PAD.encode(bytes)
}

impl Shared {
    /// Which of the origins a URI belongs to.
    pub(super) fn place_of(&self, uri: &http::Uri) -> Option<usize> {
        self.places.iter().position(|place| place.origin.holds(uri))
    }

    pub(super) fn origins(&self) -> impl Iterator<Item = &Origin> + Clone {
        self.places.iter().map(|place| &place.origin)
    }

    /// The right to answer ahead of being asked, if something is known of the origin.
    pub(super) fn draw(&self, place: usize) -> Option<Ticket> {
        self.places[place].realms().draw(|| (self.cnonce)())
    }

    /// Learns from a challenge. Returns the right to answer it, whatever others learn meanwhile, if an
    /// answer may help.
    pub(super) fn challenged(
        &self,
        place: usize,
        used: Option<&Used>,
        asked: Challenge,
        may: May,
    ) -> Result<Ticket, Outcome> {
        let cnonce = (self.cnonce)();
        let mut realms = self.places[place].realms();
        let helps = realms.challenged(used, asked, may == May::NotAgain, cnonce);
        match may {
            May::NotAgain => Err(Outcome::Rejected),
            _ if !helps => Err(Outcome::Rejected),
            May::Never => Err(Outcome::Unrepeatable),
            May::Once => realms.draw(|| (self.cnonce)()).ok_or(Outcome::Unrepeatable),
        }
    }

    pub(super) fn accepted(&self, place: usize, used: &Used, next: Option<String>) {
        self.places[place].realms().accepted(used, next);
    }

    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins: Vec<_> = self.origins().collect();
        f.debug_struct(name)
            .field("origins", &origins)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for DigestLayer {
    type Service = Digest<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Digest::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for DigestLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.debug("DigestLayer", f)
    }
}
