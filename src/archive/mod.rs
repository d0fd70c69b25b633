//! One user's history as a folder of files that other programs read, and back.
//!
//! The same database gives the same bytes: everything is in order, and nothing depends on the clock
//! or on row numbers. So an import proves itself by exporting again what it has restored.

mod error;
mod export;
mod folder;
mod import;
mod manifest;
mod page;
#[cfg(feature = "parquet")]
mod parquet;
mod strict;
mod subjects;
mod table;

pub use error::ArchiveError;
pub use export::{Options, export};
pub use import::import;
pub use manifest::{Contents, FileEntry, Manifest};
