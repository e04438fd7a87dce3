use http::HeaderName;

/// One part of what is signed.
// Open: APIs are inventive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The method, in capitals.
    Method,
    /// The path as it is sent, `/` when it is empty.
    Path,
    /// The query as it is sent, without the question mark; empty when there is none.
    Query,
    /// Path and query as a request line has them.
    PathAndQuery,
    /// Host and port, in lower case, without the scheme's own port: those of the URI, or of the `Host`
    /// header where the URI has none. A request is not signed whose header says otherwise than its URI.
    Authority,
    /// The value of a header, which must be there; several are joined by commas.
    Header(HeaderName),
    /// The date as its header has it. With it goes the header; see [`Hmac::date`](super::Hmac::date).
    Date,
    /// The digest of the body, by the same hash function and in the same encoding as the signature.
    BodyDigest,
    /// The body itself.
    Body,
    /// The same text in each request, such as a version.
    Text(&'static str),
}
