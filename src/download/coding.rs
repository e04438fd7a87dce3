//! What a file is packed in, where a server packs it.

use std::path::Path;

use http::{HeaderMap, header};

/// The codings of a body in the order of their use, without those that change nothing; empty for a body as it
/// is (RFC 9110 §8.4).
pub(super) fn of(headers: &HeaderMap) -> String {
    let fields = headers.get_all(header::CONTENT_ENCODING).iter();
    let fields: Vec<_> = fields
        .map(|field| String::from_utf8_lossy(field.as_bytes()).to_ascii_lowercase())
        .collect();
    let all = fields.iter().flat_map(|field| field.split(','));
    let all = all.map(str::trim).map(plain);
    let all: Vec<_> = all.filter(|coding| !coding.is_empty()).collect();
    all.join(",")
}

/// RFC 9110 §8.4.1 has two names for some codings.
fn plain(coding: &str) -> &str {
    match coding {
        "identity" => "",
        "x-gzip" => "gzip",
        "x-compress" => "compress",
        coding => coding,
    }
}

/// Nobody packs a file as often as this needs.
const LONGEST: usize = 64;

/// Whether whoever asked wants the file packed so: the request says it, or the file's name does. Servers that
/// mark `a.tar.gz` as a packed `a.tar` are many.
pub(super) fn is_wanted(coding: &str, asked: &HeaderMap, path: &Path) -> bool {
    if coding.len() > LONGEST {
        return false;
    }
    let ending = path.extension().and_then(|ending| ending.to_str());
    let ending = ending.unwrap_or_default().to_ascii_lowercase();
    let named = match coding {
        "" => return true,
        "gzip" => ["gz", "tgz", "svgz"].contains(&ending.as_str()),
        "compress" => ending == "z",
        "zstd" => ["zst", "tzst"].contains(&ending.as_str()),
        coding => ending == coding,
    };
    named || coding.split(',').all(|coding| is_asked_for(coding, asked))
}

fn is_asked_for(coding: &str, asked: &HeaderMap) -> bool {
    let fields = asked.get_all(header::ACCEPT_ENCODING).iter();
    let mut fields = fields.map(|field| String::from_utf8_lossy(field.as_bytes()));
    fields.any(|field| {
        let mut all = field.split(',').filter_map(|one| one.split(';').next());
        all.any(|one| plain(&one.trim().to_ascii_lowercase()) == coding)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn fields(name: &header::HeaderName, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn codings_are_read_in_their_order_and_under_one_name() {
        for (values, coding) in [
            (&[][..], ""),
            (&["identity"], ""),
            (&["GZip"], "gzip"),
            (&["x-gzip"], "gzip"),
            (&["br, identity", " X-Compress "], "br,compress"),
        ] {
            let headers = fields(&header::CONTENT_ENCODING, values);
            assert_eq!(of(&headers), coding, "{values:?}");
        }
    }

    #[test]
    fn a_packed_file_is_wanted_where_the_request_or_its_name_says_so() {
        for (coding, asked, name, wanted) in [
            ("", "identity", "a.json", true),
            ("gzip", "identity", "a.json", false),
            ("gzip", "br, X-GZIP;q=0.5", "a.json", true),
            ("br,gzip", "gzip", "a.json", false),
            ("br,gzip", "gzip, br", "a.json", true),
            ("gzip", "identity", "a.tar.GZ", true),
            ("gzip", "identity", "a.gz.json", false),
            ("br", "identity", "a.br", true),
            ("br,gzip", "identity", "a.gz", false),
        ] {
            let asked = fields(&header::ACCEPT_ENCODING, &[asked]);
            let found = is_wanted(coding, &asked, Path::new(name));
            assert_eq!(found, wanted, "{coding} {asked:?} {name}");
        }
    }
}
