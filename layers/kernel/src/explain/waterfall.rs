//! The trail as a picture.

use std::fmt;
use std::time::{Duration, Instant};

use super::{Entry, Trail};

/// How many characters the waterfall is wide.
const WIDTH: usize = 30;

/// A column is as wide as its longest word, but not wider than this; what is longer sticks out.
const WIDEST: usize = 80;

/// So that short trails look alike.
const NARROWEST_TIMES: usize = 13;

impl Trail {
    fn span(&self) -> Option<(Instant, Duration)> {
        let start = self.0.first()?.start;
        let end = self.0.iter().map(|entry| entry.end).max()?;
        Some((start, end.duration_since(start)))
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((origin, span)) = self.span() else {
            return f.write_str("nothing was recorded");
        };
        let rows = self.0.iter().map(|entry| Row::new(entry, origin, span));
        let rows: Vec<_> = rows.collect();
        let widest =
            |width: fn(&Row<'_>) -> usize| rows.iter().map(width).max().unwrap_or(0).min(WIDEST);
        let layer = widest(|row| row.layer.chars().count());
        let note = widest(|row| row.note.chars().count());
        let times = widest(|row| row.times.len()).max(NARROWEST_TIMES);
        for row in &rows {
            let cells = (row.layer, row.note, &row.times);
            write!(
                f,
                "{:layer$}  {:note$}  {:times$}",
                cells.0, cells.1, cells.2
            )?;
            writeln!(f, " |{}|", row.bar)?;
        }
        Ok(())
    }
}

/// One line of the waterfall.
struct Row<'a> {
    layer: &'a str,
    note: &'a str,
    times: String,
    bar: String,
}

impl<'a> Row<'a> {
    fn new(entry: &'a Entry, origin: Instant, span: Duration) -> Self {
        let (began, took) = (entry.start.duration_since(origin), entry.duration());
        Self {
            layer: entry.layer,
            note: &entry.note,
            times: format!("{} ms +{} ms", began.as_millis(), took.as_millis()),
            bar: bar(began, took, span),
        }
    }
}

/// The stretch from `began` for `took` out of `span`, drawn; at least one mark.
fn bar(began: Duration, took: Duration, span: Duration) -> String {
    let column = |at: Duration| {
        let whole = span.as_micros().max(1);
        usize::try_from(at.as_micros() * WIDTH as u128 / whole).map_or(WIDTH, |c| c.min(WIDTH))
    };
    let first = column(began).min(WIDTH - 1);
    let marks = (column(began + took) - first).max(1);
    format!(
        "{:first$}{:#<marks$}{:rest$}",
        "",
        "",
        "",
        rest = WIDTH - first - marks
    )
}
