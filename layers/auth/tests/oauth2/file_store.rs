//! Tokens in files.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use buttress_auth::oauth2::FileStore;
use buttress_auth::{Credential, Stored, Token, TokenSource, TokenStore};
use http::HeaderName;

use crate::support::{guard, hidden, was_told};

/// A folder that is removed at the end of a test. It does not exist at its beginning.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let unique = format!("buttress-oauth2-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(unique));
        let _ = fs::remove_dir_all(&folder.0);
        folder
    }

    fn names(&self) -> Vec<String> {
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|it| name(it.unwrap()))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn token(secret: &str) -> Token {
    Token::new(secret)
        .unwrap()
        .refresh_token("secret-refresh")
        .scope("read")
}

#[tokio::test]
async fn ap29_what_was_set_is_got_until_it_is_removed() {
    let folder = Folder::new("set");
    let store = FileStore::new(folder.0.join("deep/er"));
    assert!(store.get("alice").await.unwrap().is_none());
    store.remove("alice").await.unwrap();

    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    store.set("alice", &token("secret-1")).await.unwrap();
    store
        .set("alice", &token("secret-2").expires_at(end))
        .await
        .unwrap();
    let got = store.get("alice").await.unwrap().unwrap();
    assert_eq!(got.expose(), Some("secret-2"));
    assert_eq!(got.expose_refresh_token(), Some("secret-refresh"));
    assert_eq!(got.scope_text(), Some("read"));
    assert_eq!(got.end(), Some(end));

    store.remove("alice").await.unwrap();
    assert!(store.get("alice").await.unwrap().is_none());
}

#[tokio::test]
async fn what_would_not_be_read_is_not_written() {
    let folder = Folder::new("long");
    let store = FileStore::new(&folder.0);
    let long = |length: usize| Token::new("s".repeat(length)).unwrap();
    store.set("alice", &long(60_000)).await.unwrap();
    let error = store.set("alice", &long(70_000)).await.unwrap_err();
    assert!(!error.is_malformed());
    let kept = store.get("alice").await.unwrap().unwrap();
    assert_eq!(
        kept.expose().unwrap().len(),
        60_000,
        "and the old one stays"
    );
}

#[tokio::test]
async fn keys_that_differ_in_their_letters_size_alone_are_different_files_everywhere() {
    let folder = Folder::new("case");
    let store = FileStore::new(&folder.0);
    let keys = ["alice", "Alice", "ALICE", "%41lice", "é", "É"];
    for (number, key) in keys.iter().enumerate() {
        store
            .set(key, &token(&format!("secret-{number}")))
            .await
            .unwrap();
    }
    let mut names = folder.names();
    names
        .iter_mut()
        .for_each(|name| name.make_ascii_lowercase());
    names.sort();
    names.dedup();
    assert_eq!(names.len(), keys.len(), "{names:?}");
    for (number, key) in keys.iter().enumerate() {
        let secret = format!("secret-{number}");
        assert_eq!(
            store.get(key).await.unwrap().unwrap().expose(),
            Some(&*secret)
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("mode");
    let store = FileStore::new(&folder.0);
    for _ in 0..2 {
        store.set("alice", &token("secret-1")).await.unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.0.join("alice.json")), 0o600);
        assert_eq!(mode(folder.0.clone()), 0o700);
    }
    assert_eq!(folder.names(), ["alice.json"]);
}

#[tokio::test]
async fn no_key_leads_out_of_the_folder_or_to_anothers_file() {
    let folder = Folder::new("keys");
    let store = FileStore::new(folder.0.join("in"));
    let keys = [
        "../out",
        "..",
        "",
        "a/b",
        "a%2Fb",
        "/etc/passwd",
        "ü",
        "a.json",
        "A\0",
    ];
    for key in keys {
        store
            .set(key, &token(&format!("secret-{}", key.len())))
            .await
            .unwrap();
    }
    assert_eq!(folder.names(), ["in"]);
    assert_eq!(
        fs::read_dir(folder.0.join("in")).unwrap().count(),
        keys.len()
    );
    for key in keys {
        let got = store.get(key).await.unwrap().unwrap();
        assert_eq!(got.expose(), Some(&*format!("secret-{}", key.len())));
    }
}

#[tokio::test]
async fn ap29_what_is_no_token_is_warned_about_and_removed() {
    guard();
    for content in [
        "",
        "secret",
        r#"{"access_token":"secret"#,
        r#"{"access_token":7,"token_type":"secret"}"#,
    ] {
        let folder = Folder::new("malformed");
        fs::create_dir(&folder.0).unwrap();
        fs::write(folder.0.join("alice.json"), content).unwrap();
        let store = FileStore::new(&folder.0);
        let error = store.get("alice").await.unwrap_err();
        assert!(error.is_malformed());
        hidden(&error);

        let sign_in = || async { Token::new("secret-new") };
        let token = Stored::new(sign_in, store.clone())
            .key("alice")
            .fetch(None)
            .await
            .unwrap();
        assert_eq!(token.expose(), Some("secret-new"));
        assert_eq!(
            store.get("alice").await.unwrap().unwrap().expose(),
            Some("secret-new")
        );
    }
    assert!(was_told("what=\"get\" malformed=true"));
}

#[tokio::test]
async fn a_file_without_end_is_no_token() {
    let folder = Folder::new("large");
    fs::create_dir(&folder.0).unwrap();
    let text = format!(
        r#"{{"access_token":"secret","token_type":"Bearer"}}{}"#,
        " ".repeat(1 << 20)
    );
    fs::write(
        folder.0.join("alice.json"),
        text.replace("}", &format!("{}}}", " ".repeat(1 << 17))),
    )
    .unwrap();
    assert!(
        FileStore::new(&folder.0)
            .get("alice")
            .await
            .unwrap_err()
            .is_malformed()
    );
}

#[tokio::test]
async fn a_failure_leaves_the_old_token_and_no_draft() {
    let folder = Folder::new("failure");
    let store = FileStore::new(&folder.0);
    store.set("alice", &token("secret-1")).await.unwrap();
    let key = Credential::header(HeaderName::from_static("x-api-key"), "secret-key").unwrap();
    let error = store.set("alice", &Token::from(key)).await.unwrap_err();
    hidden(&error);
    assert_eq!(
        store.get("alice").await.unwrap().unwrap().expose(),
        Some("secret-1")
    );

    // A folder cannot be replaced by a file.
    fs::create_dir(folder.0.join("bob.json")).unwrap();
    let error = store.set("bob", &token("secret-2")).await.unwrap_err();
    assert!(!error.is_malformed());
    hidden(&error);
    assert_eq!(folder.names(), ["alice.json", "bob.json"]);
}

#[tokio::test]
async fn whoever_reads_while_others_write_reads_a_whole_token() {
    let folder = Folder::new("race");
    let store = FileStore::new(&folder.0);
    store.set("alice", &token("secret-0")).await.unwrap();
    let writers: Vec<_> = (0..8)
        .map(|number| {
            let store = store.clone();
            let token = token(&format!("secret-{}", "x".repeat(number * 100)));
            tokio::spawn(async move { store.set("alice", &token).await })
        })
        .collect();
    for _ in 0..20 {
        assert!(store.get("alice").await.unwrap().is_some());
    }
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(folder.names(), ["alice.json"]);
}
