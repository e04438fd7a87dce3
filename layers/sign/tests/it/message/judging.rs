//! Which signatures a receiver accepts, and what hostile ones come to.

use std::time::Duration;

use buttress_kernel::{Failure, Kind};
use buttress_sign::message::{
    Algorithm, Component, Message, Policy, SignatureParams, SigningKey, VerifyingKey, verify,
};
use buttress_sign::{Reason, Unverified};
use http::request::Parts;
use http::{HeaderValue, Request};
use proptest::prelude::*;

use super::{CREATED, at, keys, shared};
use crate::support::head;

fn key() -> SigningKey {
    SigningKey::hmac_sha256(shared()).unwrap()
}

fn know_all(_: &SignatureParams) -> Option<VerifyingKey> {
    Some(key().verifying_key())
}

/// A request with a right signature over the method, whatever else its input says.
fn signed(input: &str) -> Parts {
    let list = input.split_once('=').map_or(input, |(_, list)| list);
    let base = format!("\"@method\": GET\n\"@signature-params\": {list}");
    let mac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &shared());
    let tag = ring::hmac::sign(&mac, base.as_bytes());
    let tag = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, tag);
    fields(
        input,
        &format!("{}=:{tag}:", input.split('=').next().unwrap()),
    )
}

fn fields(input: &str, signature: &str) -> Parts {
    let request = Request::get("https://a.example/")
        .header("signature-input", input)
        .header("signature", signature);
    head(request.body(()).unwrap())
}

fn policy() -> Policy {
    Policy::new([]).unwrap()
}

fn judge(head: &Parts, policy: &Policy, now: u64) -> Result<SignatureParams, Reason> {
    let verdict = verify(&Message::request(head), know_all, policy, at(now));
    verdict.map_err(|error: Unverified| error.reason())
}

fn verdict(input: &str, policy: &Policy, now: u64) -> Result<(), Reason> {
    judge(&signed(input), policy, now).map(|_| ())
}

const PLAIN: &str = r#"a=("@method");created=1618884473"#;

#[test]
fn a_signature_says_what_it_says() {
    let input = r#"a=("@method");created=1618884473;expires=1618884500;keyid="k";alg="hmac-sha256";nonce="n";tag="t""#;
    let params = judge(&signed(input), &policy(), CREATED).unwrap();
    assert_eq!(params.label(), "a");
    assert_eq!(params.components(), [Component::method()]);
    assert_eq!(params.created(), Some(at(CREATED)));
    assert_eq!(params.expires(), Some(at(1_618_884_500)));
    assert_eq!(params.key_id(), Some("k"));
    assert_eq!(params.algorithm(), Some("hmac-sha256"));
    assert_eq!(params.nonce(), Some("n"));
    assert_eq!(params.tag(), Some("t"));
}

#[test]
fn a_signature_is_good_for_its_time() {
    let policy = policy()
        .max_age(Duration::from_secs(100))
        .skew(Duration::from_secs(10));
    let at = |input, now| verdict(input, &policy, now);
    assert_eq!(at(PLAIN, CREATED + 110), Ok(()));
    assert_eq!(at(PLAIN, CREATED + 111), Err(Reason::Expired));
    assert_eq!(at(PLAIN, CREATED - 10), Ok(()));
    assert_eq!(at(PLAIN, CREATED - 11), Err(Reason::NotYetValid));

    let ending = r#"a=("@method");created=1618884473;expires=1618884493"#;
    assert_eq!(at(ending, CREATED + 30), Ok(()));
    assert_eq!(at(ending, CREATED + 31), Err(Reason::Expired));
    let backwards = r#"a=("@method");created=1618884473;expires=1618884472"#;
    assert_eq!(at(backwards, CREATED), Err(Reason::Malformed));
    let distant = r#"a=("@method");created=-999999999999999"#;
    assert_eq!(at(distant, CREATED), Err(Reason::Expired));
    let future = r#"a=("@method");created=999999999999999"#;
    assert_eq!(at(future, CREATED), Err(Reason::NotYetValid));
}

#[test]
fn the_usual_policy_allows_five_minutes_and_thirty_seconds() {
    assert_eq!(verdict(PLAIN, &policy(), CREATED + 330), Ok(()));
    assert_eq!(
        verdict(PLAIN, &policy(), CREATED + 331),
        Err(Reason::Expired)
    );
    assert_eq!(verdict(PLAIN, &policy(), CREATED - 30), Ok(()));
    assert_eq!(
        verdict(PLAIN, &policy(), CREATED - 31),
        Err(Reason::NotYetValid)
    );
}

