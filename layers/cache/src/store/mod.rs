//! Where responses are kept.
//!
//! [`Memory`] is the usual place. A [`Store`] of your own keeps them elsewhere: on disk, in another
//! process. The layer decides what to store, for how long and for whom; a store only keeps it.
//!
//! A store that fails, or takes longer than the layer's
//! [`store_timeout`](crate::CacheLayer::store_timeout), is as good as empty: the layer asks the
//! origin, and tells of it in an event. One that fails in the middle of a body is made up for by the origin
//! too, where the response has a strong entity tag. What was fetched since it could not be looked up, or read,
//! takes the place of what is there of it already, once that can be seen; and no store keeps more than
//! [so many](Variants::MOST) responses under a key: the oldest go.
//!
//! Private and shared caches can use one store: neither takes what the other one put there for its own. By
//! prefix, pattern or tag, and when all is cleared, the content of both is meant.
//!
//! What is made out of date, by an unsafe request or by hand, is not served any more from that moment on,
//! whatever the store does. The response to the unsafe request waits until the store has forgotten it, but
//! not longer than for any answer; [by hand](crate::Handle), one waits as long as it takes. A store that has
//! not done it by then is asked again until it has, as long as a layer over it lives, and what it still holds
//! of that is left aside meanwhile. More than some thousand keys, or some hundred prefixes, patterns and tags,
//! nobody remembers one by one: then the store is told to forget everything. A process that ends before that
//! leaves behind what its store has not forgotten.
//!
//! # Several layers over one store
//!
//! Layers that are given clones of one [`Memory`], `Disk` or `Redis` find what the others have stored. What is
//! made out of date through one of them is so for all of them at once: what another one is fetching then is
//! not stored, nobody joins it, and what the store has yet to forget nobody serves. For that they have one
//! [`Journal`], which a store of your own has [if it says so](Store::journal). Each still fetches for itself,
//! since the services under them may be different ones, and [changes](crate::Handle::changes) are told by the
//! layer that makes them.
//!
//! An invalidation by key means a key, wherever it is done. Two layers have the same key for a request without
//! credentials if both are shared or both are private. With credentials, two private ones have the same if both
//! were given the same `partition_secret`, or over [`Memory`] if neither was given one. By prefix, pattern or
//! tag, all is meant that is there.
//!
//! Two stores that were opened at the same place, which only Redis allows, are like two processes.
//!
//! # Long bodies
//!
//! A body of more than 128 KiB goes into a store that has a [`Writer`], as a folder and Redis have, while it
//! passes to those who read it. Its first 4 MiB are held as long as nothing more has come, so that others can
//! join; after that, what its readers or the store have not had yet. All bodies together hold no more than
//! [`max_bytes`](crate::CacheLayer::max_bytes), and so [`max_entry`](crate::CacheLayer::max_entry) may be
//! hundreds of MiB.
//!
//! The store may be behind by 1 MiB, or by one frame where there is no room. Then the readers wait for it. A
//! store for which they have waited longer than the layer's
//! [`store_timeout`](crate::CacheLayer::store_timeout) in all, which needs more than that for one piece, or
//! which fails, is told no more of this body. That goes on to its readers, and is an event.
//!
//! # Which one
//!
//! | | `Memory` | `Disk` (feature `disk`) | `Redis` (feature `redis`) |
//! | --- | --- | --- | --- |
//! | after a restart | empty | all is there | all that Redis kept is there |
//! | shared by | clones of one store | clones of one store; a second process is refused | all processes with the same prefix |
//! | bound | bytes of memory | bytes of files; the index takes memory beside it, some 200 bytes a key, and the first 128 of its name | Redis's `maxmemory` |
//! | who has to go | least used, safe from scans | least used, safe from scans | as Redis's `maxmemory-policy` says |
//! | a hit | at once | two reads, on a thread where that may block | two round trips |
//! | a miss | at once | at once | one round trip |
//! | fails | never | disk full, no longer writable | unreachable, stalled, full |
//!
//! # Memory
//!
//! An invalidation by tag, prefix or pattern looks at the names or tags of all that is there, and so does
//! one of everything. Some thousands are looked at at once. Of more than that, the rest follows in a task of
//! its own that gives way to others, and to whoever asks the layer they are gone meanwhile. Nothing else
//! waits for that. Without a runtime, all of it is done at once.
//!
//! # Disk
//!
//! `Disk` keeps the heads under one key in one file, the card, and each body in a file of its own, in
//! a folder that only this user can look into (0700, files 0600). Files are called by digests of keys;
//! nothing that a URI says gets into a path.
//!
//! A file is written aside and moved to its place, a body before its card, so that the move of the card
//! is the moment at which all of it becomes true. A process that is killed, at whatever moment, loses
//! no more than what it was writing. Nothing is synced to the disk, since that would cost each response
//! a wait for the disk to turn and a cache has a second copy of all it holds: when the *machine* stops,
//! some of the last responses may be gone, or be cut off. Checksums find those. A card is checked
//! whenever it is read, and a body when it is first used after a restart. A long one is read once for that,
//! however many ask for it, and no more than two of them at the same time; nobody else waits for that. Where
//! it takes longer than 200 ms, it is a miss to whoever asks meanwhile. What is damaged is removed, and is a
//! miss.
//!
//! A body is read in pieces, each of which has ten seconds, the wait for its turn included. A long one is
//! written in pieces too, as they come, to a file of its own aside. It is moved to its place when it is
//! whole, and removed if it breaks off, is too long or out of date, or if the disk is too slow. What is
//! aside takes no more than the bound once more, of which those that come in pieces leave an eighth to what is
//! put in one go. A body for which there is no room there is not stored; whatever lies still makes room for
//! the next: one that one reader alone reads, and that had no further piece for 5 s, passes on unstored. Of
//! several readers, the slower may need what the store has, and so theirs stays.
//!
//! At the start a thread searches the folder, takes into the index what it finds there, and removes
//! what nothing refers to. What is no regular file, or cannot be read, is tried again for two seconds, and
//! then removed. The store is in use meanwhile: what is asked for and not yet found is looked for in its
//! place. What is invalidated meanwhile is not taken in, nor counted if it had yet to be found: an
//! invalidation does not wait for the search. Until that is over, what has to go is noted in a file, for a
//! later process; and as long as the store is open, if a part of the folder could not be searched at all. If
//! that file is damaged, or there is more than a thousand things to note, all goes that has yet to be found.
//!
//! An invalidation that was answered is still done after a restart, whether of the process or of the
//! machine: for that alone, folders are synced, those that have lost something since they last were. What was
//! being written when it began does not bring anything back. To forget everything, the folders are moved out
//! of the way, which takes hardly longer for a million responses than for one; the files in them are unlinked in the
//! background, if need be by the next process, and are not counted any more. By a prefix, a pattern or a tag,
//! the keys that may be meant are gone through one by one, however long that takes; whoever invalidates the
//! same meanwhile waits for that. A disk that cannot be written any more is an event and a response that is
//! not stored. So is one that is full before the bound is reached; then one part in 32 of what is stored,
//! used least, makes room for the next.
//!
//! # Redis
//!
//! `Redis` (6.2 or later) keeps the heads under one key in a hash, each body in a string of its own, and
//! the keys of a tag in a sorted set. All that changes several of them is a script, and so is done whole
//! or not at all. A body is written before the script that refers to it, with a time to live of a minute,
//! so that one whose writer ended is gone by itself. A long one is appended to as it comes, and has another
//! minute each time.
//!
//! A response with tags is served as long as the set of each is the very one that it was put into: a tag
//! that is invalidated, or whose set was swept out, begins a new one, and no response comes back with it.
//! What has expired or was swept out itself leaves the set little by little.
//!
//! Whatever is written has a time to live: as long as the response may be served, by its own word or by
//! the wish of whoever asked for it, and a day more (a setting) for what may still be validated; a year at
//! most. Nothing is left behind by a cache that is no longer used.
//! Beside that, the bound is Redis's: set `maxmemory`, and a policy such as `allkeys-lru`. Without a bound
//! the store opens with a warning; with a bound and the policy `noeviction`, a full Redis is a store that
//! fails to write. A body that was swept out is a miss, and takes its head along; one that is swept out
//! while it is read has failed in the middle. One of more than 128 KiB that is being read when its response
//! is replaced or invalidated, or expires, stays a minute more, and another one with each piece that is read of it.
//!
//! Each command has a time limit (a setting) beside the layer's. When Redis is lost, it is connected to
//! again with the next request. What one process invalidates is gone for all, together with what that process
//! was writing; what another one fetches or writes just then is not stopped from being stored. Invalidation by prefix or pattern walks
//! through all keys of the database, so a database of its own is best; by key or tag it does not. One
//! server, without TLS: no cluster.
//!
//! # What is readable in a store
//!
//! URIs with their queries, names of partitions, tags, and responses with all their fields, since all of
//! that is needed again. Of a request's credentials there is a keyed digest, if anything. What varies
//! by a field that [carries secrets](Head::tells_secrets) stays out of stores outside this process. Of what
//! else a response varies by there is a digest with a salt of its own beside it, but for common fields and
//! those that `CacheLayer::vary_in_clear` names: any process can compare a request with it, and nobody can
//! read it.

