use buttress_kernel::{Failure, Sent, TransportError};

use super::Subject;
use super::rig::{Marker, Rig, assert_marked, finish, get};
use crate::Step;

/// An error of the inner service is found in the source chain of what the layer returns, and so is
/// what the kernel's [`Failure`] knew of it.
///
/// # Panics
///
/// If the call ends well, or the error, its kind, or whether the request was sent is lost.
pub async fn errors_keep_their_source(subject: &Subject) {
    let rig = Rig::new([Step::error(|| Marker)]);
    let mut service = subject.layer()(rig.inner());
    match finish("a call that fails", &mut service, get("foreign")).await {
        Ok(response) => panic!("a call of a service that fails ended well: {response:?}"),
        Err(error) => assert_marked(&error, "the inner service's error"),
    }

    let make = || TransportError::broken(Sent::Yes, Marker);
    let rig = Rig::new([Step::error(make)]);
    let mut service = subject.layer()(rig.inner());
    match finish("a call over a broken connection", &mut service, get("ours")).await {
        Ok(response) => panic!("a call over a broken connection ended well: {response:?}"),
        Err(error) => {
            assert_marked(&error, "the transport's error");
            let (inner, outer) = (make(), Failure::of(&*error));
            let inner = Failure::of(&inner);
            assert_eq!(
                outer.kind(),
                inner.kind(),
                "the kind of failure, of `{error:?}`"
            );
            assert_eq!(
                outer.sent(),
                inner.sent(),
                "whether it was sent, of `{error:?}`"
            );
        }
    }
}
