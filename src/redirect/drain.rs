use std::pin::pin;
use std::time::Duration;

use bytes::Buf;
use http_body_util::BodyExt;

/// So much of a redirect's body is read.
const MOST: u64 = 16 * 1024;

/// So long it may take. What has not come by then is slower than a new connection.
const TIME: Duration = Duration::from_millis(100);

/// Reads a body that nobody wants to its end, if that is near, so that its connection can be used again.
pub(super) async fn drain<B: http_body::Body>(body: B) {
    if body.is_end_stream() || body.size_hint().lower() > MOST {
        return;
    }
    let read = async {
        let (mut body, mut left) = (pin!(body), MOST);
        while let Some(Ok(frame)) = body.frame().await {
            // An empty frame counts as a byte, so that a stream of them ends as well.
            let length = frame.data_ref().map_or(1, |data| data.remaining().max(1)) as u64;
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Either way it is over.
    tokio::time::timeout(TIME, read).await.ok();
}
