//! The map of rights: a section a group, a row a wiki, time from left to right.
//!
//! Wikis with the same history of a group share a row, and where a group still has many rows, all but the
//! latest become one row of how many wikis held it. So a thousand wikis fit on a page.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use chrono::{DateTime, Utc};

use super::strip::{self, State};
use super::words::{Words, counted, name, names, number};
use super::{Axis, Page};

/// A group has at most so many rows of its own before the rest become one, and the map so many groups.
const ROWS: usize = 10;
const GROUPS: usize = 40;

/// At most so many wikis are named in a row.
const NAMES: usize = 100;

/// One value that a group membership has had, from one look to another.
#[derive(Clone, Debug)]
pub struct Spell {
    /// The wiki; `global` for a global group.
    pub wiki: String,
    /// The group.
    pub group: String,
    /// When it was first seen.
    pub from: DateTime<Utc>,
    /// When it was first seen to be gone, or to have another expiry; `None`: it still holds.
    pub to: Option<DateTime<Utc>>,
    /// Since when nothing is known of it any more, of an account that is gone or out of sight.
    pub unknown_from: Option<DateTime<Utc>>,
    /// When it ends, while it still holds.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Which right was held when.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    /// All that has ever been held.
    pub spells: Vec<Spell>,
    /// When each wiki was first looked at.
    pub first_seen: BTreeMap<String, DateTime<Utc>>,
    /// The buckets of [`Axis`] in which a wiki was asked in vain.
    pub unread: BTreeMap<String, BTreeSet<usize>>,
    /// The buckets in which no run succeeded.
    pub dark: BTreeSet<usize>,
}

impl Rights {
    /// How many pairs of wiki and group are held now.
    pub(super) fn held_now(&self) -> usize {
        self.spells
            .iter()
            .filter(|spell| spell.to.is_none())
            .count()
    }
}

/// The wikis whose history of a group is the same.
struct Row<'a> {
    wikis: Vec<&'a str>,
    states: Vec<State>,
    /// Spells of the first wiki, renewals joined.
    spells: Vec<Spell>,
}

impl Row<'_> {
    fn is_held(&self) -> bool {
        self.spells.last().is_some_and(|spell| spell.to.is_none())
    }

    /// When something last began or ended here.
    fn latest(&self) -> DateTime<Utc> {
        let latest = self.spells.last();
        latest.map_or(DateTime::UNIX_EPOCH, |spell| spell.to.unwrap_or(spell.from))
    }
}

pub(super) fn write(out: &mut dyn Write, page: &Page) -> io::Result<()> {
    let (rights, axis, words) = (&page.rights, &page.timeline.axis, Words::of(page));
    if rights.spells.is_empty() {
        return writeln!(
            out,
            r#"<p class="note">No group has been held since the history began.</p>"#
        );
    }
    let mut groups: Vec<(&str, Vec<Row>)> = by_group(rights)
        .into_iter()
        .map(|(group, wikis)| (group, rows(rights, axis, wikis)))
        .collect();
    // Global groups first, then what happened last.
    groups.sort_by_key(|(group, rows)| {
        let is_global = rows.iter().any(|row| row.wikis.contains(&"global"));
        let latest = rows.iter().map(Row::latest).max();
        (!is_global, Reverse(latest), *group)
    });
    writeln!(
        out,
        r#"<p class="note">A bar tells of one {}. A renewal is no gap. Wikis with the same history share a row.</p>"#,
        axis.unit()
    )?;
    write_key(out, axis)?;
    writeln!(
        out,
        r#"<div class="scroll" role="region" aria-label="Rights over time" tabindex="0">
<table class="map"><caption>{} on {}, held now or before</caption>
<thead><tr><th scope="col">Right, wiki</th><th scope="col"><div class="along">{}<span>Held</span></div></th></tr></thead>"#,
        counted(groups.len(), "group"),
        counted(wikis(rights).len(), "wiki"),
        strip::labels(axis, 18)
    )?;
    let rest = groups.split_off(groups.len().min(GROUPS));
    for (group, rows) in &groups {
        write_group(out, axis, group, rows, words)?;
    }
    if !rest.is_empty() {
        let rows: Vec<&Row> = rest.iter().flat_map(|(_, rows)| rows).collect();
        let title = format!("{} more groups", number(rest.len()));
        writeln!(out, "<tbody>")?;
        write_many(out, axis, &title, &rows)?;
        writeln!(out, "</tbody>")?;
    }
    writeln!(out, "</table></div>")
}

