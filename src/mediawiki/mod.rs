//! The only room that speaks HTTP: one user's way to the wikis of a farm.
//!
//! Questions and answers are plain values. What goes wrong comes out as what the caller is to do
//! about it ([`Failure`]). The room knows nothing of runs, of the database and of settings.
//!
//! What is asked, and what comes back (plain values): `question`.
//! Whom and as whom: `contact` (who runs this program), `hosts` (who may be asked at all: only this
//! makes an [`Api`]), `credential`, `oauth1`, `bot_password`, `cookies` (one jar an account).
//! How: `pace` (one budget for the whole account), `verdict` (what an answer means: every status and
//! error code), `retry` (whether and when to ask again), `error` (what went wrong), `wire` (one HTTP
//! request), `client` (one question, asked until it is settled).
//! One module of the API each, wire shape in, words out: `global_user_info`, `user_info`, `options`,
//! `logs`, `global_preferences`, `rename_status`, with `redact` (what is kept as a hash) and
//! `php_json` (JSON as PHP prints it).

mod bot_password;
mod client;
mod contact;
mod cookies;
mod credential;
mod error;
pub mod global_preferences;
pub mod global_user_info;
mod hosts;
pub mod logs;
mod oauth1;
mod options;
mod pace;
mod php_json;
mod question;
mod redact;
pub mod rename_status;
mod retry;
pub mod user_info;
mod verdict;
mod wire;

pub use client::{Client, ClientOptions, NewClientError, Timeouts};
pub use contact::{ContactRefused, check_contact};
pub use credential::{Credential, CredentialKind, ParseCredentialError, ParseCredentialKindError};
pub use error::{Failure, Reason};
pub use hosts::{AllowedHosts, Api, HostRefused};
pub use options::fell_to_defaults;
pub use pace::{Pace, PaceOptions, PaceSummary, Rate};
pub use question::{Answer, Purpose, Question, Reply, RequestRecord};
pub use redact::{EmailPrivacy, Redaction, matches};
pub use user_info::Unusable;
