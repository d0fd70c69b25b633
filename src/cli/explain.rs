//! `explain`: one property, with all that is known of it.

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    history::private,
    output::FormatArgument,
    refuse_unknown_wiki,
};
use crate::{
    findings::{
        drift::EXCEPTION,
        life::{State, life},
    },
    model::{Kind, RunNumber, WikiId},
    report::{Column, ColumnKind, Document, Listing, Section},
    store::{Filter, Store, User},
};

/// Which property.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// On this wiki; global is the global account
    #[arg(value_name = "WIKI")]
    wiki: String,
    /// The property: a preference, a group, email, …
    #[arg(value_name = "NAME")]
    name: String,
    /// Its kind, where several kinds have this name
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.only(&store).await?;
    refuse_unknown_wiki(&store, Some(user.id), Some(&arguments.wiki)).await?;
    let kind = kind(&store, &user, arguments).await?;
    let mut lives = vec![Life::of(&store, &user, &arguments.wiki, kind, &arguments.name).await?];
    if kind == Kind::Preference {
        let exception = format!("{}{EXCEPTION}", arguments.name);
        lives.push(Life::of(&store, &user, &arguments.wiki, kind, &exception).await?);
        let (global, kind) = (WikiId::GLOBAL, Kind::GlobalPreference);
        lives.push(Life::of(&store, &user, global, kind, &arguments.name).await?);
    }
    if arguments.format.is_for_people() {
        let has_looked = store.global_preferences(user.id).await?.is_some();
        let failing = store.failing_accounts(user.id).await?;
        let failing = failing.into_iter().find(|row| row.wiki == arguments.wiki);
        let mut document = document(&lives, has_looked);
        document.notice = freshness::warning(context, &store, Some(user.id)).await?;
        if let Some(failing) = failing {
            let since = failing.failing_since;
            document.lead.push(format!(
                "{} could not be read since {since}: what happened there since then is not known.",
                failing.wiki
            ));
        }
        context
            .output()
            .print_document(&document, &arguments.format)?;
    } else {
        let mut listing = for_programs(&lives);
        listing.notice = freshness::warning(context, &store, Some(user.id)).await?;
        context.output().print(&listing, &arguments.format)?;
    }
    Ok(Exit::Done)
}

/// The kind of the property: the one that was named, or the only one of that name.
async fn kind(store: &Store, user: &User, arguments: &Arguments) -> Result<Kind, Trouble> {
    let known = store.property_names(user.id, &arguments.wiki).await?;
    let kinds: Vec<&str> = known
        .iter()
        .filter(|(_, name)| *name == arguments.name)
        .map(|(kind, _)| kind.as_str())
        .filter(|kind| arguments.kind.is_none_or(|asked| asked.as_str() == *kind))
        .collect();
    match kinds[..] {
        [kind] => kind
            .parse()
            .map_err(|error: String| Trouble::new(Exit::Failed, error)),
        [] => {
            let of_kind = known
                .iter()
                .filter(|(kind, _)| arguments.kind.is_none_or(|asked| asked.as_str() == kind))
                .map(|(_, name)| name.as_str());
            let nearest = nearest(&arguments.name, of_kind);
            let hint = nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"));
            let wiki = &arguments.wiki;
            let text = format!(
                "nothing called {:?} was seen on {wiki}{hint}",
                arguments.name
            );
            Err(Trouble::new(Exit::Failed, text))
        }
        _ => {
            let text = format!("say which with --kind: {}", kinds.join(", "));
            Err(Trouble::new(Exit::Usage, text))
        }
    }
}

