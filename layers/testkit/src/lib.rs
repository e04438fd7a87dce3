//! A scripted service, a manual wall clock and the contract that every layer must pass.
