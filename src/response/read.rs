use buttress_kernel::{Body, BoxError};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;

/// Why a body was not read to its end.
pub(super) enum Unread {
    TooLarge,
    Broken(BoxError),
}

/// Reads up to `limit` bytes. What came is returned even when the rest did not, cut at the limit.
pub(super) async fn read(
    body: &mut Body,
    limit: u64,
    keep_part: bool,
) -> (Bytes, Result<(), Unread>) {
    let hint = body.size_hint();
    if hint.lower() > limit && !keep_part {
        return (Bytes::new(), Err(Unread::TooLarge));
    }
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    let mut room = limit;
    while let Some(frame) = body.frame().await {
        let mut data = match frame {
            Ok(frame) => frame.into_data().unwrap_or_default(),
            Err(source) => return (join(first, all), Err(Unread::Broken(source))),
        };
        let len = data.len() as u64;
        let fits = len <= room;
        if !fits {
            data.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        }
        room = room.saturating_sub(len);
        match first.take() {
            // Most bodies are one piece, which need not be copied.
            None if all.is_empty() => first = Some(data),
            earlier => {
                all.extend_from_slice(&earlier.unwrap_or_default());
                all.extend_from_slice(&data);
            }
        }
        if !fits {
            return (join(first, all), Err(Unread::TooLarge));
        }
    }
    (join(first, all), Ok(()))
}

fn join(first: Option<Bytes>, all: BytesMut) -> Bytes {
    first.unwrap_or_else(|| all.freeze())
}
