//! How the pieces fit, and why.
//!
//! Seven chapters, to be read in any order. Every piece of code in them is run by the tests.
//!
//! | chapter | answers |
//! | --- | --- |
//! | [`architecture`] | what the parts are, who may know whom, where state lives |
//! | [`ordering`] | which layer goes outside which, and what changes when two are swapped |
//! | [`calls`] | what becomes of values, answers, pages and failures |
//! | [`decisions`] | what our words and numbers mean where others differ, and why |
//! | `axum` (with the feature of that name) | how a client lives in a server: state, errors, what is forwarded, gateways |
//! | `testing` (with the feature of that name) | how to test code that uses a client |
//! | [`writing_a_layer`] | how to write one of your own that keeps every promise that ours keep |

#[doc = include_str!("guide/architecture.md")]
pub mod architecture {}

#[doc = include_str!("guide/ordering.md")]
pub mod ordering {}

#[doc = include_str!("guide/calls.md")]
pub mod calls {}

#[doc = include_str!("guide/decisions.md")]
pub mod decisions {}

#[cfg(all(feature = "axum", feature = "json"))]
#[doc = include_str!("guide/axum.md")]
pub mod axum {}

#[cfg(feature = "testing")]
#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/writing_a_layer.md")]
pub mod writing_a_layer {}
