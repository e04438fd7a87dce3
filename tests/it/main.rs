//! One binary of integration tests.

mod architecture;