#[test]
fn what_a_policy_requires_must_be_there() {
    let none = r#"a=("@method")"#;
    let insufficient = Err(Reason::Insufficient);
    assert_eq!(verdict(none, &policy(), CREATED), insufficient);
    assert_eq!(
        verdict(none, &policy().require_created(false), CREATED),
        Ok(())
    );
    assert_eq!(
        verdict(PLAIN, &policy().require_expires(true), CREATED),
        insufficient
    );
    assert_eq!(
        verdict(PLAIN, &policy().require_nonce(true), CREATED),
        insufficient
    );
    let all = r#"a=("@method");created=1618884473;expires=1618884474;nonce="n""#;
    let strict = policy().require_expires(true).require_nonce(true);
    assert_eq!(verdict(all, &strict, CREATED), Ok(()));

    let method = Policy::new([Component::method()]).unwrap();
    assert_eq!(verdict(PLAIN, &method, CREATED), Ok(()));
    let path = Policy::new([Component::method(), Component::path()]).unwrap();
    assert_eq!(verdict(PLAIN, &path, CREATED), insufficient);
    let of_request = Policy::new([Component::method().req()]).unwrap();
    assert_eq!(verdict(PLAIN, &of_request, CREATED), insufficient);
}

#[test]
fn label_and_tag_choose_the_signature() {
    assert_eq!(verdict(PLAIN, &policy().label("a"), CREATED), Ok(()));
    assert_eq!(
        verdict(PLAIN, &policy().label("b"), CREATED),
        Err(Reason::Missing)
    );
    assert_eq!(
        verdict(PLAIN, &policy().tag("t"), CREATED),
        Err(Reason::Missing)
    );
    let tagged = r#"a=("@method");created=1618884473;tag="t""#;
    assert_eq!(verdict(tagged, &policy().tag("t"), CREATED), Ok(()));
    assert_eq!(
        verdict(tagged, &policy().tag("u"), CREATED),
        Err(Reason::Missing)
    );
}

#[test]
fn a_key_is_good_for_its_own_algorithm_alone() {
    let claims = r#"a=("@method");created=1618884473;alg="ed25519""#;
    assert_eq!(verdict(claims, &policy(), CREATED), Err(Reason::UnknownKey));
    let only = policy().algorithms([Algorithm::Ed25519]);
    assert_eq!(verdict(PLAIN, &only, CREATED), Err(Reason::UnknownKey));

    // The trap of other formats: a public key, which everybody knows, taken for a shared secret.
    let public = |_: &SignatureParams| VerifyingKey::ed25519(keys::ED25519_PUBLIC).ok();
    let head = signed(PLAIN);
    let error = verify(&Message::request(&head), public, &policy(), at(CREATED)).unwrap_err();
    assert_eq!(error.reason(), Reason::Mismatch);
    let nobody = |_: &SignatureParams| None;
    let error = verify(&Message::request(&head), nobody, &policy(), at(CREATED)).unwrap_err();
    assert_eq!(error.reason(), Reason::UnknownKey);
    assert_eq!(Failure::of(&error).kind(), Kind::Unauthenticated);
}

#[test]
fn unknown_parameters_of_a_signature_are_covered_too() {
    let input = r#"a=("@method");created=1618884473;new=?0"#;
    assert_eq!(verdict(input, &policy(), CREATED), Ok(()));
    let mut head = signed(input);
    head.headers
        .insert("signature-input", HeaderValue::from_static(PLAIN));
    assert_eq!(judge(&head, &policy(), CREATED), Err(Reason::Mismatch));
}

