//! What the tour prints at its end.

use std::collections::BTreeMap;

use buttress::Entry;

use crate::load::End;
use crate::scene::{Played, Run};

/// Prints everything; whether all promises were kept.
pub(crate) fn print(scenes: &[Played]) -> bool {
    comparison(scenes);
    layers(scenes);
    circuits(scenes);
    tokens(scenes);
    trails(scenes);
    promises(scenes)
}

fn comparison(scenes: &[Played]) {
    println!("What became of the calls, with the stack and without:\n");
    println!(
        "{:31} {:>5}   {:-^31}   {:-^31}",
        "", "", " with ", " without "
    );
    let columns = "answered  hung  slowest  requests";
    println!("{:31} {:>5}   {columns}  {columns}", "", "calls");
    for played in scenes {
        let calls = played.with.calls.len();
        let (with, without) = (row(&played.with), row(&played.without));
        println!("{:31} {calls:>5}   {with}  {without}", played.scene.title);
    }
}

fn row(run: &Run) -> String {
    let slowest = format!("{} ms", run.slowest().as_millis());
    format!(
        "{:>8}  {:>4}  {slowest:>7}  {:>8}",
        run.well(),
        run.hung(),
        run.notes.seen
    )
}

/// How often each layer had something to do, from the trails.
fn layers(scenes: &[Played]) {
    let mut did: BTreeMap<(&str, String), (u32, u128)> = BTreeMap::new();
    for entry in entries(scenes) {
        let (times, millis) = did
            .entry((entry.layer(), kind_of(entry.note())))
            .or_default();
        *times += 1;
        *millis += entry.duration().as_millis();
    }
    println!("\nWhat each layer did:\n");
    for ((layer, what), (times, millis)) in did {
        println!("  {layer:15} {what:52} {times:>4} times, {millis:>6} ms in all");
    }
}

/// The states that circuits went through.
fn circuits(scenes: &[Played]) {
    for played in scenes
        .iter()
        .filter(|played| !played.with.circuit.is_empty())
    {
        println!("\nThe circuit in \"{}\":\n", played.scene.title);
        println!("  {}", played.with.circuit.join(" → "));
        let (with, without) = (played.with.notes.down, played.without.notes.down);
        println!(
            "  While it was down, the server got {with} requests; without the stack {without}."
        );
    }
}

/// How often somebody signed in.
fn tokens(scenes: &[Played]) {
    let signed_in = |played: &&Played| played.with.notes.tokens.issued() > 0;
    for played in scenes.iter().filter(signed_in) {
        let (with, calls) = (&played.with.notes.tokens, played.with.calls.len());
        let (issued, rejected) = (with.issued(), with.rejected());
        println!("\nThe tokens in \"{}\":\n", played.scene.title);
        println!(
            "  {issued} sign-ins for {calls} calls; {rejected} calls met a token's end and were sent again."
        );
        let without = played.without.notes.tokens.rejected();
        println!("  Without the stack {without} requests were rejected.");
    }
}

fn entries(scenes: &[Played]) -> impl Iterator<Item = &Entry> {
    let calls = scenes.iter().flat_map(|played| &played.with.calls);
    calls.flat_map(|call| call.trail.entries())
}

/// A note without its numbers, so that like goes to like.
fn kind_of(note: &str) -> String {
    let counts = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let words = note
        .split(' ')
        .map(|word| if counts(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// One call of each scene: the one that had the most to tell.
fn trails(scenes: &[Played]) {
    println!("\nOne call of each scene, as its trail tells it:");
    for played in scenes {
        let calls = played.with.calls.iter();
        let Some(call) = calls.max_by_key(|call| call.trail.entries().len()) else {
            continue;
        };
        let end = match &call.end {
            End::Well => "answered",
            End::Badly(why) => why,
            End::Hung => "hung",
        };
        println!(
            "\n  {}: {end}, {} ms",
            played.scene.title,
            call.took.as_millis()
        );
        for line in call.trail.to_string().lines() {
            println!("    {line}");
        }
    }
}

fn promises(scenes: &[Played]) -> bool {
    println!("\nPromises:\n");
    let mut all = true;
    for played in scenes {
        for promise in played.scene.promises {
            let kept = (promise.kept)(&played.with);
            let mark = if kept { "kept  " } else { "BROKEN" };
            println!("  {mark}  {}: {}", played.scene.title, promise.words);
            all &= kept;
        }
    }
    if !all {
        println!(
            "\nA promise was broken. That is a defect of Buttress: please report this output."
        );
    }
    all
}