fn wikis(rights: &Rights) -> BTreeSet<&str> {
    let wikis = rights.spells.iter().map(|spell| spell.wiki.as_str());
    wikis.collect()
}

fn by_group(rights: &Rights) -> BTreeMap<&str, BTreeMap<&str, Vec<&Spell>>> {
    let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<&Spell>>> = BTreeMap::new();
    for spell in &rights.spells {
        let wikis = groups.entry(&spell.group).or_default();
        wikis.entry(&spell.wiki).or_default().push(spell);
    }
    groups
}

/// The rows of one group, the latest first.
fn rows<'a>(rights: &Rights, axis: &Axis, wikis: BTreeMap<&'a str, Vec<&Spell>>) -> Vec<Row<'a>> {
    let mut alike: BTreeMap<Vec<State>, Row<'a>> = BTreeMap::new();
    for (wiki, spells) in wikis {
        let spells = joined(spells);
        let states = states(rights, axis, wiki, &spells);
        let row = alike.entry(states).or_insert_with_key(|states| Row {
            wikis: Vec::new(),
            states: states.clone(),
            spells,
        });
        row.wikis.push(wiki);
    }
    let mut rows: Vec<Row> = alike.into_values().collect();
    rows.sort_by_key(|row| (!row.is_held(), Reverse(row.latest()), row.wikis[0]));
    rows
}

/// Spells in order, renewals joined.
fn joined(mut spells: Vec<&Spell>) -> Vec<Spell> {
    spells.sort_by_key(|spell| spell.from);
    let mut joined: Vec<Spell> = Vec::new();
    for spell in spells {
        match joined.last_mut() {
            Some(before) if before.to.is_some_and(|to| to >= spell.from) => {
                let from = before.from;
                *before = spell.clone();
                before.from = from;
            }
            _ => joined.push(spell.clone()),
        }
    }
    joined
}

fn states(rights: &Rights, axis: &Axis, wiki: &str, spells: &[Spell]) -> Vec<State> {
    let mut states = vec![State::None; axis.len()];
    for spell in spells {
        let from = axis.bucket_of(spell.from).unwrap_or_default();
        let to = spell.to.map(|to| axis.bucket_of(to).unwrap_or_default());
        states[from..to.unwrap_or(axis.len())].fill(State::Held);
        // The first bucket is whole where the first look fell into it.
        if rights.first_seen.get(wiki) < Some(&spell.from) {
            states[from] = State::Part;
        }
        if let Some(to) = to {
            states[to] = State::Part;
        }
        let unknown = spell.unknown_from.and_then(|from| axis.bucket_of(from));
        if let Some(unknown) = unknown {
            states[(unknown + 1).min(axis.len())..].fill(State::Unknown);
        }
    }
    let none = BTreeSet::new();
    let unread = rights.unread.get(wiki).unwrap_or(&none);
    for bucket in unread.union(&rights.dark) {
        if let Some(state) = states.get_mut(*bucket) {
            *state = State::Unknown;
        }
    }
    let first = rights.first_seen.get(wiki);
    let first = first.and_then(|first| axis.bucket_of(*first));
    states[..first.unwrap_or_default()].fill(State::Before);
    states
}

