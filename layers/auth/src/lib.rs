//! Credentials that renew themselves and never go astray, as a tower layer.
