//! Bodies while they are read.

use super::*;

#[tokio::test]
async fn a_piece_waits_for_its_turn_but_not_for_ever() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let key = key("http://a.example/");
    put(&disk, &key, variant(1, &"long ".repeat(100_000))).await;
    let body = disk.body(&key, 1, 0..500_000).wait().await;
    let body = body.expect("a body").expect("it is there");
    let everybody = u32::try_from(READERS).expect("not many");
    let all = Arc::clone(&disk.readers)
        .acquire_many_owned(everybody)
        .await;
    tokio::time::pause();
    let error = body.collect().await.expect_err("others read all the time");
    assert_eq!(error.to_string(), "the disk did not answer within 10s");
    drop(all);
}

#[tokio::test]
async fn a_body_under_way_survives_its_response() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let key = key("http://a.example/");
    let text = "long ".repeat(100_000);
    put(&disk, &key, variant(1, &text)).await;
    let body = disk.body(&key, 1, 0..500_000).wait().await;
    let body = body.expect("a body").expect("it is there");
    assert_eq!(http_body::Body::size_hint(&body).exact(), Some(500_000));
    invalidate(&disk, Selector::All).await;
    let read = body.collect().await.expect("a body").to_bytes();
    assert!(read == text);
}

#[tokio::test]
async fn a_body_that_is_cut_short_while_it_is_read_fails() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let key = key("http://a.example/");
    put(&disk, &key, variant(1, &"long ".repeat(100_000))).await;
    let body = disk.body(&key, 1, 0..500_000).wait().await;
    let body = body.expect("a body").expect("it is there");
    let file = files(&folder.0).into_iter().find(|file| is_body(file));
    let file = fs::OpenOptions::new()
        .write(true)
        .open(file.expect("a file"));
    file.expect("a file").set_len(200_000).expect("it is cut");
    let error = body.collect().await.expect_err("it is cut short");
    assert!(error.to_string().contains("cut short"), "{error}");
}
