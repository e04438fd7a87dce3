//! What status codes mean to a cache.

use http::StatusCode;

/// Whether a response of this status may be reused without saying for how long (RFC 9110 §15.1).
pub(super) const fn heuristically_cacheable(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501
    )
}

/// Whether this cache knows what a status means for caching (RFC 9111 §3, §5.2.2.3): those of
/// RFC 9110 and RFC 6585 that have no rule of their own which it would break.
pub(super) const fn understood(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200..=206 | 300..=305 | 307 | 308 | 400..=417 | 421 | 422 | 426 | 428 | 429 | 431 | 500..=505 | 511
    )
}

/// Whether a status answers the request's preconditions or range, not its URI: such a response says nothing to
/// a request without them.
pub(super) const fn answers_conditions(status: StatusCode) -> bool {
    matches!(status.as_u16(), 304 | 412 | 416)
}

/// Whether the origin failed in a way that a stale response may hide (RFC 5861 §4).
pub(super) const fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}

/// Whether a full response of this status says what the resource is now. The others speak of the
/// request, of part of the response, or of a bad moment.
pub(super) fn is_about_the_resource(status: StatusCode) -> bool {
    !status.is_server_error()
        && !matches!(
            status.as_u16(),
            206 | 304 | 401 | 407 | 408 | 412 | 416 | 425 | 429
        )
}

/// Whether a response of this status speaks of the request that brought it, or of a bad moment, so that
/// others may well be answered otherwise.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    !is_about_the_resource(status) || matches!(status.as_u16(), 400 | 431)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(rule: impl Fn(StatusCode) -> bool) -> Vec<u16> {
        (100..=999)
            .filter(|code| rule(StatusCode::from_u16(*code).unwrap()))
            .collect()
    }

    #[test]
    fn statuses_that_may_be_reused_by_guess() {
        assert_eq!(
            all(heuristically_cacheable),
            [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]
        );
    }

    #[test]
    fn statuses_without_a_meaning_are_not_understood() {
        let understood = all(understood);
        for code in [200, 204, 206, 302, 307, 404, 416, 429, 431, 500, 503, 511] {
            assert!(understood.contains(&code), "{code}");
        }
        for code in [199, 299, 306, 309, 418, 499, 512, 599, 999] {
            assert!(!understood.contains(&code), "{code}");
        }
    }

    #[test]
    fn statuses_that_answer_conditions() {
        assert_eq!(all(answers_conditions), [304, 412, 416]);
    }

    #[test]
    fn statuses_that_leave_a_stored_response_as_it_is() {
        let others = all(|code| !is_about_the_resource(code));
        let expected = [206, 304, 401, 407, 408, 412, 416, 425, 429];
        assert_eq!(
            others,
            expected.into_iter().chain(500..=599).collect::<Vec<u16>>()
        );
    }

    #[test]
    fn statuses_that_say_nothing_of_what_others_are_given() {
        let expected = [206, 304, 400, 401, 407, 408, 412, 416, 425, 429, 431];
        let expected = expected.into_iter().chain(500..=599);
        assert_eq!(all(is_passing), expected.collect::<Vec<u16>>());
    }

    #[test]
    fn statuses_that_a_stale_response_may_hide() {
        assert_eq!(all(is_failure), [500, 502, 503, 504]);
    }
}
