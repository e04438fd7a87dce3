//! References as RFC 3986 resolves them. (A client's [`BaseUri`] joins otherwise: there, a path is a
//! prefix.)

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::BaseUri;

/// The URI that a reference means in a document at `base` (§5.2.2), without a fragment. `None` where
/// it is none of http or https.
pub(super) fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default();
    if let Some((scheme, rest)) = scheme_of(reference) {
        let scheme = scheme.to_ascii_lowercase();
        return at(scheme.parse().ok()?, rest.strip_prefix("//")?);
    }
    let scheme = base.scheme()?.clone();
    if let Some(rest) = reference.strip_prefix("//") {
        return at(scheme, rest);
    }
    let authority = base.authority()?.clone();
    let (path, query) = split(reference);
    let target = match path {
        "" => with_query(base.path(), query.or(base.query())),
        _ if path.starts_with('/') => with_query(&without_dots(path), query),
        _ => with_query(&without_dots(&merged(base.path(), path)), query),
    };
    build(scheme, authority, &target)
}

/// Whether two URIs have the same scheme, host and port.
pub(super) fn same_origin(one: &Uri, other: &Uri) -> bool {
    let scheme = one.scheme_str().unwrap_or_default();
    let (host, port) = (one.host().unwrap_or_default(), one.port());
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let origin = format!("{scheme}://{host}{port}").parse::<BaseUri>();
    origin.is_ok_and(|origin| origin.is_origin_of(other))
}

/// An authority and what follows it.
fn at(scheme: Scheme, rest: &str) -> Option<Uri> {
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = split(path);
    let target = with_query(&without_dots(path), query);
    // User info would be sent on as if it were the caller's.
    let authority: Authority = authority.parse().ok()?;
    (!authority.as_str().contains('@'))
        .then(|| build(scheme, authority, &target))
        .flatten()
}

fn build(scheme: Scheme, authority: Authority, target: &str) -> Option<Uri> {
    let is_ours = scheme == Scheme::HTTP || scheme == Scheme::HTTPS;
    let uri = Uri::builder()
        .scheme(scheme)
        .authority(authority)
        .path_and_query(target);
    uri.build().ok().filter(|_| is_ours)
}

/// §3.1
fn scheme_of(reference: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = reference.split_once(':')?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    (is_scheme && scheme.bytes().all(letter)).then_some((scheme, rest))
}

fn split(reference: &str) -> (&str, Option<&str>) {
    match reference.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (reference, None),
    }
}

fn with_query(path: &str, query: Option<&str>) -> String {
    let path = if path.is_empty() { "/" } else { path };
    match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

/// §5.2.3
fn merged(base: &str, path: &str) -> String {
    let folder = base.rfind('/').map_or("/", |slash| &base[..=slash]);
    format!("{folder}{path}")
}

/// §5.2.4, by segments: a path that begins with a slash goes to none above it.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                // A dot at the end means a folder.
                kept.extend(is_last.then_some(""));
            }
            _ => kept.push(segment),
        }
    }
    let kept = kept.join("/");
    format!("/{kept}")
}

#[cfg(test)]
mod tests;
