use bytes::Bytes;

use super::{Answer, Variant};

/// A response on its way into a [`Store`](super::Store), whose body comes piece by piece.
///
/// The body need not be in memory for that, however long it is. Nothing of the response can be found
/// before it is [finished](Self::finish), and then all of it can.
///
/// Dropped before that, or while it answers, the response is given up, and what was written of it goes.
/// So does what a process that is killed leaves behind: at the next start, or by itself.
pub trait Writer: Send {
    /// Adds bytes to the body, and answers with the way to add more. One that fails is gone.
    fn write(self: Box<Self>, bytes: Bytes) -> Answer<Box<dyn Writer>>;

    /// Adds the response, whose body is what was written. It is what
    /// [`put`](super::Store::put) does with a body that is there: done whole or not at all.
    fn finish(self: Box<Self>, variant: Variant, replaces: &[u64]) -> Answer<()>;
}
