//! The integration tests, one binary: the program is started as users start it, against a farm of
//! wikis on loopback.

mod architecture;
mod farm;
