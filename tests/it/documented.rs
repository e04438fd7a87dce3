//! What the documents list is what there is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Each feature of the manifest, and whether it is on by default. `decompression` is no choice of
/// its own: the encodings switch it on.
fn features_of_the_manifest() -> BTreeMap<String, bool> {
    let manifest = file("Cargo.toml");
    let table = manifest.split_once("\n[features]\n").unwrap().1;
    let lines = table.lines().take_while(|line| !line.starts_with('['));
    let mut defaults = "";
    let mut found = BTreeMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(" = ")) {
        match name {
            "default" => defaults = value,
            "decompression" => {}
            _ => _ = found.insert(name.to_owned(), defaults.contains(&format!("\"{name}\""))),
        }
    }
    found
}

/// The features that a table with the columns feature, default and meaning has, in the same form.
fn features_of_the_table(document: &str) -> BTreeMap<String, bool> {
    let rows = document.lines().map(|line| line.trim_start_matches("//! "));
    let rows = rows
        .skip_while(|line| !line.starts_with("| feature |"))
        .skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .flat_map(|row| {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let default = cells[2] == "yes";
            cells[1]
                .split(", ")
                .map(move |name| (name.trim_matches('`').to_owned(), default))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_readme_lists_every_feature_and_no_other() {
    assert_eq!(
        features_of_the_table(&file("README.md")),
        features_of_the_manifest()
    );
}

#[test]
fn the_documentation_lists_every_feature_and_no_other() {
    assert_eq!(
        features_of_the_table(&file("src/lib.rs")),
        features_of_the_manifest()
    );
}
