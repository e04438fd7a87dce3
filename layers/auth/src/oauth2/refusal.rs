use serde_json::Value;

/// As many characters of a server's text are kept.
const LONGEST: usize = 1024;

/// Codes that say the same however often one asks: those of RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5
/// and RFC 8693 §2.2.2.
const FINAL: [&str; 10] = [
    "access_denied",
    "expired_token",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
];

/// Codes that are a matter of time.
const PASSING: [&str; 4] = [
    "authorization_pending",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
];

/// What a server says when it refuses
/// ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
pub(super) struct Refusal {
    code: Box<str>,
    description: Option<Box<str>>,
    uri: Option<Box<str>>,
}

impl Refusal {
    /// `None` if this is no code: it must be text, and not empty.
    pub(super) fn new(code: &str, description: Option<&str>, uri: Option<&str>) -> Option<Self> {
        Some(Self {
            code: clean(code)?,
            description: description.and_then(clean),
            uri: uri.and_then(clean),
        })
    }

    pub(super) fn of_json(code: &Value, description: &Value, uri: &Value) -> Option<Self> {
        Self::new(code.as_str()?, description.as_str(), uri.as_str())
    }

    pub(super) fn code(&self) -> &str {
        &self.code
    }

    pub(super) fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    pub(super) fn uri(&self) -> Option<&str> {
        self.uri.as_deref()
    }

    pub(super) fn is_final(&self) -> bool {
        FINAL.contains(&self.code())
    }

    pub(super) fn is_passing(&self) -> bool {
        PASSING.contains(&self.code())
    }

    /// The code, if it is one that an RFC names: any other text may be anything, a secret too.
    pub(super) fn name(&self) -> &'static str {
        let mut known = FINAL.iter().chain(&PASSING);
        known
            .find(|known| **known == self.code())
            .unwrap_or(&"a code of the server's own")
    }
}

/// A server's text, without what could forge a line of a log or fill it.
fn clean(text: &str) -> Option<Box<str>> {
    let fine = text.chars().filter(|char| !char.is_control());
    let fine: String = fine.take(LONGEST).collect();
    (!fine.trim().is_empty()).then(|| fine.into_boxed_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_kept_without_control_characters_and_cut() {
        let long = "ü".repeat(5_000);
        let refusal = Refusal::new("own_code", Some("a\r\nb\u{1b}[31m"), Some(&long)).unwrap();
        assert_eq!(refusal.code(), "own_code");
        assert_eq!(refusal.description(), Some("ab[31m"));
        assert_eq!(refusal.uri().unwrap().chars().count(), LONGEST);
    }

    #[test]
    fn an_empty_code_is_none() {
        assert!(Refusal::new("\n", None, None).is_none());
        assert!(Refusal::of_json(&Value::from(7), &Value::Null, &Value::Null).is_none());
    }

    #[test]
    fn only_codes_of_an_rfc_have_a_name() {
        let name = |code| Refusal::new(code, None, None).unwrap().name();
        assert_eq!(name("invalid_grant"), "invalid_grant");
        assert_eq!(name("slow_down"), "slow_down");
        assert_eq!(name("tGzv3JOkF0XG5Qx2TlKWIA"), "a code of the server's own");
    }
}
