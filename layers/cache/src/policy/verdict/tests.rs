use super::*;
use crate::policy::model::{get, origin, secs, start, stored};

fn life(wishes: &Wishes, after: Duration) -> Life {
    let says = origin(200, &[("cache-control", "max-age=60"), ("age", "10")], "x");
    let head = stored(&Policy::private(), &get(&[]), &says).unwrap();
    Life::of(wishes, &head, head.freshness.resident(start() + after))
}

#[test]
fn freshness_is_what_the_age_leaves_of_the_lifetime() {
    let life = |seconds| life(&Wishes::default(), secs(seconds));
    assert_eq!(life(0), Life::Left(secs(50)));
    assert_eq!(life(49), Life::Left(secs(1)));
    assert_eq!(life(50), Life::Over(secs(0)));
    assert_eq!(life(57), Life::Over(secs(7)));
}

#[test]
fn a_wished_lifetime_begins_with_the_arrival() {
    let wishes = Wishes {
        fresh_for: Some(secs(30)),
        ..Wishes::default()
    };
    assert_eq!(life(&wishes, secs(0)), Life::Left(secs(30)));
    assert_eq!(life(&wishes, secs(37)), Life::Over(secs(7)));
}

#[test]
fn what_is_left_is_told_in_whole_seconds() {
    let ttl = |millis| life(&Wishes::default(), Duration::from_millis(millis)).ttl();
    assert_eq!([ttl(0), ttl(1), ttl(50_000), ttl(57_999)], [50, 49, 0, -7]);
    assert_eq!(Life::Left(Duration::MAX).ttl(), i64::MAX);
    assert_eq!(Life::Over(Duration::MAX).ttl(), -i64::MAX);
}
