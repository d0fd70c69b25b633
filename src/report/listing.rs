//! What a command has to say: columns, cells, rows.

use std::{borrow::Cow, sync::Arc};

use super::UserPage;
use super::sanitize::{mask, visible};

/// Rows under named columns, and what to say when there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What has to be known before anything below it is believed: the first line of what people get.
    pub notice: Option<Notice>,
    /// What the rows are, in a few words: the caption in Markdown, wikitext and HTML. May be empty.
    pub title: String,
    /// From left to right.
    pub columns: Vec<Column>,
    /// Each with one cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// One sentence for a person, when there are no rows.
    pub empty: String,
    /// In wikitext, the wiki IDs in columns named `wiki` link to these. May be empty.
    pub pages: Vec<UserPage>,
}

impl Listing {
    /// A listing without rows yet.
    pub fn new(title: impl Into<String>, columns: Vec<Column>, empty: impl Into<String>) -> Self {
        Self {
            notice: None,
            title: title.into(),
            columns,
            rows: Vec::new(),
            empty: empty.into(),
            pages: Vec::new(),
        }
    }

    /// Adds a row of one cell a column.
    pub fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len(), "one cell a column");
        self.rows.push(row);
    }
}

/// A line above an answer: what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The line, without an end.
    pub text: String,
    /// Whether it has to stand out.
    pub is_warning: bool,
}

impl Notice {
    /// The line as people see it: one line of visible characters, which says if it is a warning.
    pub fn line(&self) -> String {
        let mark = if self.is_warning { "warning: " } else { "" };
        format!("{mark}{}", visible(&self.text))
    }
}

/// One column. Its texts may come from a wiki too: `groups --matrix` has a column a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The view's column name: key in JSON, header in CSV.
    pub name: Cow<'static, str>,
    /// The header for people.
    pub heading: Cow<'static, str>,
    /// How the column is laid out.
    pub kind: ColumnKind,
}

impl Column {
    /// A column by its name for programs, its heading for people, and its kind.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        heading: impl Into<Cow<'static, str>>,
        kind: ColumnKind,
    ) -> Self {
        Self {
            name: name.into(),
            heading: heading.into(),
            kind,
        }
    }
}

/// How a column is laid out; what may stand in its cells is the caller's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Running text, shortened with `…` where a terminal is too narrow.
    Text,
    /// A JSON text. People see a string without its quotes; programs get the text as the view has it. Shortened like `Text`.
    Json,
    /// A wiki ID, a state, a yes or no: never shortened.
    Word,
    /// An instant in ISO 8601: never shortened.
    Time,
    /// Aligned to the right, never shortened.
    Number,
    /// `+`, `-` or `~`, in colour where there is any.
    Change,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing: `null` in JSON, an empty cell elsewhere.
    Null,
    /// Any text, however hostile.
    Text(Arc<str>),
    /// Text that is masked unless the user asked to reveal it, such as an e-mail address.
    Private(String),
    /// A number.
    Integer(i64),
    /// `true` or `false`; *yes* or *no* to people.
    Boolean(bool),
}

impl Cell {
    /// The value as programs get it, still to be escaped.
    pub(super) fn exact(&self, reveal: bool) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Private(text) if reveal => Cow::Borrowed(text),
            Self::Private(text) => Cow::Owned(mask(text)),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Boolean(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
        }
    }

    /// The value as people see it in a column of that kind: one line of visible characters.
    pub(super) fn shown(&self, kind: ColumnKind, reveal: bool) -> Cow<'_, str> {
        if let Self::Boolean(flag) = self {
            return Cow::Borrowed(if *flag { "yes" } else { "no" });
        }
        let text = self.exact(reveal);
        match unquoted(kind, &text) {
            Some(string) => Cow::Owned(visible(&string).into_owned()),
            None => match text {
                Cow::Borrowed(text) => visible(text),
                Cow::Owned(text) => Cow::Owned(visible(&text).into_owned()),
            },
        }
    }
}

/// The string within a JSON text. The empty one keeps its quotes, or it would look like null.
fn unquoted(kind: ColumnKind, text: &str) -> Option<String> {
    (kind == ColumnKind::Json && text.starts_with('"'))
        .then(|| serde_json::from_str(text).ok())
        .flatten()
        .filter(|string: &String| !string.is_empty())
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Arc<str>> for Cell {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

impl From<&Arc<str>> for Cell {
    fn from(text: &Arc<str>) -> Self {
        Self::Text(Arc::clone(text))
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
