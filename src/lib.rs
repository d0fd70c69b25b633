//! Keeps the history of a user's accounts on every wiki of a farm.
//!
//! The rooms in reading order, lowest floor first; a room imports only from the floors below
//! (`docs/architecture.md`, held by a test).

pub mod clock; // floor 0: what time it is
pub mod model; // floor 0: the words

pub mod compare; // floor 1: two snapshots in, changes out
pub mod mediawiki; // floor 1: the only room that speaks HTTP
pub mod report; // floor 1: values in, text out
pub mod schedule; // floor 1: cron expression and time zone in, next tick out
pub mod store; // floor 1: the only room that speaks SQL

pub mod archive; // floor 2: one user's history as a folder of files, and back
pub mod collect; // floor 2: one run, from start to finish
pub mod daemon;
pub mod findings; // floor 2: rows of the history in, what they mean out // floor 2: wait for the tick or the signal, then act

pub mod config; // floor 3: three layers in, checked values out

pub mod cli; // floor 4: commands, a file each
