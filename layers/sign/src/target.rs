use http::Uri;

/// Path and query as a request line carries them.
pub(crate) fn path_and_query(uri: &Uri) -> &str {
    uri.path_and_query()
        .map_or("/", |path| match path.as_str() {
            "" => "/",
            path => path,
        })
}
