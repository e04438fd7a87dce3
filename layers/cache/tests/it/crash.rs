//! A process that is killed while it writes, again and again, and what the next one finds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use buttress_cache::{CacheLayer, Change, Handle};
use buttress_testkit::{Step, channel};
use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;

use crate::stores::Folder;
use crate::support::*;

const FOLDER: &str = "BUTTRESS_CACHE_TEST_FOLDER";
const ROUND: &str = "BUTTRESS_CACHE_TEST_ROUND";

/// As many write at the same time, each some of the keys.
const WRITERS: u64 = 4;
const KEYS: u64 = 24;
const ROUNDS: u64 = 25;

/// A body that tells which one it is, and whether it is whole.
fn body(key: u64, version: u64) -> Bytes {
    let mut random = fastrand::Rng::with_seed(key << 32 | version);
    let length = match random.u32(..4) {
        0 => random.usize(..10),
        1 | 2 => random.usize(..20_000),
        _ => random.usize(..400_000),
    };
    let mut bytes = format!("{key} {version} ").into_bytes();
    bytes.extend(std::iter::repeat_with(|| random.u8(..)).take(length));
    bytes.into()
}

fn key(handle: &Handle, key: u64) -> buttress_cache::store::Key {
    handle.uri(&format!("http://api.example/{key}").parse().unwrap())
}

/// Stores a response that comes in frames, and goes to the disk as it comes.
async fn fetch(layer: &CacheLayer, number: u64, version: u64) {
    let (sender, frames) = channel();
    let whole = body(number, version);
    for frame in whole.chunks(10_000) {
        sender.data(Bytes::copy_from_slice(frame));
    }
    drop(sender);
    let step = Step::ok().header("cache-control", "max-age=1000000");
    let (service, _) = over(layer, [step.body(frames)]);
    let anew = with(get(&format!("/{number}")), "cache-control", "no-cache");
    let (key, mut changes) = (key(&layer.handle(), number), layer.handle().changes());
    let answer = head(&service, anew).await.unwrap();
    answer.into_body().collect().await.unwrap();
    // Not before it is told of: until then, what comes next may make it out of date.
    while changes.next().await != Some(Change::Stored(key.clone())) {}
}

async fn write(layer: CacheLayer, round: u64, writer: u64) {
    let handle = layer.handle();
    let mut random = fastrand::Rng::with_seed(round << 8 | writer);
    for version in (round + 1) << 32.. {
        let number = random.u64(..KEYS / WRITERS) * WRITERS + writer;
        let key = key(&handle, number);
        let how = random.u32(..5);
        let version = if how == 0 { 0 } else { version };
        println!("try {number} {version}");
        match how {
            0 => drop(handle.invalidate(&key).await),
            1 | 2 => fetch(&layer, number, version).await,
            _ => {
                let response = Response::new(body(number, version));
                assert!(handle.set(&key, response, seconds(1_000_000)).await);
            }
        }
        println!("done {number} {version}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that is killed, started by the test below"]
async fn the_one_that_writes() {
    let (layer, round) = of_the_environment().await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(layer.clone(), round, writer)))
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn of_the_environment() -> (CacheLayer, u64) {
    let folder = std::env::var_os(FOLDER).unwrap();
    let round: u64 = std::env::var(ROUND).unwrap().parse().unwrap();
    let disk = buttress_cache::store::Disk::open(folder, 1 << 30)
        .await
        .unwrap();
    let layer = CacheLayer::private()
        .store(disk)
        .store_timeout(seconds(60))
        .unwrap();
    (layer, round)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that is killed, started by the test below"]
async fn the_one_that_clears() {
    let (layer, round) = of_the_environment().await;
    let handle = layer.handle();
    let mut random = fastrand::Rng::with_seed(round);
    for version in (round + 1) << 32.. {
        if random.u32(..40) > 0 {
            let number = random.u64(..KEYS);
            println!("try {number} {version}");
            let response = Response::new(body(number, version));
            assert!(
                handle
                    .set(&key(&handle, number), response, seconds(1_000_000))
                    .await
            );
            println!("done {number} {version}");
            continue;
        }
        (0..KEYS).for_each(|number| println!("try {number} 0"));
        handle.clear().await;
        (0..KEYS).for_each(|number| println!("done {number} 0"));
    }
}

/// What may be found under a key: what was there last, or what was on its way. 0 is nothing.
type May = BTreeMap<u64, BTreeSet<u64>>;

/// Starts a process that writes, and kills it after so many lines.
fn kill_after(folder: &Folder, who: &str, round: u64, lines: usize, may: &mut May) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", who, "--nocapture"])
        .env(FOLDER, &folder.0)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let (mut line, mut seen) = (String::new(), 0);
    loop {
        line.clear();
        if out.read_line(&mut line).unwrap() == 0 {
            break;
        }
        let words: Vec<_> = line.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        match words.first() {
            Some(&"try") => {
                may.entry(number(1)).or_default().insert(number(2));
            }
            Some(&"done") => {
                may.insert(number(1), [number(2)].into());
            }
            _ => continue,
        }
        seen += 1;
        if seen == lines {
            // SIGKILL. What it said before is read on to the end.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(seen >= lines, "it ended by itself after {seen} lines");
}

/// Opens the folder, and looks at every key; what is there is all that may be there later.
async fn look(folder: &Folder, may: &mut May) -> usize {
    let disk = folder.open().await;
    let layer = CacheLayer::private()
        .store(disk.clone())
        .store_timeout(seconds(60))
        .unwrap();
    let handle = layer.handle();
    let mut there = 0;
    for (number, versions) in may {
        let found = match handle.get(&key(&handle, *number)).await {
            None => 0,
            Some(response) => {
                let bytes = response.into_body();
                let text = String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).into_owned();
                let mut words = text.split(' ').map(str::parse::<u64>);
                assert_eq!(words.next(), Some(Ok(*number)), "the key's own");
                let version = words.next().unwrap().unwrap();
                assert!(bytes == body(*number, version), "{number}: torn");
                there += 1;
                version
            }
        };
        assert!(
            versions.contains(&found),
            "{number}: {found}, and not of {versions:?}"
        );
        *versions = [found].into();
    }
    disk.searched().await;
    assert_eq!(disk.keys(), there);
    let cleared = folder.0.join("buttress-cache-1/cleared");
    while cleared.exists() && count_files(&cleared) > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    there
}

fn count_files(folder: &std::path::Path) -> usize {
    // A folder may be removed just now.
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .map(|path| if path.is_dir() { count_files(&path) } else { 1 })
        .sum()
}

async fn kill(who: &str, seed: u64) {
    let folder = Folder::new();
    let mut random = fastrand::Rng::with_seed(seed);
    // Before the first write nothing is there.
    let mut may: May = (0..KEYS).map(|key| (key, [0].into())).collect();
    let mut found = 0;
    for round in 0..ROUNDS {
        kill_after(&folder, who, round, random.usize(1..120), &mut may);
        let there = look(&folder, &mut may).await;
        assert_eq!(
            count_files(&folder.0),
            2 * there + 1,
            "with the lock, and no leftovers"
        );
        found += there;
    }
    assert!(found > 100, "{found} were found in all rounds");
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_writes_loses_what_was_on_its_way_alone() {
    kill("crash::the_one_that_writes", 9).await;
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_clears_loses_nothing_that_came_after() {
    kill("crash::the_one_that_clears", 10).await;
}
