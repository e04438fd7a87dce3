//! What every manifest must say.

use cargo_metadata::{Edition, Package};

use super::workspace;

/// Whether this package may leave the workspace.
fn is_published(package: &Package) -> bool {
    package
        .publish
        .as_ref()
        .is_none_or(|registries| !registries.is_empty())
}

/// What the manifest of a published package lacks.
fn lacks(package: &Package) -> Vec<&'static str> {
    let docs = &package.metadata["docs"]["rs"];
    let rules = [
        ("a description", package.description.is_some()),
        ("a licence", package.license.is_some()),
        ("a rust-version", package.rust_version.is_some()),
        ("a repository", package.repository.is_some()),
        ("keywords", !package.keywords.is_empty()),
        ("categories", !package.categories.is_empty()),
        ("all-features for docs.rs", docs["all-features"] == true),
        ("edition 2024", package.edition == Edition::E2024),
    ];
    let lacking = rules.into_iter().filter(|(_, kept)| !kept);
    lacking.map(|(what, _)| what).collect()
}

/// The package's name as its folder under `layers` gives it.
fn name_by_folder(package: &Package) -> Option<String> {
    let folder = package.manifest_path.parent()?;
    (folder.parent()?.file_name()? == "layers")
        .then(|| folder.file_name().map(|name| format!("buttress-{name}")))?
}

#[test]
fn published_packages_say_what_they_are() {
    let workspace = workspace();
    let published: Vec<_> = workspace
        .packages
        .iter()
        .filter(|p| is_published(p))
        .collect();
    assert!(
        published.iter().any(|package| package.name == "buttress"),
        "{published:?}"
    );

    for package in published {
        let lacking = lacks(package);
        assert!(
            lacking.is_empty(),
            "{} lacks {}",
            package.name,
            lacking.join(", ")
        );
    }
}

#[test]
fn the_testkit_and_the_benches_are_never_published() {
    for name in ["buttress-testkit", "buttress-benches"] {
        let workspace = workspace();
        let package = workspace
            .packages
            .iter()
            .find(|package| package.name == name);
        assert!(
            !is_published(package.expect(name)),
            "{name} would be published"
        );
    }
}

#[test]
fn a_folder_under_layers_gives_its_package_the_name() {
    let workspace = workspace();
    let layers = workspace
        .packages
        .iter()
        .filter_map(|p| Some((p, name_by_folder(p)?)));
    let layers: Vec<_> = layers.collect();
    assert!(layers.len() > 1, "no layers were found");
    for (package, expected) in layers {
        assert_eq!(package.name, expected);
    }
}

#[test]
fn a_bare_cargo_test_sees_every_package_that_is_published() {
    let workspace = workspace();
    let default = workspace.workspace_default_packages();
    for package in workspace
        .packages
        .iter()
        .filter(|package| is_published(package))
    {
        let seen = default.iter().any(|one| one.id == package.id);
        assert!(seen, "default-members leaves {} out", package.name);
    }
}

#[test]
fn what_a_manifest_lacks_is_named() {
    let workspace = workspace();
    let whole = workspace
        .packages
        .iter()
        .find(|package| package.name == "buttress-kernel");
    let whole = whole.expect("the kernel is a package of this workspace");
    let without = |remove: fn(&mut Package)| {
        let mut package = whole.clone();
        remove(&mut package);
        lacks(&package)
    };

    assert_eq!(
        without(|package| package.description = None),
        ["a description"]
    );
    assert_eq!(without(|package| package.license = None), ["a licence"]);
    assert_eq!(
        without(|package| package.rust_version = None),
        ["a rust-version"]
    );
    assert_eq!(
        without(|package| package.repository = None),
        ["a repository"]
    );
    assert_eq!(without(|package| package.keywords.clear()), ["keywords"]);
    assert_eq!(
        without(|package| package.categories.clear()),
        ["categories"]
    );
    assert_eq!(
        without(|package| drop(package.metadata.take())),
        ["all-features for docs.rs"]
    );
    assert_eq!(
        without(|package| package.edition = Edition::E2021),
        ["edition 2024"]
    );
}
