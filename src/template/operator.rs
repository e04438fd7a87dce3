/// What the sign at the beginning of an expression means (RFC 6570, appendix A).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    /// Stands before the first value.
    pub(super) first: &'static str,
    /// Stands between two.
    pub(super) separator: &'static str,
    /// Whether each value follows its name, and what stands between the two when it is empty.
    pub(super) named: Option<&'static str>,
    /// Whether reserved characters stay as they are.
    pub(super) reserved: bool,
    /// Whether the client can do without a value: a query does, a path does not.
    pub(super) optional: bool,
}

impl Operator {
    const SIMPLE: Self = Self {
        first: "",
        separator: ",",
        named: None,
        reserved: false,
        optional: false,
    };

    /// The operator with which an expression begins, and what follows it.
    pub(super) fn split(expression: &str) -> (Self, &str) {
        let simple = Self::SIMPLE;
        let sign = expression.as_bytes().first();
        let operator = match sign {
            Some(b'+') => Self {
                reserved: true,
                ..simple
            },
            Some(b'#') => Self {
                first: "#",
                reserved: true,
                optional: true,
                ..simple
            },
            Some(b'.') => simple.joined("."),
            Some(b'/') => simple.joined("/"),
            Some(b';') => simple.joined(";").named(""),
            Some(b'?') => Self {
                first: "?",
                separator: "&",
                ..simple.named("=")
            },
            Some(b'&') => simple.joined("&").named("="),
            _ => return (simple, expression),
        };
        (operator, &expression[1..])
    }

    const fn joined(self, with: &'static str) -> Self {
        Self {
            first: with,
            separator: with,
            ..self
        }
    }

    const fn named(self, if_empty: &'static str) -> Self {
        Self {
            named: Some(if_empty),
            optional: true,
            ..self
        }
    }
}
