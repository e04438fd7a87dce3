//! A token as text, for stores.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::answer::secret;
use crate::Token;
use crate::secret::Secret;

#[derive(Serialize)]
struct Written<'a> {
    access_token: &'a str,
    token_type: &'a str,
    refresh_token: Option<&'a str>,
    scope: Option<&'a str>,
    /// Seconds since 1970.
    expires_at: Option<u64>,
}

#[derive(Deserialize)]
struct Read {
    #[serde(deserialize_with = "secret")]
    access_token: Option<Secret>,
    token_type: String,
    #[serde(default, deserialize_with = "secret")]
    refresh_token: Option<Secret>,
    scope: Option<Box<str>>,
    expires_at: Option<u64>,
}

/// `None` for a token that is not sent in `Authorization`.
pub(super) fn write(token: &Token) -> Option<Zeroizing<Vec<u8>>> {
    let since_1970 = |date: SystemTime| date.duration_since(UNIX_EPOCH).unwrap_or_default();
    let written = Written {
        access_token: token.expose()?,
        token_type: token.scheme_name(),
        refresh_token: token.expose_refresh_token(),
        scope: token.scope_text(),
        expires_at: token.end().map(since_1970).map(|since| since.as_secs()),
    };
    // Six times as long at worst, when every character is escaped.
    let length = written.access_token.len() + written.refresh_token.map_or(0, str::len);
    let room = 6 * (length + written.scope.map_or(0, str::len)) + 256;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *text, &written).ok()?;
    Some(text)
}

/// `None` for what is not a token.
pub(super) fn read(text: &[u8]) -> Option<Token> {
    let read: Read = serde_json::from_slice(text).ok()?;
    let token = Token::new(read.access_token?.as_str()).ok()?;
    let mut token = token.scheme(read.token_type).ok()?;
    if let Some(refresh) = read.refresh_token.filter(|it| !it.as_str().is_empty()) {
        token = token.refresh_token(refresh.as_str());
    }
    if let Some(scope) = read.scope {
        token = token.scope(scope);
    }
    let end = |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    // Beyond what a calendar can say is as good as for ever.
    Some(match read.expires_at.and_then(end) {
        Some(end) => token.expires_at(end),
        None => token,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(
            secret in "[!-~]{1,40}",
            refresh in proptest::option::of(".{1,40}"),
            scope in proptest::option::of(".{0,40}"),
            end in proptest::option::of(0u64..1 << 40),
        ) {
            let mut token = Token::new(secret).unwrap();
            if let Some(refresh) = refresh { token = token.refresh_token(refresh); }
            if let Some(scope) = scope { token = token.scope(scope); }
            if let Some(end) = end { token = token.expires_at(UNIX_EPOCH + Duration::from_secs(end)); }

            let again = read(&write(&token).unwrap()).unwrap();
            prop_assert_eq!(again.expose(), token.expose());
            prop_assert_eq!(again.expose_refresh_token(), token.expose_refresh_token());
            prop_assert_eq!(again.scope_text(), token.scope_text());
            prop_assert_eq!(again.end(), token.end());
            prop_assert_eq!(again.scheme_name(), "Bearer");
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            prop_assert!(read(text.as_bytes()).is_none());
        }
    }

    #[test]
    fn an_end_beyond_every_calendar_is_none() {
        let text = format!(
            r#"{{"access_token":"a","token_type":"Bearer","expires_at":{}}}"#,
            u64::MAX
        );
        assert_eq!(read(text.as_bytes()).unwrap().end(), None);
    }

    #[test]
    fn a_token_that_is_sent_otherwise_is_not_written() {
        let key = crate::Credential::bearer("a").unwrap();
        assert!(write(&Token::from(key)).is_none());
    }
}
