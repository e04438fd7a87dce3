//! Where the cache keeps its responses, and tells users apart there.

use buttress::BoxError;
use buttress::cache::CacheLayer;
use buttress::cache::store::{Disk, Redis};

/// How many bytes of files are kept unless told otherwise: a disk has more room than memory.
const DISK: u64 = 1024 * 1024 * 1024;

/// What `--cache-store` asks for, opened.
pub(crate) enum Store {
    Memory,
    Disk(Disk),
    Redis(Redis),
}

/// Opens it.
pub(crate) async fn of(flag: &str, size: Option<u64>) -> Result<Store, BoxError> {
    let wrong = |error: BoxError| format!("--cache-store cannot be used: {error}");
    let (kind, place) = flag.split_once(':').unwrap_or((flag, ""));
    match (kind, place) {
        ("memory", "") if flag == kind => Ok(Store::Memory),
        ("disk", "") => {
            Err("--cache-store disk:DIR names a folder, such as disk:/var/cache/gateway".into())
        }
        ("disk", folder) => {
            let disk = Disk::open(folder, size.unwrap_or(DISK)).await;
            Ok(Store::Disk(disk.map_err(|error| wrong(error.into()))?))
        }
        ("redis", "") => Err(
            "--cache-store redis:URL names a Redis, such as redis:redis://127.0.0.1:6379/0".into(),
        ),
        ("redis", _) if size.is_some() => Err(
            "--cache-size has no meaning with --cache-store redis: set maxmemory in Redis itself"
                .into(),
        ),
        ("redis", place) => {
            // `redis://HOST` is a URL itself.
            let url = if place.starts_with("//") { flag } else { place };
            let redis = Redis::open(url).await;
            Ok(Store::Redis(redis.map_err(|error| wrong(error.into()))?))
        }
        // Not repeated: it may hold a password.
        _ => Err("--cache-store is memory, disk:DIR or redis:URL".into()),
    }
}

/// What `--cache-secret` refers to, without white space at its end: editors put a line's end there.
pub(crate) fn secret(flag: &str) -> Result<Vec<u8>, BoxError> {
    let mut secret = match flag.split_once(':') {
        Some(("file", path)) => std::fs::read(path)
            .map_err(|error| format!("--cache-secret cannot be read from that file: {error}"))?,
        Some(("env", name)) => std::env::var_os(name)
            .ok_or("--cache-secret names a variable that is not set")?
            .into_encoded_bytes(),
        // Not repeated: it may be the secret.
        _ => return Err("--cache-secret is file:PATH or env:NAME".into()),
    };
    secret.truncate(secret.trim_ascii_end().len());
    Ok(secret)
}

impl Store {
    /// Has the cache keep its responses there.
    pub(crate) fn keep(self, cache: CacheLayer) -> CacheLayer {
        match self {
            Self::Memory => cache,
            Self::Disk(disk) => cache.store(disk),
            Self::Redis(redis) => cache.store(redis),
        }
    }
}
