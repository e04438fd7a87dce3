use fastrand::Rng;

/// Random numbers that are the same in every run of the test called `name`.
///
/// The seed is printed, so that it stands in the output of a test that failed.
///
/// ```
/// let mut rng = buttress_testkit::rng("retries_are_spread");
/// let mut again = buttress_testkit::rng("retries_are_spread");
/// assert_eq!(rng.u64(..), again.u64(..));
/// ```
#[must_use]
pub fn rng(name: &str) -> Rng {
    // FNV-1a: std's hasher may change between releases, and the seed with it.
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    println!("random numbers of `{name}`: seed {seed:#x}");
    Rng::with_seed(seed)
}
