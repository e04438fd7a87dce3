//! A server's pushback, honoured by every request to the same key, as a tower layer
