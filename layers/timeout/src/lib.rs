//! Time limits for tower: until the response's head, between body frames, over a whole call
