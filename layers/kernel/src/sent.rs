/// Whether a request can have reached the server.
///
/// Only the transport knows, so only a transport sets it (see [`TransportError`](crate::TransportError));
/// retry asks it, because a request that never left may be sent again whatever its method
/// ([RFC 9110 §9.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2)).
///
/// Ordered by how much can have happened, so that `max` is right for several attempts of one call:
///
/// ```
/// use buttress_kernel::Sent;
/// assert!(Sent::No < Sent::Maybe && Sent::Maybe < Sent::Yes);
/// assert!(Sent::No.is_provably_unsent());
/// ```
// Closed: there is no fourth answer, and a new match arm would be a new policy everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    /// Provably not: the connection was refused, the name unknown, the stream refused.
    No,
    /// Bytes may have gone out; what became of them is unknown.
    Maybe,
    /// The server has answered, so it has seen at least the head of the request.
    Yes,
}

impl Sent {
    /// Whether sending again cannot repeat an effect, whatever the method.
    #[must_use]
    pub const fn is_provably_unsent(self) -> bool {
        matches!(self, Self::No)
    }
}
