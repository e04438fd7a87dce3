use std::fmt;
use std::str::FromStr;

use super::InvalidCassette;

/// Whether a [`Cassette`](super::Cassette) asks the real server.
// Closed: a fourth way would be a new policy for what goes out to the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// `replay`: never. What the file has not is an error.
    #[default]
    Replay,
    /// `record`: always. The file is written afresh.
    Record,
    /// `replay-or-record`: for what the file has not, which is added to it.
    ReplayOrRecord,
}

impl Mode {
    /// The variable of the environment.
    pub const VARIABLE: &str = "BUTTRESS_CASSETTE";

    /// The mode in the variable `BUTTRESS_CASSETTE`, and [`Replay`](Self::Replay) where there is none.
    ///
    /// # Errors
    ///
    /// When the variable holds no mode.
    pub fn from_env() -> Result<Self, InvalidCassette> {
        match std::env::var_os(Self::VARIABLE) {
            None => Ok(Self::default()),
            Some(value) => value.to_string_lossy().parse(),
        }
    }

    pub(super) const fn replays(self) -> bool {
        matches!(self, Self::Replay | Self::ReplayOrRecord)
    }

    pub(super) const fn records(self) -> bool {
        matches!(self, Self::Record | Self::ReplayOrRecord)
    }
}

impl FromStr for Mode {
    type Err = InvalidCassette;

    fn from_str(text: &str) -> Result<Self, InvalidCassette> {
        match text {
            "" | "replay" => Ok(Self::Replay),
            "record" => Ok(Self::Record),
            "replay-or-record" => Ok(Self::ReplayOrRecord),
            other => Err(InvalidCassette::mode(other)),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replay => "replay",
            Self::Record => "record",
            Self::ReplayOrRecord => "replay-or-record",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_read_as_it_is_written() {
        for mode in [Mode::Replay, Mode::Record, Mode::ReplayOrRecord] {
            assert_eq!(mode.to_string().parse::<Mode>().unwrap(), mode);
        }
        assert_eq!("".parse::<Mode>().unwrap(), Mode::Replay);
        let error = "rewind".parse::<Mode>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"rewind\" is no mode of a cassette; it is `replay`, `record` or `replay-or-record`"
        );
    }
}