mod answer;
#[cfg(any(feature = "disk", feature = "redis"))]
mod coming;
#[cfg(feature = "disk")]
mod disk;
pub(crate) mod events;
mod head;
mod key;
mod lock;
mod memory;
mod no_room;
#[cfg(feature = "persistent")]
mod open;
mod packed;
#[cfg(feature = "redis")]
mod redis;
#[cfg(test)]
mod scheduled;
mod secretive;
mod selector;
#[cfg(test)]
pub(crate) mod suite;
mod useful;
mod variant;
mod variants;
mod writer;
mod written;

use std::ops::Range;

use buttress_kernel::Body;

pub use self::answer::{Answer, Pending};
#[cfg(feature = "disk")]
pub use self::disk::Disk;
pub use self::head::Head;
pub(crate) use self::head::tells_secrets;
pub(crate) use self::key::{Credentials, Hashing, Name, Whose};
pub use self::key::{Key, KeyRef};
pub use self::memory::Memory;
pub(crate) use self::no_room::NoRoom;
#[cfg(feature = "persistent")]
pub use self::open::OpenFailed;
#[cfg(feature = "redis")]
pub use self::redis::{Redis, RedisSettings};
pub use self::selector::Selector;
pub use self::variant::{Tags, Variant};
pub use self::variants::Variants;
pub use self::writer::Writer;
pub use crate::journal::Journal;