fn write_key(out: &mut dyn Write, axis: &Axis) -> io::Result<()> {
    writeln!(out, r#"<ul class="key">"#)?;
    for state in State::ALL
        .into_iter()
        .filter(|state| *state != State::Before)
    {
        let sample = strip::states(&[state; 10]);
        let meaning = match state {
            State::Part => format!("held for a part of the {}", axis.unit()),
            state => state.meaning().to_owned(),
        };
        writeln!(out, "<li>{sample}{meaning}</li>")?;
    }
    writeln!(out, "<li>Left blank: {}</li></ul>", State::Before.meaning())
}

fn write_group(
    out: &mut dyn Write,
    axis: &Axis,
    group: &str,
    rows: &[Row],
    words: Words,
) -> io::Result<()> {
    let held = rows.iter().filter(|row| row.is_held());
    let held: usize = held.map(|row| row.wikis.len()).sum();
    let is_global = rows.iter().any(|row| row.wikis.contains(&"global"));
    let now = match (is_global, held) {
        (true | false, 0) => "not held now".to_owned(),
        (true, _) => "global".to_owned(),
        (false, held) => format!("now on {}", counted(held, "wiki")),
    };
    writeln!(
        out,
        r#"<tbody><tr><th class="group" scope="rowgroup" colspan="2">{} <span class="count">{now}</span></th></tr>"#,
        name(group)
    )?;
    // One row left over is shown rather than counted.
    let own = if rows.len() <= ROWS + 1 {
        rows.len()
    } else {
        ROWS
    };
    for row in &rows[..own] {
        write_row(out, row, words)?;
    }
    if own < rows.len() {
        let rest: Vec<&Row> = rows[own..].iter().collect();
        let wikis: usize = rest.iter().map(|row| row.wikis.len()).sum();
        let title = format!("{} more wikis", number(wikis));
        write_many(out, axis, &title, &rest)?;
    }
    writeln!(out, "</tbody>")
}

fn write_row(out: &mut dyn Write, row: &Row, words: Words) -> io::Result<()> {
    write!(out, r#"<tr><th scope="row">"#)?;
    match row.wikis.as_slice() {
        ["global"] => write!(out, "all wikis")?,
        [wiki] => write!(out, "{}", name(wiki))?,
        wikis => write_wikis(out, &counted(wikis.len(), "wiki"), wikis)?,
    }
    writeln!(
        out,
        r#"</th><td><div class="along">{}<span class="why">{}</span></div></td></tr>"#,
        strip::states(&row.states),
        said(row, words)
    )
}

fn write_wikis(out: &mut dyn Write, title: &str, wikis: &[&str]) -> io::Result<()> {
    let list = names(wikis.iter().copied(), NAMES);
    write!(
        out,
        "<details><summary>{title}</summary><p>{list}</p></details>"
    )
}

/// A row of how many wikis held it.
fn write_many(out: &mut dyn Write, axis: &Axis, title: &str, rows: &[&Row]) -> io::Result<()> {
    let mut counts = vec![0; axis.len()];
    for row in rows {
        for (count, state) in counts.iter_mut().zip(&row.states) {
            if matches!(state, State::Held | State::Part) {
                *count += row.wikis.len();
            }
        }
    }
    let most = counts.iter().copied().max().unwrap_or_default();
    let held = rows.iter().filter(|row| row.is_held());
    let held: usize = held.map(|row| row.wikis.len()).sum();
    let wikis: BTreeSet<&str> = rows.iter().flat_map(|row| &row.wikis).copied().collect();
    let wikis: Vec<&str> = wikis.into_iter().collect();
    write!(out, r#"<tr><th scope="row">"#)?;
    write_wikis(out, title, &wikis)?;
    writeln!(
        out,
        r#"</th><td><div class="along">{}<span class="why">how many: now {}, at most {}</span></div></td></tr>"#,
        strip::counts(&counts, most),
        number(held),
        number(most)
    )
}

/// What the picture of a row shows, in words.
fn said(row: &Row, words: Words) -> String {
    let Some(last) = row.spells.last() else {
        return String::new();
    };
    let is_known_before = row.states.first() != Some(&State::Held);
    let since = |spell: &Spell| {
        if is_known_before || row.spells.len() > 1 {
            format!("since {}", words.date(spell.from))
        } else {
            "since before the first look".to_owned()
        }
    };
    let before = match row.spells.len() {
        1 => String::new(),
        2 => "; once before".to_owned(),
        times => format!("; {} times before", number(times - 1)),
    };
    let now = match (last.to, last.unknown_from, last.expires_at) {
        (_, Some(from), _) => format!("{}, not known after {}", since(last), words.date(from)),
        (None, _, None) => since(last),
        (None, _, Some(end)) => format!("{}, ends {}", since(last), words.date(end)),
        (Some(to), ..) => words.between(last.from, to),
    };
    now + &before
}
