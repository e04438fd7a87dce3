//! What every layer must do, whatever it is for.
//!
//! Each function of this module is one check; [`contract!`](crate::contract!) makes a test of each.
//! A check panics with a message that says what was broken.
//!
//! | file | promises |
//! | --- | --- |
//! | `readiness` | the service that was ready is the one that is called; nothing is reserved idly |
//! | `cancellation` | whatever is dropped, wherever it waits, everything comes back |
//! | `errors` | the reason of a failure can be found behind what the layer returns |
//! | `bodies` | bodies stream, both ways, with their sizes, trailers and errors |
//! | `heads` | methods, URIs, statuses, headers and extensions pass |
//! | `state` | clones, and all services that one layer made, share its state |
//!
//! That a layer compiles under [`Subject::of`] is a check too: its services are `Send` and `Clone`
//! and their futures `Send` when the inner service's are.
//!
//! A layer that waits or refuses only under load does neither here with its usual settings. Give it
//! two contracts: one of the usual settings, and one of settings so tight that it acts (a rate of
//! one a second that waits, a budget of one retry), so that its own queues and timers are dropped
//! too.
//!
//! # What it cannot check
//!
//! - How long a layer waits, and when it gives up: that is what the layer is for.
//! - Races: calls run on one thread, and are dropped between polls, as futures are.
//! - Work that outlives a call and calls nobody, such as a timer in a task of its own.
//! - State that shows neither in a status, nor in a kind of failure, nor in the number of inner calls,
//!   nor in whether there was a wait.
//! - What a layer does with overrides, deadlines, events and metrics.

mod bodies;
mod cancellation;
mod errors;
mod heads;
mod macros;
mod readiness;
mod rig;
mod state;
mod subject;

use std::future::Future;

pub use self::bodies::{
    request_bodies_keep_size_and_trailers, request_bodies_stream,
    request_body_errors_keep_their_source, response_bodies_keep_size_and_trailers,
    response_bodies_stream, response_body_errors_keep_their_source,
};
pub use self::cancellation::{
    a_dropped_call_does_not_stop_another, dropped_calls_give_everything_back,
    dropped_response_bodies_end_inside,
};
pub use self::errors::errors_keep_their_source;
pub use self::heads::{request_heads_pass, response_heads_pass};
pub use self::readiness::{
    an_idle_service_reserves_nothing, an_uncalled_service_reserves_nothing_once_dropped,
    readiness_errors_keep_their_source, readiness_waits_for_the_inner_service,
    the_ready_service_is_the_one_called,
};
pub use self::state::clones_and_siblings_share_state;
pub use self::subject::{Inner, LayerFn, Subject, Tested};

/// Runs a check to its end on a runtime of its own, with time paused.
///
/// # Panics
///
/// If the check does.
pub fn run(check: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime needs nothing that a test lacks")
        .block_on(check);
}
