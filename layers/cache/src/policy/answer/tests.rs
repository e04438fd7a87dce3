use std::time::Duration;

use http::HeaderValue;

use super::age;

#[test]
fn every_age_is_written_as_a_number() {
    for seconds in (0..12_000).chain([99_999, 1 << 31]) {
        let written = age(Duration::from_secs(seconds));
        assert_eq!(written, HeaderValue::from(seconds));
    }
    assert_eq!(age(Duration::from_millis(1_999)), "1");
    assert_eq!(age(Duration::MAX), "2147483648");
}
