//! The integration tests, one binary: the program is started as users start it, against a farm of
//! wikis on loopback.

mod answers;
mod architecture;
mod bad_input;
mod bad_storage;
mod care;
mod cookbook;
mod corpus;
mod docs;
mod evidence;
mod farm;
mod findings;
mod freshness;
mod golden;
mod kills;
mod ledger;
mod life;
mod logs;
mod malformed;
mod metrics;
mod nights;
mod ordeal;
mod page;
mod past;
mod politeness;
mod portability;
mod reading;
mod recorded;
mod scene;
mod secrets;
mod snapshot;
mod trouble;
mod truth;
mod unattended;
mod upgrades;
mod watching;
