//! The lines of an export, a struct a file: what is written is what is read back.
//!
//! The fields stand in the order in which they are written; `schemas/` explains each.

use serde::{Deserialize, Serialize};

macro_rules! lines {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            #[expect(missing_docs, reason = "the fields are explained in schemas/")]
            pub struct $name {
                $(pub $field: $kind,)*
            }
        )*
    };
}

lines! {
    /// Who the user is on one wiki, or as the global account.
    IdentityLine {
        user: String,
        wiki: String,
        central_user_id: Option<i64>,
        local_user_id: Option<i64>,
        name: Option<String>,
        registered_at: Option<String>,
        first_edit_at: Option<String>,
        latest_edit_at: Option<String>,
        edit_count: Option<i64>,
        email: Option<String>,
        email_confirmed_at: Option<String>,
        home_wiki: Option<String>,
        locked: bool,
        hidden: bool,
    }

    /// A membership.
    GroupLine {
        user: String,
        wiki: String,
        kind: String,
        group_name: String,
        expires_at: Option<String>,
        valid_from: String,
        valid_to: Option<String>,
    }

    /// A preference of one wiki, or with `global` one for all wikis.
    PreferenceLine {
        user: String,
        wiki: String,
        kind: String,
        name: String,
        value: String,
        is_default: Option<bool>,
        valid_from: String,
        valid_to: Option<String>,
    }

    /// A block as it was observed.
    BlockLine {
        user: String,
        wiki: String,
        block_id: String,
        blocked_by: Option<String>,
        reason: Option<String>,
        blocked_at: Option<String>,
        expires_at: Option<String>,
        is_partial: Option<bool>,
        value: String,
        valid_from: String,
        seen_until: String,
        valid_to: Option<String>,
    }

    /// A group that came, went, or ends at another time.
    GroupChangeLine {
        run: i64,
        user: String,
        wiki: String,
        kind: String,
        group_name: String,
        change: String,
        before: Option<String>,
        after: Option<String>,
        happened_after: String,
        happened_by: String,
        cause: String,
        performer: Option<String>,
        comment: Option<String>,
    }

    /// An entry of a log.
    LogEventLine {
        user: String,
        logged_on: String,
        wiki: String,
        log_id: i64,
        r#type: String,
        action: String,
        logged_at: String,
        performer: Option<String>,
        comment: Option<String>,
        params: String,
        hidden: Option<String>,
    }

    /// The first edit of an account that can be seen.
    FirstEditLine {
        user: String,
        wiki: String,
        rev_id: i64,
        made_at: String,
    }

    /// An edit of the user.
    ContributionLine {
        user: String,
        wiki: String,
        rev_id: i64,
        parent_id: Option<i64>,
        page_id: Option<i64>,
        namespace: Option<i64>,
        title: Option<String>,
        made_at: String,
        comment: Option<String>,
        size: Option<i64>,
        size_diff: Option<i64>,
        is_new: bool,
        is_minor: bool,
        tags: String,
        hidden: Option<String>,
    }

    /// A logged action of the user.
    LoggedActionLine {
        user: String,
        wiki: String,
        log_id: i64,
        r#type: String,
        action: String,
        namespace: Option<i64>,
        title: Option<String>,
        done_at: String,
        comment: Option<String>,
        params: String,
        tags: String,
        hidden: Option<String>,
    }

    /// How far a list of a wiki has been read.
    ReadingLine {
        user: String,
        asked_on: String,
        list: String,
        about: String,
        read_until: Option<String>,
        go_on: Option<String>,
        finished_at: Option<String>,
        edit_count: Option<i64>,
    }

    /// A run.
    RunLine {
        run: i64,
        user: String,
        scope: String,
        trigger: String,
        status: String,
        started_at: String,
        finished_at: Option<String>,
        accounts: Option<i64>,
        unchanged: i64,
        changed: i64,
        first_seen: i64,
        failed: i64,
        requests: i64,
        error: Option<String>,
    }

    /// What has been observed of an account, and what could not be.
    CoverageLine {
        user: String,
        wiki: String,
        api_url: String,
        attached_at: Option<String>,
        attached_by: Option<String>,
        listed_from: String,
        listed_until: Option<String>,
        detached_at: Option<String>,
        first_run: Option<i64>,
        latest_run: Option<i64>,
        failing_since: Option<String>,
        subjects: Vec<String>,
        out_of_sight: Vec<OutOfSight>,
    }

    /// What could be seen once and cannot any more.
    OutOfSight {
        subject: String,
        seen_run: i64,
    }

    /// One account in one run: observed, or why not.
    SnapshotLine {
        run: i64,
        user: String,
        wiki: String,
        taken_at: String,
        outcome: String,
        changes: i64,
        error: Option<String>,
        after_ms: i64,
        duration_ms: Option<i64>,
        bytes: Option<i64>,
        waited_ms: Option<i64>,
    }

    /// A request that no snapshot tells of.
    RequestLine {
        run: i64,
        at_ms: i64,
        host: String,
        purpose: String,
        status: Option<i64>,
        duration_ms: i64,
        bytes: i64,
        attempt: i64,
        waited_ms: i64,
    }

    /// A value that a property has had.
    HistoryLine {
        user: String,
        wiki: String,
        kind: String,
        name: String,
        value: String,
        is_default: Option<bool>,
        valid_from: String,
        seen_until: String,
        valid_to: Option<String>,
        from_run: i64,
        seen_run: i64,
        ended_run: Option<i64>,
        withheld: bool,
    }

    /// A change.
    ChangeLine {
        run: i64,
        user: String,
        wiki: String,
        kind: String,
        name: String,
        change: String,
        before: Option<String>,
        after: Option<String>,
        happened_after: String,
        happened_by: String,
        cause: String,
        performer: Option<String>,
        comment: Option<String>,
        before_is_default: Option<bool>,
        after_is_default: Option<bool>,
        before_from: Option<i64>,
        before_seen: i64,
        logged_on: Option<String>,
        log_id: Option<i64>,
        is_open: bool,
    }

    /// The user as a whole.
    Owner {
        name: String,
        asked_as: String,
        central_api: String,
        central_user_id: Option<i64>,
        listed_at: Option<String>,
        paused_until: Option<String>,
    }

    /// As of which run, and when it ended or was last heard of.
    AsOf {
        run: i64,
        at: String,
    }

    /// An account that could not be read when it was last asked for, or has not been yet.
    Unreadable {
        wiki: String,
        since: Option<String>,
        error: Option<String>,
    }
}

/// An attached account as an editor of its wiki.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are explained in schemas/")]
#[expect(clippy::struct_excessive_bools, reason = "they are the object's own")]
pub struct EditorRow {
    pub wiki: String,
    pub api_url: String,
    pub identifier: Option<i64>,
    pub name: Option<String>,
    pub edit_count: Option<i64>,
    pub groups: String,
    pub date_started: Option<String>,
    pub is_bot: bool,
    pub is_admin: bool,
    pub is_patroller: bool,
    pub has_advanced_rights: bool,
}
