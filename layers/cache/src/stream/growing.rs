use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// A piece that is shorter is copied, so that many short ones take no more than their bytes.
const SHORT: usize = 4 * 1024;

/// What is copied is handed out when there is so much of it.
const FULL: usize = 16 * 1024;

/// The bytes of a body so far, for readers that have come to different places.
#[derive(Debug, Default)]
pub(super) struct Growing {
    /// In order, without gaps: where each begins, and its bytes.
    pieces: VecDeque<(u64, Bytes)>,
    tail: BytesMut,
    tail_start: u64,
}

impl Growing {
    /// How many bytes there have been.
    pub(super) fn end(&self) -> u64 {
        self.tail_start + self.tail.len() as u64
    }

    /// Where the bytes begin that are still here.
    pub(super) fn start(&self) -> u64 {
        self.pieces
            .front()
            .map_or(self.tail_start, |(start, _)| *start)
    }

    pub(super) fn append(&mut self, bytes: &Bytes) {
        if bytes.len() < SHORT {
            self.tail.extend_from_slice(bytes);
            if self.tail.len() >= FULL {
                self.flush();
            }
            return;
        }
        self.flush();
        self.push(bytes.clone());
    }

    fn flush(&mut self) {
        if !self.tail.is_empty() {
            let tail = self.tail.split().freeze();
            self.push(tail);
        }
    }

    fn push(&mut self, bytes: Bytes) {
        let start = self.tail_start;
        self.tail_start += bytes.len() as u64;
        self.pieces.push_back((start, bytes));
    }

    /// The next bytes from `position` on, if there are any.
    pub(super) fn read(&self, position: u64) -> Option<Bytes> {
        let within = |start: u64| usize::try_from(position.checked_sub(start)?).ok();
        if position >= self.tail_start {
            let rest = self.tail.get(within(self.tail_start)?..)?;
            return (!rest.is_empty()).then(|| Bytes::copy_from_slice(rest));
        }
        let after = self.pieces.partition_point(|(start, _)| *start <= position);
        let (start, piece) = self.pieces.get(after.checked_sub(1)?)?;
        Some(piece.slice(within(*start)?..))
    }

    /// So many bytes from `position` on, in one piece; fewer where there are no more.
    pub(super) fn piece(&self, position: u64, length: u64) -> Bytes {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut first = self.read(position).unwrap_or_default();
        if first.len() >= length {
            first.truncate(length);
            return first;
        }
        let mut piece = Vec::with_capacity(length);
        piece.extend_from_slice(&first);
        while let Some(more) = self.read(position + piece.len() as u64)
            && piece.len() < length
        {
            piece.extend_from_slice(&more[..more.len().min(length - piece.len())]);
        }
        piece.into()
    }

    /// Nobody will read what comes before `position`.
    pub(super) fn forget(&mut self, position: u64) {
        let over = |(start, piece): &(u64, Bytes)| start + piece.len() as u64 <= position;
        while self.pieces.front().is_some_and(over) {
            self.pieces.pop_front();
        }
        if position >= self.end() {
            self.tail_start = self.end();
            self.tail.clear();
        }
    }

    /// Bytes that nobody needs here have gone by.
    pub(super) fn skip(&mut self, bytes: usize) {
        debug_assert!(self.pieces.is_empty() && self.tail.is_empty());
        self.tail_start += bytes as u64;
    }

    /// All of it, in one piece of exactly that size, which takes the place of the others.
    pub(super) fn concat(&mut self) -> Bytes {
        let length = usize::try_from(self.end() - self.start()).unwrap_or(usize::MAX);
        let mut whole = Vec::with_capacity(length);
        for (_, piece) in &self.pieces {
            whole.extend_from_slice(piece);
        }
        whole.extend_from_slice(&self.tail);
        let whole = Bytes::from(whole);
        let (start, end) = (self.start(), self.end());
        self.pieces.clear();
        self.tail = BytesMut::new();
        self.tail_start = end;
        if !whole.is_empty() {
            self.pieces.push_back((start, whole.clone()));
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Deed {
        Append(usize),
        Read(usize),
        Forget,
        Piece(usize),
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            prop_oneof![0..64_usize, 4_000..4_200_usize, 10_000..20_000_usize]
                .prop_map(Deed::Append),
            (0..3_usize).prop_map(Deed::Read),
            Just(Deed::Forget),
            (1..50_000_usize).prop_map(Deed::Piece),
        ]
    }

    fn place(position: u64) -> usize {
        usize::try_from(position).unwrap()
    }

    proptest! {
        #[test]
        fn readers_read_what_was_appended(deeds in prop::collection::vec(deed(), 0..60)) {
            let (mut growing, mut model) = (Growing::default(), Vec::<u8>::new());
            let mut readers = [0_u64; 3];
            for deed in deeds {
                match deed {
                    Deed::Append(length) => {
                        let from = model.len();
                        let bytes: Vec<u8> = (0..=250).cycle().skip(from % 251).take(length).collect();
                        model.extend_from_slice(&bytes);
                        growing.append(&Bytes::from(bytes));
                    }
                    Deed::Read(reader) => {
                        let position = readers[reader];
                        let rest = &model[place(position)..];
                        match growing.read(position) {
                            None => prop_assert!(rest.is_empty()),
                            Some(piece) => {
                                prop_assert!(!piece.is_empty());
                                prop_assert_eq!(&piece[..], &rest[..piece.len()]);
                                readers[reader] += piece.len() as u64;
                            }
                        }
                    }
                    Deed::Forget => growing.forget(readers.into_iter().min().unwrap()),
                    Deed::Piece(length) => {
                        let position = readers.into_iter().min().unwrap();
                        let piece = growing.piece(position, length as u64);
                        let rest = &model[place(position)..];
                        prop_assert_eq!(&piece[..], &rest[..rest.len().min(length)]);
                    }
                }
                prop_assert_eq!(growing.end(), model.len() as u64);
                let whole = growing.concat();
                prop_assert_eq!(&whole[..], &model[place(growing.start())..]);
            }
        }
    }

    #[test]
    fn a_million_pieces_of_one_byte_take_little_more_than_their_bytes() {
        let mut growing = Growing::default();
        let large = Bytes::from(vec![7; 1 << 20]);
        for at in 0..large.len() {
            growing.append(&large.slice(at..=at));
        }
        assert!(growing.pieces.len() <= (1 << 20) / FULL, "they are joined");
        drop(large.clone());
        let piece = growing.read(0).unwrap();
        assert_ne!(
            piece.as_ptr(),
            large.as_ptr(),
            "copied: the large one is not held"
        );
    }
}
