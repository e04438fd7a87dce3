//! Bounded concurrency with a priority queue, as a tower layer.