#[test]
fn hostile_inputs_are_malformed() {
    let many = |count: usize| {
        let names: Vec<_> = (0..count).map(|n| format!("\"x-{n}\"")).collect();
        format!("a=({});created=1618884473", names.join(" "))
    };
    for input in [
        r#"a=("@method" "@method");created=1618884473"#,
        r#"a=("@method" "@method";req "@method";req);created=1618884473"#,
        r#"a=("x";key="a";sf "x";sf;key="a");created=1618884473"#,
        r#"a=("@method";unknown);created=1618884473"#,
        r#"a=("@unknown");created=1618884473"#,
        r#"a=("X-Upper");created=1618884473"#,
        r#"a=("@method");created="1618884473""#,
        r#"a=("@method");created=1618884473.5"#,
        r#"a=("@method");created=1618884473;keyid=k"#,
        r#"a=("@method");created=1618884473;nonce=:AAAA:"#,
        r#"a=(1 2)"#,
        r#"a=(@method)"#,
        r#"a="@method""#,
        "a",
        "a=(",
        "=",
        "\u{7f}",
        &many(65),
    ] {
        let Ok(value) = HeaderValue::from_str(input) else {
            continue;
        };
        let mut head = fields("a", "a=:AAAA:");
        head.headers.insert("signature-input", value);
        assert_eq!(
            judge(&head, &policy(), CREATED),
            Err(Reason::Malformed),
            "{input}"
        );
    }
    let most = fields(&many(64), "a=:AAAA:");
    assert_eq!(
        judge(&most, &policy(), CREATED),
        Err(Reason::Malformed),
        "no such fields"
    );
}

#[test]
fn signatures_and_inputs_belong_together() {
    for (input, signature, reason) in [
        (PLAIN, "b=:AAAA:", Reason::Missing),
        (PLAIN, "a=1", Reason::Malformed),
        (PLAIN, "a=(:AAAA:)", Reason::Malformed),
        (PLAIN, "a=:A", Reason::Malformed),
        (PLAIN, "a=::", Reason::Mismatch),
        ("", "a=:AAAA:", Reason::Missing),
    ] {
        let head = fields(input, signature);
        assert_eq!(
            judge(&head, &policy(), CREATED),
            Err(reason),
            "{input} {signature}"
        );
    }
    let none = head(Request::get("/").body(()).unwrap());
    assert_eq!(judge(&none, &policy(), CREATED), Err(Reason::Missing));
}

#[test]
fn fields_without_end_are_not_looked_at() {
    let padded = |length: usize| format!("{PLAIN};pad=\"{}\"", "a".repeat(length));
    assert_eq!(verdict(&padded(16_000), &policy(), CREATED), Ok(()));
    let long = padded(16_400);
    assert_eq!(verdict(&long, &policy(), CREATED), Err(Reason::Malformed));
}

#[test]
fn of_many_signatures_eight_are_looked_at() {
    let tried = std::cell::Cell::new(0);
    let inputs: Vec<_> = (0..20)
        .map(|n| format!("a{n}=();created=1618884473"))
        .collect();
    let signatures: Vec<_> = (0..20).map(|n| format!("a{n}=:AAAA:")).collect();
    let head = fields(&inputs.join(", "), &signatures.join(", "));
    let keys = |_: &SignatureParams| {
        tried.set(tried.get() + 1);
        know_all(&judge(&signed(PLAIN), &policy(), CREATED).unwrap())
    };
    let error = verify(&Message::request(&head), keys, &policy(), at(CREATED)).unwrap_err();
    assert_eq!((error.reason(), tried.get()), (Reason::Mismatch, 8));
}

#[test]
fn signatures_for_other_applications_do_not_count_as_looked_at() {
    let ours = r#"a=("@method");created=1618884473;tag="ours""#;
    let mut head = signed(ours);
    let signature = head.headers["signature"].to_str().unwrap().to_owned();
    let others = |rest: &str| (0..8).map(|n| format!("z{n}={rest}, ")).collect::<String>();
    let join = |text: String| HeaderValue::try_from(text).unwrap();
    let theirs = others(r#"("@method");created=1618884473;tag="theirs""#) + &others("1");
    let inputs = join(theirs + ours);
    let signatures = join(others(":AAAA:") + &signature);
    head.headers.insert("signature-input", inputs);
    head.headers.insert("signature", signatures);
    assert!(judge(&head, &policy().tag("ours"), CREATED).is_ok());
}

proptest! {
    #[test]
    fn no_received_message_makes_a_receiver_panic(
        input in r#"[a-c]=\(("@?[a-z-]{1,12}"( |;[a-z]{2,4})?){0,3}\)(;(created|expires|keyid|alg)=("?[a-z0-9]{1,12}"?)){0,3}|.{0,40}"#,
        signature in "[a-c]=:[A-Za-z0-9+/=]{0,12}:|.{0,20}",
        now in 0_u64..4_000_000_000,
    ) {
        let mut head = head(Request::get("/").body(()).unwrap());
        for (name, value) in [("signature-input", input), ("signature", signature)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                head.headers.insert(name, value);
            }
        }
        prop_assert!(judge(&head, &policy(), now).is_err());
    }
}