/// Keeps responses.
///
/// Heads and bodies are apart, so that a head can be updated without its body. Under one key there
/// are several responses, told apart by number: the variants of one resource
/// ([RFC 9111 §4.1](https://www.rfc-editor.org/rfc/rfc9111#section-4.1)).
///
/// Each method answers [at once](Answer::Now), or [later](Answer::Later) with a future, which the
/// layer may drop when it takes too long. Dropped or not, what it was to do must be done whole or not
/// at all.
///
/// The calls for one key can come in any order and at the same time; a response that is put while
/// another one is put must not be lost.
pub trait Store: Send + Sync + 'static {
    /// Everything stored under a key, the newest first. Bodies may come along
    /// ([`Variant::body`]) or stay behind.
    fn get(&self, key: KeyRef<'_>) -> Answer<Variants>;

    /// These bytes of the body of a response that came without it, or `None` if it is gone.
    ///
    /// What the body gives behind its first piece has no time limit but the store's own: one that stalls has
    /// to fail at some time. What fails, or ends too early, is asked of the origin where that can be done.
    fn body(&self, key: &Key, id: u64, range: Range<u64>) -> Answer<Option<Body>>;

    /// Adds a response, which has a body, and forgets those of the numbers in `replaces` and any of
    /// the same number; and the oldest where there are more than [so many](Variants::MOST), as after a time in
    /// which nothing could be looked up. [`Variants::with`] does that.
    fn put(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Answer<()>;

    /// A way in for a response with a long body, which then need not be in memory as a whole. It costs
    /// nothing until something is written.
    ///
    /// Nothing, unless a store says otherwise: then bodies are held, within the layer's
    /// [`max_entry`](crate::CacheLayer::max_entry), until they are whole and can be [put](Self::put). That is
    /// right for a store whose bodies are in memory anyway. One that has a writer has it for every key.
    fn writer(&self, key: &Key) -> Option<Box<dyn Writer>> {
        let _ = key;
        None
    }

    /// Gives a response another head. Does nothing when it is gone.
    fn update(&self, key: &Key, id: u64, head: Head) -> Answer<()>;

    /// Forgets the responses of these numbers.
    fn remove(&self, key: &Key, ids: &[u64]) -> Answer<()>;

    /// Whether what is put here stays in this process, so that it may hold
    /// [secrets of requests](Head::tells_secrets). No, unless a store says so.
    fn keeps_secrets(&self) -> bool {
        false
    }

    /// What is made out of date here, for all layers that are given this store: what one of them makes out of
    /// date, the others do not serve from that moment on, nor store if they had asked for it before.
    ///
    /// It is the same each time, and that of all clones with the same content. A store that passes on what it
    /// is asked, and keeps nothing itself, gives that of the other one.
    ///
    /// Nothing, unless a store says otherwise: then only layers that were made from one, after it was
    /// [given the store](crate::CacheLayer::store), have one together.
    fn journal(&self) -> Option<Journal> {
        None
    }

    /// Forgets whatever the selector picks, and says how many responses that were. When it has answered,
    /// nothing that was put before it was asked may come back. It may take as long as it needs: one that fails,
    /// or whose future nothing wakes for a minute and that is then dropped, is asked again later; it need not be
    /// undone, nor go on.
    fn invalidate(&self, selector: &Selector) -> Answer<usize>;
}
