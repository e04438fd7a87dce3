//! What every store must do. A store's own tests call [`run`] with a way to make an empty one.

mod bodies;
mod forgetting;
mod keeping;
mod samples;

use super::Store;

#[cfg(feature = "disk")]
pub(crate) use self::samples::Folder;
pub(crate) use self::samples::{bodies, body, get, head, invalidate, key, put, variant, write};
#[cfg(feature = "persistent")]
pub(crate) use self::samples::{head_varying_by, varying_by};

/// All checks, each on a store of its own.
pub(crate) async fn run<S: Store>(make: impl AsyncFn() -> S) {
    keeping::gives_back_what_was_put(&make().await).await;
    keeping::keeps_several_responses_under_a_key(&make().await).await;
    keeping::replaces_what_it_is_told_to(&make().await).await;
    keeping::updates_a_head_and_leaves_the_body(&make().await).await;
    keeping::keeps_no_more_than_so_many_under_a_key(&make().await).await;
    keeping::removes_by_number(&make().await).await;
    keeping::tells_keys_apart(&make().await).await;
    bodies::keeps_empty_bodies(&make().await).await;
    bodies::gives_long_bodies_and_their_parts(&make().await).await;
    bodies::gives_parts_of_bodies(&make().await).await;
    bodies::gives_the_rest_of_what_has_gone(&make().await).await;
    bodies::takes_bodies_in_pieces(&make().await).await;
    bodies::gives_up_what_is_not_finished(&make().await).await;
    bodies::finishes_in_the_place_of_others(&make().await).await;
    forgetting::invalidates_by_key(&make().await).await;
    forgetting::invalidates_by_prefix(&make().await).await;
    forgetting::invalidates_by_pattern(&make().await).await;
    forgetting::invalidates_by_tag(&make().await).await;
    forgetting::clears(&make().await).await;
    forgetting::forgets_what_is_on_its_way_in(&make).await;
    keeping::loses_none_of_many_puts(make().await).await;
    #[cfg(feature = "persistent")]
    keeping::leaves_secrets_out(&make().await).await;
}
