use std::error::Error;
use std::fmt;

use buttress_kernel::BoxError;

/// Settings of a transport that cannot be, and the rule that they broke.
#[derive(Debug)]
pub struct InvalidTransport {
    rule: Rule,
    source: Option<BoxError>,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    NoVersion,
    NoTime,
    SmallHead,
    IdleWithoutInterval,
    TwoTrusts,
    NoRoots,
    Certificate,
    Tls,
    Proxy,
}

impl InvalidTransport {
    pub(super) const fn no_version() -> Self {
        Self::bare(Rule::NoVersion)
    }

    pub(super) const fn no_time() -> Self {
        Self::bare(Rule::NoTime)
    }

    pub(super) const fn small_head() -> Self {
        Self::bare(Rule::SmallHead)
    }

    pub(super) const fn idle_without_interval() -> Self {
        Self::bare(Rule::IdleWithoutInterval)
    }

    pub(super) const fn two_trusts() -> Self {
        Self::bare(Rule::TwoTrusts)
    }

    pub(super) const fn no_roots() -> Self {
        Self::bare(Rule::NoRoots)
    }

    pub(super) const fn proxy() -> Self {
        // Without a source: a parser's error may quote the URI, and that may hold a password.
        Self::bare(Rule::Proxy)
    }

    pub(super) fn certificate(source: impl Into<BoxError>) -> Self {
        Self::because(Rule::Certificate, source)
    }

    pub(super) fn tls(source: impl Into<BoxError>) -> Self {
        Self::because(Rule::Tls, source)
    }

    const fn bare(rule: Rule) -> Self {
        Self { rule, source: None }
    }

    fn because(rule: Rule, source: impl Into<BoxError>) -> Self {
        let source = Some(source.into());
        Self { rule, source }
    }
}

impl fmt::Display for InvalidTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.rule {
            Rule::NoVersion => "`http1_only` and `http2_only` leave no version of HTTP to speak",
            Rule::NoTime => "a limit of zero leaves no time; no limit is written as `None`",
            Rule::SmallHead => "`max_header_bytes` is below 8192 or above 4294967295",
            Rule::IdleWithoutInterval => {
                "`http2_keep_alive_while_idle` needs `http2_keep_alive_interval`"
            }
            Rule::TwoTrusts => "`roots` and `tls` both say whom to trust; set one of them",
            Rule::NoRoots => {
                "no certificate authority is trusted; add one, or turn on a feature: `webpki-roots`, `native-roots`"
            }
            Rule::Certificate => "a certificate authority's certificate cannot be read",
            Rule::Tls => "TLS cannot be set up",
            Rule::Proxy => "the proxy is not an `http` or `https` URI with a host",
        })
    }
}

impl Error for InvalidTransport {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}
