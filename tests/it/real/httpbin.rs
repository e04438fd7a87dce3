//! httpbin: methods, bodies, encodings, redirects, compression, cookies.

use std::collections::BTreeMap;

use buttress::redirect::{Policy, Reason};
use buttress::{Client, ClientBuilder, Credential};
use buttress_testkit::peer::Peer;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// What httpbin heard.
#[derive(Debug, Deserialize)]
struct Heard {
    method: Option<String>,
    url: String,
    args: BTreeMap<String, Value>,
    headers: BTreeMap<String, String>,
    #[serde(default)]
    form: BTreeMap<String, Value>,
    #[cfg(feature = "multipart")]
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    data: String,
    #[serde(default)]
    json: Value,
}

fn start(settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Option<(Client, Peer)> {
    let peer = Peer::python("httpbin")?;
    let builder = Client::builder().base_uri(peer.base());
    Some((settings(builder).build().unwrap(), peer))
}

#[tokio::test]
async fn ic16_every_method_arrives_as_itself() {
    let Some((client, _peer)) = start(|b| b) else {
        return;
    };
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
        let request = client.request(method.parse().unwrap(), "/anything/a%2Fb?x=1&x=2&y=%26");
        let heard: Heard = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(heard.method.as_deref(), Some(method));
        assert_eq!(heard.args["x"], json!(["1", "2"]));
        assert_eq!(heard.args["y"], "&");
        assert!(heard.url.contains("/anything/a"), "{}", heard.url);
    }
    let head = client.head("/get").send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), head.bytes().await.unwrap().len()),
        (200, 0)
    );
    let options = client
        .request(Method::OPTIONS, "/get")
        .send()
        .await
        .unwrap();
    assert!(options.headers()["allow"].to_str().unwrap().contains("GET"));
}

#[tokio::test]
async fn w55_ic17_what_a_value_holds_is_read_back_as_it_was() {
    let Some((client, _peer)) = start(|b| b) else {
        return;
    };
    for value in ["a b&c=d", "%2520", "ä/ö?#", "+", "..;", "%00"] {
        let request = client.get("/anything{?value}").path("value", value);
        let heard: Heard = request
            .query(&[("again", value)])
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(heard.args["value"], value);
        assert_eq!(heard.args["again"], value);
    }
}

#[tokio::test]
async fn ic19_sp11_each_kind_of_body_is_understood() {
    let Some((client, _peer)) = start(|b| b) else {
        return;
    };
    let post = || client.post("/post");
    let heard = async |request: buttress::RequestBuilder| -> Heard {
        request.send().await.unwrap().json().await.unwrap()
    };
    let json = heard(post().json(&json!({"a": [1, null]}))).await;
    assert_eq!(json.json, json!({"a": [1, null]}));
    let form = heard(post().form(&[("a", "1 &"), ("b", "ä")])).await;
    assert_eq!(
        (&form.form["a"], &form.form["b"]),
        (&json!("1 &"), &json!("ä"))
    );
    assert_eq!(heard(post().text("plain")).await.data, "plain");
}

#[cfg(feature = "multipart")]
#[tokio::test]
async fn ic25_several_files_and_fields_arrive_in_one_form() {
    use buttress::{Multipart, Part};

    let Some((client, _peer)) = start(|b| b) else {
        return;
    };
    let form = Multipart::new()
        .text("title", "ä \"quoted\"")
        .part("files[0]", Part::new("one").file_name("1.txt"))
        .part("files[1]", Part::new("two").file_name("2.txt"));
    let heard: Heard = client
        .post("/post")
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(heard.form["title"], "ä \"quoted\"");
    assert_eq!(
        (&*heard.files["files[0]"], &*heard.files["files[1]"]),
        ("one", "two")
    );
}

#[tokio::test]
async fn ic60_text_is_read_in_its_charset() {
    let Some((client, _peer)) = start(|b| b) else {
        return;
    };
    let text = client
        .get("/encoding/utf8")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(text.contains("STARGΛ̊TE"), "{text}");
    let error = client
        .get("/html")
        .send()
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap_err();
    assert!(
        error.is_decode()
            && error
                .decode_error()
                .unwrap()
                .body()
                .starts_with(b"<!DOCTYPE")
    );
}

