//! Bodies on their way in, and what is left of them.

use super::*;
use crate::store::Writer;
use crate::store::suite::write;

const UNDER_WAY: &str = "buttress-cache-1/new";

fn aside(folder: &Folder) -> usize {
    files(&folder.0.join(UNDER_WAY)).len()
}

/// Waits until nothing is aside any more: what is given up is removed in another thread.
async fn tidied(folder: &Folder, disk: &Disk) {
    while aside(folder) > 0 || disk.state.files.bytes_aside() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

fn writer(disk: &Disk, name: &str) -> Box<dyn Writer> {
    disk.writer(&key(name)).expect("it has one")
}

#[tokio::test]
async fn what_is_given_up_leaves_no_file_behind() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let nothing = writer(&disk, "http://a.example/nothing");
    assert_eq!(aside(&folder), 0, "it costs nothing before it is used");
    drop(nothing);
    let one = write(writer(&disk, "http://a.example/1"), "one").await;
    let one = one.expect("a piece");
    assert_eq!(aside(&folder), 1);
    assert_eq!(disk.state.files.bytes_aside(), 3);
    drop(one);
    tidied(&folder, &disk).await;
    let two = write(writer(&disk, "http://a.example/2"), "two").await;
    let two = two.expect("a piece");
    // Nobody waits for the next piece, nor for the end.
    drop(two.write(Bytes::from("more")));
    tidied(&folder, &disk).await;
    let three = write(writer(&disk, "http://a.example/3"), "three").await;
    let three = three.expect("a piece");
    drop(three.finish(variant(3, "three").without_body(), &[]));
    tidied(&folder, &disk).await;
    assert_eq!(files(&folder.0).len(), 0);
    assert_eq!(disk.keys(), 0);
}

#[tokio::test]
async fn what_is_finished_is_moved_and_not_copied() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let all = write(writer(&disk, "http://a.example/"), "body").await;
    let all = all.expect("a piece");
    let number = |path: &Path| fs::metadata(path).expect("a file").ino();
    let before = number(&files(&folder.0.join(UNDER_WAY))[0]);
    let end = all.finish(variant(1, "body").without_body(), &[]);
    end.wait().await.expect("a put");
    assert_eq!(disk.state.files.bytes_aside(), 0);
    let body = files(&folder.0).into_iter().find(|path| is_body(path));
    assert_eq!(number(&body.expect("a body")), before);
}

#[tokio::test]
async fn what_is_longer_than_the_folder_may_be_is_refused_as_soon_as_that_is_known() {
    let folder = Folder::new();
    let disk = Disk::open(&folder.0, 64 << 10).await.expect("it opens");
    let half = "x".repeat(32 << 10);
    let one = write(writer(&disk, "http://a.example/"), &half).await;
    let error = write(one.expect("a piece"), &half).await.err();
    let error = error.expect("it is full").to_string();
    assert!(error.contains("too long"), "{error}");
    tidied(&folder, &disk).await;
}

#[tokio::test]
async fn what_is_aside_takes_no_more_than_the_bound_in_all() {
    let folder = Folder::new();
    let disk = Disk::open(&folder.0, 64 << 10).await.expect("it opens");
    let part = "x".repeat(18 << 10);
    let mut writers = Vec::new();
    for n in 0..3 {
        let writer = write(writer(&disk, &format!("http://a.example/{n}")), &part).await;
        writers.push(writer.expect("a piece"));
    }
    let fourth = write(writer(&disk, "http://a.example/4"), &part).await;
    let error = fourth.err().expect("there is no room").to_string();
    assert!(error.contains("more is on its way"), "{error}");
    let first = writers.remove(0);
    let end = first.finish(variant(1, &part).without_body(), &[]);
    end.wait().await.expect("it is in its place");
    let fourth = write(writer(&disk, "http://a.example/4"), &part).await;
    fourth.expect("there is room again");
    drop(writers);
    tidied(&folder, &disk).await;
}

#[tokio::test]
async fn what_an_ended_process_was_writing_is_removed_at_the_start() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let one = write(writer(&disk, "http://a.example/"), "one").await;
    // As a killed process leaves it: it is not dropped.
    let _one = one.expect("a piece");
    let left = folder.0.join(UNDER_WAY).join("0123456789abcdef");
    fs::write(&left, "left over").expect("it is written");
    assert_eq!(aside(&folder), 2);
    disk.state.files.remove_unfinished().expect("they go");
    assert_eq!(aside(&folder), 0);
}

#[tokio::test]
async fn what_cannot_be_written_fails_at_once() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let aside = folder.0.join(UNDER_WAY);
    fs::remove_dir(&aside).expect("it is empty");
    fs::write(&aside, "in the way").expect("it is written");
    let one = write(writer(&disk, "http://a.example/"), "one").await;
    one.err().expect("it cannot be written");
    assert_eq!(disk.state.files.bytes_aside(), 0);
}
