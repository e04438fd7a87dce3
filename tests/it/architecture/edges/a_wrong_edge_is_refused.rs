//! Each rule, with an edge made up to break it.

use cargo_metadata::DependencyKind::{self, Build, Development, Normal};

use super::{Edge, broken_rule};

fn edge(package: &str, dependency: &str, kind: DependencyKind) -> Edge {
    Edge {
        package: package.to_owned(),
        dependency: dependency.to_owned(),
        kind,
        versioned: true,
    }
}

fn path(package: &str, dependency: &str, kind: DependencyKind) -> Edge {
    Edge {
        versioned: false,
        ..edge(package, dependency, kind)
    }
}

fn refused(rule: &str, edges: impl IntoIterator<Item = Edge>) {
    for edge in edges {
        assert_eq!(broken_rule(&edge), Some(rule), "{edge}");
    }
}

fn allowed(edges: impl IntoIterator<Item = Edge>) {
    for edge in edges {
        assert_eq!(broken_rule(&edge), None, "{edge}");
    }
}

#[test]
fn from_anyone_to_the_benches() {
    let everyone = [
        "buttress",
        "buttress-kernel",
        "buttress-retry",
        "buttress-testkit",
    ];
    let edges = everyone.map(|package| path(package, "buttress-benches", Development));
    refused("nothing depends on the benches", edges);
}

#[test]
fn from_the_kernel_to_anything_of_ours() {
    let ours = ["buttress", "buttress-retry", "buttress-testkit"];
    let rule = "the kernel depends on nothing of ours";
    refused(rule, ours.map(|name| edge("buttress-kernel", name, Normal)));
    refused(
        rule,
        ours.map(|name| path("buttress-kernel", name, Development)),
    );
}

#[test]
fn from_the_kernel_to_a_runtime_outside_of_tests() {
    let runtimes = ["tokio", "tower"];
    let rule = "the kernel has no runtime";
    refused(
        rule,
        runtimes.map(|name| edge("buttress-kernel", name, Normal)),
    );
    refused(
        rule,
        runtimes.map(|name| edge("buttress-kernel", name, Build)),
    );
    allowed(runtimes.map(|name| edge("buttress-kernel", name, Development)));
}

#[test]
fn from_the_kernel_to_a_transport() {
    let rule = "the kernel does no I/O";
    refused(rule, [edge("buttress-kernel", "hyper", Normal)]);
    allowed([edge("buttress-kernel", "http", Normal)]);
}

#[test]
fn from_a_layer_to_a_layer() {
    let edges =
        [Normal, Development, Build].map(|kind| edge("buttress-retry", "buttress-timeout", kind));
    refused("a layer knows no other layer", edges);
}

#[test]
fn from_a_layer_to_the_facade() {
    let edges = [Normal, Development, Build].map(|kind| edge("buttress-retry", "buttress", kind));
    refused("a layer does not know the façade", edges);
}

#[test]
fn from_a_layer_to_a_transport() {
    let transports = ["hyper", "hyper-util", "hyper-rustls"];
    refused(
        "a layer knows no transport",
        [edge("buttress-cache", "axum", Normal)],
    );
    allowed([edge("buttress-cache", "axum", Development)]);
    for kind in [Normal, Development] {
        let edges = transports.map(|name| edge("buttress-cache", name, kind));
        refused("a layer knows no transport", edges);
    }
    allowed(transports.map(|name| edge("buttress", name, Normal)));
}

#[test]
fn to_the_testkit_outside_of_tests() {
    for package in ["buttress", "buttress-retry"] {
        let to_testkit = |kind| path(package, "buttress-testkit", kind);
        let edges = [Normal, Build].map(to_testkit);
        refused("the testkit serves tests alone", edges);
        allowed([to_testkit(Development)]);
    }
}

#[test]
fn to_the_testkit_with_a_version() {
    let rule = "the testkit is a path alone, or publishing would be a circle";
    refused(
        rule,
        [edge("buttress-retry", "buttress-testkit", Development)],
    );
}

#[test]
fn from_the_testkit_to_anything_but_the_kernel() {
    let edges =
        ["buttress", "buttress-retry"].map(|name| edge("buttress-testkit", name, Development));
    refused("the testkit knows the kernel alone", edges);
    allowed([edge("buttress-testkit", "buttress-kernel", Normal)]);
}

#[test]
fn between_published_packages_without_a_version() {
    let rule = "what is published names the versions of what it needs";
    refused(rule, [path("buttress", "buttress-retry", Normal)]);
    refused(rule, [path("buttress-retry", "buttress-kernel", Normal)]);
    allowed([path("buttress-benches", "buttress-retry", Normal)]);
}

#[test]
fn from_a_package_of_a_strange_name() {
    let edges = ["buttress-retry", "http"].map(|name| edge("helpers", name, Normal));
    refused("a package of this workspace is named after it", edges);
}

#[test]
fn to_a_peer_outside_of_the_benches() {
    let peers = [
        "tower-resilience-core",
        "reqwest-retry",
        "http-cache-tower",
        "governor",
    ];
    for package in [
        "buttress",
        "buttress-kernel",
        "buttress-cache",
        "buttress-testkit",
    ] {
        let edges = peers.map(|peer| edge(package, peer, Development));
        refused("peers stay in the benches", edges);
    }
    allowed(peers.map(|peer| edge("buttress-benches", peer, Normal)));
}

#[test]
fn to_a_peer_that_is_asked_what_is_right() {
    allowed([edge("buttress-rate-limit", "governor", Development)]);
    let others = [
        edge("buttress-rate-limit", "governor", Normal),
        edge("buttress-rate-limit", "failsafe", Development),
    ];
    refused("peers stay in the benches", others);
}
