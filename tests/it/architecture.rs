//! Dependencies point one way: façade → layers → kernel.
//!
//! Cargo would accept any other edge that is not a circle, and by the time somebody notices, a
//! layer cannot be used alone any more. So the rules are written down as functions over what
//! `cargo metadata` says, each shown to refuse a wrong workspace, and run on the real one.

mod edges;
mod manifests;

use cargo_metadata::{Metadata, MetadataCommand};

/// What the manifests of this workspace declare; nothing is resolved, so no network is needed.
fn workspace() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo can read the manifests of this workspace")
}
