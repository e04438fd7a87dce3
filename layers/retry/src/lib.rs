//! Retries for tower with a budget, jitter, replayable bodies and a server's wishes
