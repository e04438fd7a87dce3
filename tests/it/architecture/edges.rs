//! Who may depend on whom.

mod a_wrong_edge_is_refused;

use std::fmt;

use cargo_metadata::{DependencyKind, Package, semver::VersionReq};

use super::workspace;

/// One line of a manifest's dependencies.
#[derive(Clone, Debug)]
struct Edge {
    package: String,
    dependency: String,
    kind: DependencyKind,
    /// Whether the line names a version; one that does not is a path alone.
    versioned: bool,
}

impl Edge {
    fn all_of(package: &Package) -> impl Iterator<Item = Self> {
        package.dependencies.iter().map(|dependency| Self {
            package: package.name.to_string(),
            dependency: dependency.name.clone(),
            kind: dependency.kind,
            versioned: dependency.req != VersionReq::STAR,
        })
    }

    fn is_for_tests(&self) -> bool {
        self.kind == DependencyKind::Development
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {} ({})", self.package, self.dependency, self.kind)
    }
}

/// The part that a package plays; the name alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Facade,
    Layer,
    Kernel,
    Testkit,
    Benches,
    Foreign,
}

impl Part {
    fn of(package: &str) -> Self {
        match package {
            "buttress" => Self::Facade,
            "buttress-kernel" => Self::Kernel,
            "buttress-testkit" => Self::Testkit,
            "buttress-benches" => Self::Benches,
            name if name.starts_with("buttress-") => Self::Layer,
            _ => Self::Foreign,
        }
    }
}

/// What moves bytes or serves requests: a layer stands over any of them and so knows none.
const TRANSPORTS: [&str; 6] = [
    "axum",
    "hyper",
    "hyper-rustls",
    "hyper-util",
    "reqwest",
    "tonic",
];

/// What waits or polls: the kernel's functions take the time as an argument instead.
const RUNTIMES: [&str; 6] = [
    "async-std",
    "futures-executor",
    "smol",
    "tokio",
    "tokio-util",
    "tower",
];

/// What we are measured against, by the beginning of its name.
const PEERS: [&str; 7] = [
    "failsafe",
    "governor",
    "http-cache",
    "recloser",
    "reqwest",
    "tower-resilience",
    "tower_governor",
];

/// Peers that a layer's tests ask what is right. None of their code is measured or published with it.
const ORACLES: [(&str, &str); 1] = [("buttress-rate-limit", "governor")];

/// The rule that this edge breaks, if it breaks one.
fn broken_rule(edge: &Edge) -> Option<&'static str> {
    let (from, to) = (Part::of(&edge.package), Part::of(&edge.dependency));
    by_parts(edge, from, to)
        .or_else(|| by_version(edge, from, to))
        .or_else(|| by_name(edge, from))
}

fn by_parts(edge: &Edge, from: Part, to: Part) -> Option<&'static str> {
    use Part::{Benches, Facade, Foreign, Kernel, Layer, Testkit};
    match (from, to) {
        (_, Benches) => Some("nothing depends on the benches"),
        (Foreign, _) => Some("a package of this workspace is named after it"),
        (_, Foreign) | (Benches, _) => None,
        (Kernel, _) => Some("the kernel depends on nothing of ours"),
        (_, Kernel) => None,
        (Facade | Layer, Testkit) if edge.is_for_tests() => None,
        (_, Testkit) => Some("the testkit serves tests alone"),
        (Layer, Layer) => Some("a layer knows no other layer"),
        (Layer, Facade) => Some("a layer does not know the façade"),
        (Testkit, _) => Some("the testkit knows the kernel alone"),
        (Facade, Layer) => None,
        (Facade, Facade) => Some("a package does not depend on itself"),
    }
}

fn by_version(edge: &Edge, from: Part, to: Part) -> Option<&'static str> {
    match to {
        Part::Foreign => None,
        Part::Testkit => edge
            .versioned
            .then_some("the testkit is a path alone, or publishing would be a circle"),
        _ if matches!(from, Part::Benches) || edge.versioned => None,
        _ => Some("what is published names the versions of what it needs"),
    }
}

fn by_name(edge: &Edge, from: Part) -> Option<&'static str> {
    let name = edge.dependency.as_str();
    let is_oracle = edge.is_for_tests() && ORACLES.contains(&(edge.package.as_str(), name));
    let is_peer = !is_oracle && PEERS.iter().any(|peer| name.starts_with(peer));
    // A layer that works on the server side, too, is tested under the router it is meant for.
    let is_router = edge.is_for_tests() && name == "axum";
    match from {
        Part::Benches | Part::Foreign => None,
        _ if is_peer => Some("peers stay in the benches"),
        Part::Layer if TRANSPORTS.contains(&name) && !is_router => {
            Some("a layer knows no transport")
        }
        Part::Kernel if TRANSPORTS.contains(&name) => Some("the kernel does no I/O"),
        Part::Kernel if RUNTIMES.contains(&name) && !edge.is_for_tests() => {
            Some("the kernel has no runtime")
        }
        _ => None,
    }
}

#[test]
fn dependencies_point_from_facade_to_layers_to_kernel() {
    let workspace = workspace();
    let edges: Vec<_> = workspace.packages.iter().flat_map(Edge::all_of).collect();
    let ours = |edge: &&Edge| Part::of(&edge.dependency) != Part::Foreign;
    assert!(
        edges.iter().filter(ours).count() > 3,
        "no edges were read: {edges:?}"
    );

    let broken: Vec<_> = edges
        .iter()
        .filter_map(|edge| Some(format!("{edge}: {}", broken_rule(edge)?)))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
