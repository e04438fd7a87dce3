use http::uri::{Authority, Scheme, Uri};

/// Whether two URIs have one scheme, host and port.
pub(crate) fn same_origin(one: &Uri, other: &Uri) -> bool {
    let origin = one.scheme().zip(one.authority());
    origin.is_some_and(|origin| is_origin(origin, other))
}

pub(super) fn is_origin((scheme, authority): (&Scheme, &Authority), other: &Uri) -> bool {
    let (Some(other_scheme), Some(other)) = (other.scheme(), other.authority()) else {
        return false;
    };
    // What was joined to a base has its authority, letter by letter.
    other_scheme == scheme
        && (other.as_str() == authority.as_str() || same_place(scheme, authority, other))
}

fn same_place(scheme: &Scheme, one: &Authority, other: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16().or_else(|| default_port(scheme));
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

pub(super) fn default_port(scheme: &Scheme) -> Option<u16> {
    match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}
