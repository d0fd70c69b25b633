//! The only room that speaks SQL.
//!
//! One connection writes, and only while it holds the run lock; readers see each snapshot as soon
//! as it is recorded. `migrations/` explains the tables.

mod accounts;
mod answers;
mod backup;
mod causes;
mod changes;
mod contributions;
mod disagreements;
mod error;
mod figures;
mod files;
mod forget;
mod good_runs;
mod instants;
mod lines;
mod lists;
mod lock;
mod log_events;
mod marks;
mod numbers;
mod open;
mod overview;
mod periods;
mod preferences;
mod prune;
mod questions;
mod reading;
mod restoring;
mod rights;
mod runs;
mod snapshots;
mod standing;
mod traces;
mod upgrade;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::{Sqlite, SqlitePool, Transaction};

pub use accounts::{Account, Outline, User};
pub use answers::AnswerRow;
pub use backup::Copied;
pub use causes::{GlobalPreferenceChange, NewLogEvent, Unexplained};
pub use changes::{ChangeRow, Changes};
pub use contributions::{ContributionsRow, NewContributions};
pub use disagreements::DisagreementRow;
pub use error::StoreError;
pub use figures::{Figures, LastRun};
pub use forget::Holdings;
pub use good_runs::EndedRun;
pub use lines::{
    AsOf, BlockLine, ChangeLine, ContributionLine, CoverageLine, EditorRow, FirstEditLine,
    GroupChangeLine, GroupLine, HistoryLine, IdentityLine, LogEventLine, LoggedActionLine,
    OutOfSight, Owner, PreferenceLine, ReadingLine, RequestLine, RunLine, SnapshotLine, Unreadable,
};
pub use lists::{ListKey, ListKind, ListState, NewFirstEdit, PageEnd, Rename};
pub use lock::RunLock;
pub use log_events::LogEventRow;
pub use overview::{ChangeCounts, GroupSpell, RunOutline, UnreadSpan};
pub use periods::{ArrivalRow, BadRunRow, ChangeGroupRow, CoverageRow, UnreadRow};
pub use preferences::{PreferenceRow, Preferences};
pub use prune::Pruned;
pub use questions::{AccountRow, FailingRow, Filter, GroupRow, HistoryRow, Place, RunRow};
pub use reading::{ColumnType, Reading, VIEWS, ViewColumn, ViewValue};
pub use restoring::Restoring;
pub use rights::{GapRow, HeldRow, RightsLogRow};
pub use snapshots::Observed;
pub use standing::{EndingRow, ValueRow, WikiValueRow};
pub use traces::{Bytes, Trace};

/// The history of one or more users, in one SQLite file.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    path: PathBuf,
    /// To see whether they are still there; only for whoever writes.
    files: Option<files::Files>,
    opened: Arc<files::Opened>,
}

impl Store {
    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins to write. At once, since SQLite does not wait for a lock that a transaction comes to need
    /// half-way.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.refuse_if_replaced()?;
        self.pool
            .begin_with("begin immediate")
            .await
            .map_err(|error| self.error(error))
    }

    async fn commit(&self, transaction: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
        transaction
            .commit()
            .await
            .map_err(|error| self.error(error))
    }

    /// Closes the file; what was recorded is in it already.
    pub async fn close(self) {
        self.pool.close().await;
    }
}
