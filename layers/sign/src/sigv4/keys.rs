use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use zeroize::Zeroizing;

use super::credentials::Credentials;
use super::signer::Scope;
use super::stamp::Stamp;

/// The key of the day, derived when the first request of the day comes.
#[derive(Default)]
pub(super) struct Keys(Mutex<Option<Daily>>);

struct Daily {
    day: String,
    credentials: Credentials,
    key: Key,
}

type Key = Arc<Zeroizing<Vec<u8>>>;

impl Keys {
    /// The signature of `text` at the time that `stamp` shows.
    pub(super) fn sign(
        &self,
        credentials: &Credentials,
        scope: &Scope,
        at: (&Stamp, SystemTime),
        text: &str,
    ) -> String {
        let key = self.of_day(credentials, scope, at);
        calculate_signature(&**key, text.as_bytes())
    }

    /// Under the lock nothing is computed: others are waiting for it.
    fn of_day(
        &self,
        credentials: &Credentials,
        scope: &Scope,
        (stamp, time): (&Stamp, SystemTime),
    ) -> Key {
        let is_right =
            |daily: &&Daily| daily.day == stamp.day() && daily.credentials.has_key_of(credentials);
        if let Some(daily) = self.daily().as_ref().filter(is_right) {
            return Arc::clone(&daily.key);
        }
        let key = generate_signing_key(credentials.secret(), time, &scope.region, &scope.service);
        let key = Arc::new(Zeroizing::new(key.as_ref().to_vec()));
        *self.daily() = Some(Daily {
            day: stamp.day().to_owned(),
            credentials: credentials.clone(),
            key: Arc::clone(&key),
        });
        key
    }

    fn daily(&self) -> MutexGuard<'_, Option<Daily>> {
        // Nothing runs under the lock that could leave things half done, so poison says nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