#[tokio::test]
async fn bq28_every_status_has_its_kind() {
    let Some((client, _peer)) = start(|b| b.retry(None)) else {
        return;
    };
    for (status, code) in [
        (400, "validation"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not-found"),
        (409, "conflict"),
        (418, "client"),
        (429, "throttled"),
        (503, "server"),
        (304, "status"),
    ] {
        let request = client.get("/status/{status}").path("status", status);
        let error = request
            .send()
            .await
            .unwrap()
            .json::<Value>()
            .await
            .unwrap_err();
        assert_eq!(
            (error.status().unwrap().as_u16(), error.code()),
            (status, code)
        );
    }
}

#[tokio::test]
async fn ap31_redirects_relative_and_absolute_are_followed_to_the_end() {
    let Some((client, peer)) = start(|b| b.redirects(Policy::limited(5))) else {
        return;
    };
    for path in [
        "/redirect/5",
        "/relative-redirect/5",
        "/absolute-redirect/5",
    ] {
        let response = client.get(path).send().await.unwrap();
        assert_eq!(response.uri(), &*format!("{}/get", peer.base()), "{path}");
        let error = client
            .get(path)
            .redirects(Policy::limited(4))
            .send()
            .await
            .unwrap_err();
        let refused = error
            .failure()
            .find::<buttress::redirect::NotFollowed>()
            .unwrap();
        assert_eq!(refused.reason(), Reason::TooMany);
    }
    assert_eq!(
        client
            .get("/redirect/1")
            .redirects(Policy::none())
            .send()
            .await
            .unwrap()
            .status(),
        302
    );
}

#[tokio::test]
async fn redirects_change_methods_as_a_real_server_sees_them() {
    let Some((client, _peer)) = start(|b| b.redirects(Policy::limited(2))) else {
        return;
    };
    for (status, method, then, data) in [
        (301, "POST", "GET", ""),
        (302, "POST", "GET", ""),
        (303, "PUT", "GET", ""),
        (307, "POST", "POST", "hello"),
        (308, "PATCH", "PATCH", "hello"),
        (302, "PUT", "PUT", "hello"),
    ] {
        let request = client.request(method.parse().unwrap(), "/redirect-to");
        let request = request.query(&[("url", "/anything"), ("status_code", &status.to_string())]);
        let heard: Heard = request
            .text("hello")
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(
            (heard.method.as_deref(), &*heard.data),
            (Some(then), data),
            "{status} {method}"
        );
        assert_eq!(heard.headers.contains_key("Content-Type"), !data.is_empty());
    }
}

#[tokio::test]
async fn w57_credentials_do_not_follow_a_redirect_to_another_port() {
    let Some(other) = Peer::python("httpbin") else {
        return;
    };
    let Some((client, _peer)) = start(|b| {
        b.redirects(Policy::limited(2))
            .credentials(Credential::bearer("s3cret").unwrap())
            .cookie("session", "s3cret")
    }) else {
        return;
    };
    let to = |url: String| {
        client
            .get("/redirect-to")
            .query(&[("url", url)])
            .header("x-own", "s3cret")
    };
    let elsewhere = to(other.url("/headers")).send().await.unwrap();
    assert!(!elsewhere.text().await.unwrap().contains("s3cret"));
    let here = to("/headers".into())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(here.matches("s3cret").count(), 3, "{here}");
}

#[tokio::test]
async fn cookies_are_those_of_the_client_and_a_servers_are_its_own() {
    let Some((client, _peer)) = start(|b| b.cookie("mine", "1").redirects(Policy::limited(1)))
    else {
        return;
    };
    let set = client.get("/cookies/set?theirs=2");
    let set = set.redirects(Policy::none()).send().await.unwrap();
    assert!(
        set.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .starts_with("theirs=2")
    );
    let seen: Value = client
        .get("/cookies/set?theirs=2")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        seen,
        json!({"cookies": {"mine": "1"}}),
        "there is no jar that nobody asked for"
    );
}

#[cfg(all(
    feature = "gzip",
    feature = "br",
    feature = "deflate",
    feature = "zstd"
))]
#[tokio::test]
async fn compressed_answers_are_unpacked() {
    let Some((client, _peer)) = start(|b| b.decompression(true)) else {
        return;
    };
    for (path, mark) in [
        ("/gzip", "gzipped"),
        ("/deflate", "deflated"),
        ("/brotli", "brotli"),
    ] {
        let response = client.get(path).send().await.unwrap();
        assert!(
            !response.headers().contains_key("content-encoding"),
            "{path}"
        );
        let seen: Value = response.json().await.unwrap();
        assert_eq!(seen[mark], true, "{path}");
        assert_eq!(
            seen["headers"]["Accept-Encoding"],
            "zstd, br, gzip, deflate"
        );
        let raw = client
            .get(path)
            .header("accept-encoding", "identity")
            .send()
            .await
            .unwrap();
        assert!(raw.headers().contains_key("content-encoding"), "{path}");
    }
}

#[cfg(feature = "fs")]
#[tokio::test]
async fn ic61_the_name_that_a_server_suggests_is_used_safely() {
    let Some((client, _peer)) = start(|b| b) else {
        return;
    };
    let suggested = "attachment; filename=\"../../x.json\"";
    let response = client
        .get("/response-headers")
        .query(&[("content-disposition", suggested)]);
    let response = response.send().await.unwrap();
    assert_eq!(response.file_name().as_deref(), Some("x.json"));
}