/// The name that looks most like what was typed, if any does.
fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.75;
    let typed = typed.to_lowercase();
    names
        .map(|name| (strsim::jaro_winkler(&typed, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// A property and its states.
struct Life {
    user: String,
    wiki: String,
    kind: Kind,
    name: String,
    states: Vec<State>,
}

impl Life {
    async fn of(
        store: &Store,
        user: &User,
        wiki: &str,
        kind: Kind,
        name: &str,
    ) -> Result<Self, Trouble> {
        // A name may hold signs that mean something in a pattern.
        let filter = Filter {
            user: Some(user.id),
            wiki: Some(wiki.to_owned()),
            kind: Some(kind),
            name: Some(name.to_owned()),
        };
        let mut values = store.history(&filter).await?;
        values.retain(|row| row.name == name);
        let (first, last) = (RunNumber(0), RunNumber(i64::MAX));
        let changes = store.changes_between(&filter, first, last).await?;
        let changes = changes.rows().filter(|row| **row.name == *name);
        let changes: Vec<_> = changes.collect();
        Ok(Self {
            user: user.name.clone(),
            wiki: wiki.to_owned(),
            kind,
            name: name.to_owned(),
            states: life(&values, &changes),
        })
    }

    /// What it is now, if it is there.
    fn now(&self) -> Option<&State> {
        self.states
            .last()
            .filter(|state| state.value.is_some() && state.valid_to.is_none())
    }
}

/// A row a state, of the property and of those that bear on it.
fn for_programs(lives: &[Life]) -> Listing {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("kind", "kind", ColumnKind::Word),
        Column::new("name", "name", ColumnKind::Word),
        Column::new("value", "value", ColumnKind::Json),
        Column::new("is_default", "default", ColumnKind::Word),
        Column::new("happened_after", "happened after", ColumnKind::Time),
        Column::new("valid_from", "seen since", ColumnKind::Time),
        Column::new("seen_until", "seen until", ColumnKind::Time),
        Column::new("valid_to", "gone since", ColumnKind::Time),
        Column::new("cause", "cause", ColumnKind::Word),
        Column::new("performer", "performer", ColumnKind::Text),
        Column::new("comment", "comment", ColumnKind::Text),
    ];
    let mut listing = Listing::new("Explanation", columns, "Nothing of this is known.");
    for life in lives {
        for state in &life.states {
            listing.push(vec![
                life.user.as_str().into(),
                life.wiki.as_str().into(),
                life.kind.as_str().into(),
                life.name.as_str().into(),
                private(life.kind.as_str(), &life.name, state.value.clone()),
                state.is_default.into(),
                state.happened_after.clone().into(),
                state.valid_from.clone().into(),
                state.seen_until.clone().into(),
                state.valid_to.clone().into(),
                state.cause.clone().into(),
                state.performer.clone().into(),
                state.comment.clone().into(),
            ]);
        }
    }
    listing
}

/// What is so now, then the history of the property, and of those that bear on it.
fn document(lives: &[Life], has_looked: bool) -> Document {
    let mut document = Document::default();
    let Some(life) = lives.first() else {
        return document;
    };
    document.title = format!("{} {} on {}", life.kind, life.name, life.wiki);
    document
        .sections
        .push(Section::of(facts(lives, has_looked)));
    for life in lives.iter().filter(|life| !life.states.is_empty()) {
        let heading = if life.wiki == lives[0].wiki && life.name == lives[0].name {
            "History".to_owned()
        } else if life.kind == Kind::GlobalPreference {
            "For all wikis".to_owned()
        } else {
            "Local exception".to_owned()
        };
        let mut listing = history(life);
        listing.title = heading;
        document.sections.push(Section::of(listing));
    }
    document
}

/// What is so now.
fn facts(lives: &[Life], has_looked: bool) -> Listing {
    let columns = vec![
        Column::new("fact", "fact", ColumnKind::Word),
        Column::new("value", "value", ColumnKind::Json),
        Column::new("seen_until", "seen until", ColumnKind::Time),
    ];
    let mut listing = Listing::new("Now", columns, "Nothing of this is known.");
    let life = &lives[0];
    let now = life.now();
    let none: Option<&str> = None;
    listing.push(vec![
        "value".into(),
        match now {
            Some(state) => private(life.kind.as_str(), &life.name, state.value.clone()),
            None => "not there".into(),
        },
        now.and_then(|state| state.seen_until.clone()).into(),
    ]);
    if life.kind != Kind::Preference {
        return listing;
    }
    let is_default = now.and_then(|state| state.is_default);
    let default = life
        .states
        .iter()
        .rev()
        .find(|state| state.is_default == Some(true));
    match (is_default, default) {
        (Some(true), _) => listing.push(vec!["default".into(), "the same".into(), none.into()]),
        (_, Some(state)) => listing.push(vec![
            "default".into(),
            state.value.clone().into(),
            state.seen_until.clone().into(),
        ]),
        (Some(false), None) => {
            let text = "another, never observed";
            listing.push(vec!["default".into(), text.into(), none.into()]);
        }
        (None, None) => listing.push(vec!["default".into(), "not known".into(), none.into()]),
    }
    let exception = lives.get(1).and_then(Life::now);
    let is_set = |state: &State| !matches!(state.value.as_deref(), Some("0" | "null" | "\"\""));
    listing.push(vec![
        "local exception".into(),
        exception.is_some_and(is_set).into(),
        exception.and_then(|state| state.seen_until.clone()).into(),
    ]);
    let global = lives.get(2).and_then(Life::now);
    listing.push(vec![
        "for all wikis".into(),
        match global {
            Some(state) => state.value.clone().into(),
            None if has_looked => "not set".into(),
            None => "never looked at".into(),
        },
        global.and_then(|state| state.seen_until.clone()).into(),
    ]);
    listing
}

/// A row a state, as people want it.
fn history(life: &Life) -> Listing {
    let columns = vec![
        Column::new("value", "value", ColumnKind::Json),
        Column::new("is_default", "default", ColumnKind::Word),
        Column::new("happened_after", "happened after", ColumnKind::Time),
        Column::new("valid_from", "and by", ColumnKind::Time),
        Column::new("seen_until", "seen until", ColumnKind::Time),
        Column::new("cause", "cause", ColumnKind::Word),
        Column::new("performer", "by whom", ColumnKind::Text),
        Column::new("comment", "comment", ColumnKind::Text),
    ];
    let mut listing = Listing::new("History", columns, "Nothing of this is known.");
    for state in &life.states {
        let value = match &state.value {
            Some(_) => private(life.kind.as_str(), &life.name, state.value.clone()),
            None => "not there".into(),
        };
        let first = "first observation";
        listing.push(vec![
            value,
            state.is_default.into(),
            state.happened_after.clone().into(),
            state.valid_from.clone().into(),
            state.seen_until.clone().into(),
            state.cause.as_deref().unwrap_or(first).into(),
            state.performer.clone().into(),
            state.comment.clone().into(),
        ]);
    }
    listing
}
