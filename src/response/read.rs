use buttress_kernel::{Body, BoxError};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// Why a body was not read to its end.
pub(super) enum Unread {
    TooLarge,
    Broken(BoxError),
}

/// What has come of a body.
#[derive(Default)]
pub(super) struct Gathered {
    /// Most bodies are one piece, which need not be copied.
    first: Option<Bytes>,
    all: BytesMut,
}

impl Gathered {
    /// Reads up to `limit` bytes. What came is kept even when the rest did not, cut at the limit, and when
    /// the future is dropped.
    pub(super) async fn read(&mut self, body: &mut Body, limit: u64) -> Result<(), Unread> {
        let mut room = limit;
        while let Some(frame) = body.frame().await {
            let mut data = match frame {
                Ok(frame) => frame.into_data().unwrap_or_default(),
                Err(source) => return Err(Unread::Broken(source)),
            };
            let len = data.len() as u64;
            let fits = len <= room;
            if !fits {
                data.truncate(usize::try_from(room).unwrap_or(usize::MAX));
            }
            room = room.saturating_sub(len);
            self.push(data);
            if !fits {
                return Err(Unread::TooLarge);
            }
        }
        Ok(())
    }

    fn push(&mut self, data: Bytes) {
        match self.first.take() {
            None if self.all.is_empty() => self.first = Some(data),
            earlier => {
                self.all.extend_from_slice(&earlier.unwrap_or_default());
                self.all.extend_from_slice(&data);
            }
        }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.first.unwrap_or_else(|| self.all.freeze())
    }
}
