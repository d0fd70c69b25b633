//! The only room that speaks HTTP: one user's way to the wikis of a farm.
//!
//! Questions and answers are plain values. What goes wrong comes out as what the caller is to do
//! about it ([`Failure`]). One module for each module of the API takes the wire's shapes in and gives
//! our words out. The room knows nothing of runs, of the database and of settings.

mod question; // what is asked, what came back, what it took. Plain values

mod contact; // who runs this program, as the User-Agent says
mod hosts; // which hosts may be asked at all: only this makes an `Api`

mod bot_password; // what one is, and what the answer to a login means. Pure
mod cookies; // one jar an account, kept across runs
mod credential; // OAuth 2, OAuth 1.0a, bot password, none: who asks
mod oauth1; // a signature for each request

mod error; // what went wrong, as what the caller may do about it
mod retry; // whether and when to ask again. Pure
mod verdict; // what an answer means: every status and error code. Pure

mod pace; // how fast: one budget for the whole account, few in flight
mod tempo; // the arithmetic of it: what is counted, when the next moment is

mod client; // one question, asked until it is settled
mod login; // the client logs in with a bot password: once a wiki, never after a refusal
mod request; // one request with its headers: the one place where secrets go into it
mod wire; // one request sent and read: time, size and redirects held

pub mod contributions; // what the user did on one wiki
pub mod evidence; // an answer as it is kept
pub mod global_preferences; // what is set for all wikis
pub mod global_user_info; // the global account and what is attached to it
pub mod identity; // who we are to the central wiki
pub mod logs; // who did it, and why
pub mod rename_status; // whether a rename is under way
pub mod user_info; // the state of one account

mod list_page; // one page of a list, and where it goes on
mod options; // preferences in one normal form
mod php_json; // JSON as PHP prints it
mod redact; // what is kept as a keyed hash

#[cfg(test)]
mod test_server; // answers with the bytes it is told to

pub use client::{Client, ClientOptions, NewClientError, Timeouts};
pub use contact::{ContactRefused, check_contact};
pub use credential::{Credential, CredentialKind, ParseCredentialError, ParseCredentialKindError};
pub use error::{Failure, Reason};
pub use hosts::{AllowedHosts, Api, HostRefused};
pub use list_page::{Page, Start};
pub use options::fell_to_defaults;
pub use pace::{Pace, PaceOptions, PaceSummary, Rate};
pub use question::{Answer, Purpose, Question, Reply, RequestRecord};
pub use redact::{EmailPrivacy, Redaction, matches};
pub use user_info::Unusable;
