//! The words of this program: plain values, no I/O, no clock.
//!
//! They are MediaWiki's and CentralAuth's own terms; `docs/terms.md` explains each.

mod account;
mod answer;
mod change;
mod moment;
mod past;
mod property;
mod run;
mod snapshot;
#[cfg(test)]
mod tests;
mod wiki;
mod zone;

pub use account::{AttachedAccount, CentralUserId, Enumeration, GlobalAccount, same_name};
pub use answer::{KeepAnswers, KeptAnswer};
pub use change::{Cause, Change, Difference, change_sign};
pub use moment::{Moment, ParseMomentError, parse_age, utc_text};
pub use past::{Edit, Hidden, LoggedAction};
pub use property::{Kind, Property, Subject, Value};
pub use run::{Outcome, Request, RunNumber, RunStatus, Scope, Tally, Trigger};
pub use snapshot::{Coverage, Snapshot};
pub use wiki::{ParseWikiIdError, WikiId};
#[cfg(test)]
pub(crate) use zone::zone;
pub use zone::{ParseZoneError, Zone, ZoneOffset};
