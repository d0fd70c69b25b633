//! ROWS OF THE HISTORY IN, WHAT THEY MEAN OUT: ranked, grouped, summed up. Pure.
//!
//! A file a finding. A finding is plain data: tables, pages and calendars are made of it in `cli`
//! and `report`. `now` is an argument.

/// What happened in a time, ranked for people.
pub mod digest;
/// Where preferences differ between wikis.
pub mod drift;
/// What ends soon, and what should have ended.
pub mod expiring;
/// The whole life of one property.
pub mod life;
/// Which groups were held where through a time, and when that changed.
pub mod matrix;
/// Since when each right has been held without a gap.
pub mod tenure;

use chrono::{DateTime, Utc};

/// An instant as the views write it; `None` for anything else.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}
