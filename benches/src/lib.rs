//! What each layer costs.
