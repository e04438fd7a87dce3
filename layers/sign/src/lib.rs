//! Signs each attempt of a request, as a tower layer.
