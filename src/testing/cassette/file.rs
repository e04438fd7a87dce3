//! The file of a recording.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::exchange::Exchange;
use super::{CassetteError, InvalidCassette};

/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    version: u32,
    exchanges: Vec<Exchange>,
}

#[derive(Serialize)]
struct Written<'e> {
    version: u32,
    exchanges: Vec<&'e Exchange>,
}

/// The exchanges in a file, or nothing where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<Exchange>>, InvalidCassette> {
    let unreadable = |fault| InvalidCassette::unreadable(path, fault);
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(InvalidCassette::unreadable(path, fault)),
    };
    let read: Read = serde_json::from_slice(&text).map_err(unreadable)?;
    if read.version != VERSION {
        let fault = format!(
            "it is of version {}, and this reads {VERSION}",
            read.version
        );
        return Err(InvalidCassette::unreadable(path, fault));
    }
    for exchange in &read.exchanges {
        exchange
            .response()
            .map_err(|fault| InvalidCassette::unreadable(path, fault))?;
    }
    Ok(Some(read.exchanges))
}

/// Writes all of it beside the file and moves it there, so that there is always a whole one.
pub(super) fn write<'e>(
    path: &Path,
    exchanges: impl Iterator<Item = &'e Exchange>,
) -> Result<(), CassetteError> {
    let written = Written {
        version: VERSION,
        exchanges: exchanges.collect(),
    };
    let unwritable = |fault| CassetteError::unwritable(path, fault);
    let mut text = serde_json::to_vec_pretty(&written)
        .map_err(io::Error::from)
        .map_err(unwritable)?;
    text.push(b'\n');
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, text).map_err(unwritable)?;
    fs::rename(&beside, path).map_err(unwritable)
}
