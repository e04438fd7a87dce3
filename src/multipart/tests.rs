use buttress_kernel::Replay;
use http_body::Body as _;
use http_body_util::BodyExt;
use proptest::prelude::*;

use super::*;

async fn sent(form: Multipart) -> (String, String) {
    let (body, content_type) = form.boundary("b").into_parts();
    let bytes = body.unwrap().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    (text, content_type.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn ic25_parts_are_written_one_after_the_other() {
    let form = Multipart::new()
        .text("title", "Sunrise")
        .part("files[0]", Part::bytes(&b"\x01"[..]).file_name("a.bin"))
        .part(
            "files[1]",
            Part::text("x")
                .file_name("b.txt")
                .content_type("text/plain"),
        );
    let (text, content_type) = sent(form).await;
    assert_eq!(content_type, "multipart/form-data; boundary=b");
    assert_eq!(
        text,
        "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nSunrise\r\n\
         --b\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.bin\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n\x01\r\n\
         --b\r\nContent-Disposition: form-data; name=\"files[1]\"; filename=\"b.txt\"\r\n\
         Content-Type: text/plain\r\n\r\nx\r\n--b--\r\n"
    );
}

#[tokio::test]
async fn a_form_without_parts_is_a_form() {
    assert_eq!(sent(Multipart::new()).await.0, "--b--\r\n");
}

#[test]
fn what_lies_in_memory_is_sent_again_for_free() {
    let (body, _) = Multipart::new().text("a", "x".repeat(100_000)).into_parts();
    let body = body.unwrap();
    assert!(body.can_replay());
    assert!(body.as_bytes().is_some());
}

#[test]
fn two_forms_have_two_boundaries() {
    assert_ne!(Multipart::new().boundary, Multipart::new().boundary);
}

#[test]
fn a_malformed_boundary_is_refused() {
    for boundary in ["", "a b", "a\r\nb", "a;b", "a\"b", &"x".repeat(71)] {
        let (body, _) = Multipart::new().boundary(boundary).into_parts();
        assert!(body.is_err(), "{boundary:?}");
    }
}

#[test]
fn a_boundary_of_ones_own_stands_in_no_part() {
    for (text, is_sound) in [
        (
            "hi\r\n--b\r\nContent-Disposition: form-data; name=\"admin\"\r\n\r\ntrue",
            false,
        ),
        ("--b", false),
        ("hi\n--b--", false),
        ("hi\r\n--bc", false),
        ("hi --b", true),
        ("hi\r\n-- b", true),
        ("b", true),
    ] {
        for form in [
            Multipart::new().boundary("b").text("a", text),
            Multipart::new().text("a", text).boundary("b"),
        ] {
            assert_eq!(form.into_parts().0.is_ok(), is_sound, "{text:?}");
        }
        assert!(Multipart::new().text("a", text).into_parts().0.is_ok());
    }
}

fn streamed(text: &'static str) -> Body {
    let frames = text
        .as_bytes()
        .chunks(2)
        .map(|piece| Ok::<_, std::io::Error>(hyper::body::Frame::data(Bytes::from_static(piece))));
    let frames: Vec<_> = frames.collect();
    Body::stream(http_body_util::StreamBody::new(futures_util::stream::iter(
        frames,
    )))
}

#[tokio::test]
async fn streams_are_sent_as_they_come_and_their_length_is_open() {
    let form = Multipart::new().part("a", Part::new(streamed("12345")));
    let (body, _) = form.boundary("b").into_parts();
    let body = body.unwrap();
    assert_eq!(body.size_hint().exact(), None);
    let text = body.collect().await.unwrap().to_bytes();
    assert!(text.ends_with(b"\r\n\r\n12345\r\n--b--\r\n"));
}

proptest! {
    #[test]
    fn no_name_adds_a_line_to_a_part(name in any::<String>(), file_name in any::<String>()) {
        let mut head = String::new();
        Part::text("x").file_name(file_name).write_head(&name, &mut head);
        let (line, rest) = head.split_once("\r\n").unwrap();
        prop_assert_eq!(rest, "Content-Type: application/octet-stream\r\n\r\n");
        prop_assert_eq!(line.matches('"').count(), 4);
        prop_assert!(!line.contains(['\r', '\n']));
    }
}
