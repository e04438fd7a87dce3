use std::sync::{Mutex, PoisonError};
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
    key: Zeroizing<Vec<u8>>,
}

impl Keys {
    /// The signature of `text` at the time that `stamp` shows.
    pub(super) fn sign(
        &self,
        credentials: &Credentials,
        scope: &Scope,
        (stamp, time): (&Stamp, SystemTime),
        text: &str,
    ) -> String {
        // Nothing runs under the lock that could leave things half done, so poison says nothing.
        let mut daily = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(daily) = daily.as_ref().filter(|daily| daily.day == stamp.day()) {
            return calculate_signature(&*daily.key, text.as_bytes());
        }
        let key = generate_signing_key(credentials.secret(), time, &scope.region, &scope.service);
        let key = Zeroizing::new(key.as_ref().to_vec());
        let signature = calculate_signature(&*key, text.as_bytes());
        let day = stamp.day().to_owned();
        *daily = Some(Daily { day, key });
        signature
    }
}
