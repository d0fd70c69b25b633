//! One named fact of an account, and what it can be.

use std::{fmt, str::FromStr};

/// What a property is about. The names are those of the view `history`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Membership of a local group.
    Group,
    /// A local group that everybody of a kind has, such as `autoconfirmed`.
    ImplicitGroup,
    /// Membership of a global group.
    GlobalGroup,
    /// A preference as it takes effect on the wiki.
    Preference,
    /// A preference set for all wikis.
    GlobalPreference,
    /// What a group held has as effect.
    Rights,
    /// A block of the account on one wiki.
    Block,
    /// A lock (or the hiding) of the global account.
    Lock,
    /// Who it is: name, numbers, registration, e-mail.
    Identity,
    /// What goes up by use, such as the edit count.
    Counter,
}

impl Kind {
    /// Every kind, in the order of the contract.
    pub const ALL: [Self; 10] = [
        Self::Group,
        Self::ImplicitGroup,
        Self::GlobalGroup,
        Self::Preference,
        Self::GlobalPreference,
        Self::Rights,
        Self::Block,
        Self::Lock,
        Self::Identity,
        Self::Counter,
    ];

    /// The name in the database and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::ImplicitGroup => "implicit_group",
            Self::GlobalGroup => "global_group",
            Self::Preference => "preference",
            Self::GlobalPreference => "global_preference",
            Self::Rights => "rights",
            Self::Block => "block",
            Self::Lock => "lock",
            Self::Identity => "identity",
            Self::Counter => "counter",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::as_str).join(", ");
                format!("no such kind; the kinds are {names}")
            })
    }
}

/// The name of one fact: what it is about, and which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Property {
    /// What it is about.
    pub kind: Kind,
    /// Which one: a group, an option, …
    pub name: String,
}

impl Property {
    /// A property of this kind and name.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { kind, name }
    }

    /// What has to be seen for its absence to mean something.
    pub fn subject(&self) -> Subject {
        match (self.kind, self.name.as_str()) {
            (Kind::Group, _) => Subject::Groups,
            (Kind::ImplicitGroup, _) => Subject::ImplicitGroups,
            (Kind::GlobalGroup, _) => Subject::GlobalGroups,
            (Kind::Counter, "latest_edit_at") => Subject::LatestEdit,
            (Kind::Counter, "edit_count") => Subject::EditCount,
            // The other counters are preferences in which software notes what the user has seen.
            (Kind::Preference | Kind::Counter, _) => Subject::Preferences,
            (Kind::GlobalPreference, _) => Subject::GlobalPreferences,
            (Kind::Rights, _) => Subject::Rights,
            (Kind::Block, _) => Subject::Blocks,
            (Kind::Lock, _) => Subject::Lock,
            (Kind::Identity, "local_user_id") => Subject::LocalUserId,
            (Kind::Identity, "registered_at") => Subject::Registration,
            (Kind::Identity, "first_edit_at") => Subject::FirstEdit,
            (Kind::Identity, "email" | "email_confirmed_at") => Subject::Email,
            (Kind::Identity, "home_wiki") => Subject::HomeWiki,
            (Kind::Identity, _) => Subject::Name,
        }
    }
}

/// What an answer covers or not, all at once: without the grant for it, an answer says nothing
/// about the e-mail address, and that is not the same as having none.
///
/// The numbers are bits kept in the database; never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Subject {
    /// Local groups.
    Groups = 1,
    /// Implicit local groups.
    ImplicitGroups = 1 << 1,
    /// Global groups.
    GlobalGroups = 1 << 2,
    /// Preferences in effect.
    Preferences = 1 << 3,
    /// Preferences for all wikis.
    GlobalPreferences = 1 << 4,
    /// Effect of groups.
    Rights = 1 << 5,
    /// Blocks of the account.
    Blocks = 1 << 6,
    /// Lock and hiding.
    Lock = 1 << 7,
    /// The name.
    Name = 1 << 8,
    /// The local user ID.
    LocalUserId = 1 << 9,
    /// The registration.
    Registration = 1 << 10,
    /// The first visible edit.
    FirstEdit = 1 << 11,
    /// The e-mail address and its confirmation.
    Email = 1 << 12,
    /// Where the global account started.
    HomeWiki = 1 << 13,
    /// The edit count.
    EditCount = 1 << 14,
    /// The latest edit.
    LatestEdit = 1 << 15,
}

impl Subject {
    /// Every subject with its name in exports. Names are never reused either.
    pub const NAMES: [(Self, &'static str); 16] = [
        (Self::Groups, "groups"),
        (Self::ImplicitGroups, "implicit_groups"),
        (Self::GlobalGroups, "global_groups"),
        (Self::Preferences, "preferences"),
        (Self::GlobalPreferences, "global_preferences"),
        (Self::Rights, "rights"),
        (Self::Blocks, "blocks"),
        (Self::Lock, "lock"),
        (Self::Name, "name"),
        (Self::LocalUserId, "local_user_id"),
        (Self::Registration, "registration"),
        (Self::FirstEdit, "first_edit"),
        (Self::Email, "email"),
        (Self::HomeWiki, "home_wiki"),
        (Self::EditCount, "edit_count"),
        (Self::LatestEdit, "latest_edit"),
    ];

    /// The subject of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.into_iter().find(|(_, known)| *known == name);
        found.map(|(subject, _)| subject)
    }
}

/// What a property is, as JSON text in one normal form, so that equal facts are equal text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value {
    json: String,
    is_default: Option<bool>,
    is_withheld: bool,
}

impl Value {
    /// How the JSON text of a value begins that is kept as a keyed hash.
    pub const REDACTED: &'static str = "\"hmac-sha256:";

    /// A value from a JSON value.
    pub fn new(json: &serde_json::Value) -> Self {
        Self::from_json_text(json.to_string())
    }

    /// A value from JSON text that is in its normal form already.
    pub fn from_json_text(json: impl Into<String>) -> Self {
        Self {
            json: json.into(),
            is_default: None,
            is_withheld: false,
        }
    }

    /// The same value, knowing whether it is the wiki's default.
    pub fn with_default(mut self, is_default: Option<bool>) -> Self {
        self.is_default = is_default;
        self
    }

    /// The same value, knowing whether it stands for one that an export withheld.
    pub fn with_withheld(mut self, is_withheld: bool) -> Self {
        self.is_withheld = is_withheld;
        self
    }

    /// Whether it stands for a value that is not known here: the export that it was restored from
    /// showed it masked, or as the hash by a key that it did not give away.
    pub fn is_withheld(&self) -> bool {
        self.is_withheld
    }

    /// The value as JSON text.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Whether it is kept as a keyed hash.
    pub fn is_redacted(&self) -> bool {
        self.json.starts_with(Self::REDACTED)
    }

    /// Whether it is the wiki's default; `None` where that means nothing.
    pub fn is_default(&self) -> Option<bool> {
        self.is_default
    }
}
