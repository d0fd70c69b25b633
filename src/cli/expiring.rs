//! `expiring`: what ends soon, as a listing or as a calendar.

use chrono::{DateTime, TimeDelta, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use sha2::{Digest, Sha256};

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    output::FormatArgument,
};
use crate::{
    findings::expiring::{Ending, Expiring, expiring},
    model::{Kind, parse_age, utc_text},
    report::{Column, ColumnKind, Event, Format, Listing},
    store::Store,
};

/// How soon, and how to say it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How far to look ahead: 30d, 8w
    #[arg(long, value_name = "AGE", default_value = "30d", value_parser = parse_age)]
    within: TimeDelta,
    #[command(flatten)]
    user: UserArgument,
    /// How to print the answer; ics is a calendar
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format_parser())]
    format: As,
    /// Print e-mail addresses and the like in full
    #[arg(long)]
    reveal: bool,
}

/// A listing in some format, or a calendar.
#[derive(Clone, Copy, Debug)]
enum As {
    Listing(Format),
    Calendar,
}

const CALENDAR: &str = "ics";

fn format_parser() -> impl TypedValueParser<Value = As> {
    let names = Format::ALL.map(Format::name).into_iter().chain([CALENDAR]);
    PossibleValuesParser::new(names)
        .map(|name| Format::from_name(&name).map_or(As::Calendar, As::Listing))
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.choose(&store).await?.map(|user| user.id);
    let now = context.world.clock.now();
    let found = find(&store, user, now, arguments.within).await?;
    match arguments.format {
        As::Listing(format) => {
            let format = FormatArgument {
                format,
                reveal: arguments.reveal,
            };
            let mut listing = listing(found, arguments.within);
            listing.notice = freshness::warning(context, &store, user).await?;
            context.output().print(&listing, &format)?;
        }
        As::Calendar => {
            let events: Vec<Event> = found.iter().map(event).collect();
            context.output().print_calendar(&events)?;
        }
    }
    Ok(Exit::Done)
}

/// What ends within a time from now, by its end.
pub(super) async fn find(
    store: &Store,
    user: Option<i64>,
    now: DateTime<Utc>,
    within: TimeDelta,
) -> Result<Vec<Expiring>, Trouble> {
    Ok(expiring(store.endings(user).await?, now, within))
}

/// What ends soon, as every format but the calendar shows it.
pub(super) fn listing(found: Vec<Expiring>, within: TimeDelta) -> Listing {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("kind", "kind", ColumnKind::Word),
        Column::new("name", "name", ColumnKind::Word),
        Column::new("expires_at", "ends", ColumnKind::Time),
        Column::new("days_left", "days left", ColumnKind::Number),
        Column::new("seen_until", "seen until", ColumnKind::Time),
        Column::new("state", "state", ColumnKind::Word),
    ];
    let empty = format!("Nothing ends within {} days.", within.num_days());
    let mut listing = Listing::new("Ending soon", columns, empty);
    for one in found {
        listing.push(vec![
            one.user.into(),
            one.wiki.into(),
            one.kind.into(),
            one.name.into(),
            utc_text(one.expires_at).into(),
            one.days_left.into(),
            utc_text(one.seen_until).into(),
            one.state.as_str().into(),
        ]);
    }
    listing
}

fn event(one: &Expiring) -> Event {
    let what = if one.kind == Kind::Block.as_str() {
        format!("Block on {}", one.wiki)
    } else if one.kind == Kind::GlobalGroup.as_str() {
        format!("Global group {}", one.name)
    } else {
        format!("{} on {}", one.name, one.wiki)
    };
    let state = match one.state {
        Ending::Held => "",
        Ending::Unseen => " It has not been read since.",
        Ending::Overdue => " It was still there after its end.",
    };
    Event {
        uid: uid(one),
        known_at: one.seen_until,
        at: one.expires_at,
        summary: format!("{what} ends"),
        description: format!(
            "Account of {}. Last observed {}.{state}",
            one.user,
            utc_text(one.seen_until)
        ),
    }
}

/// The same for the same end in every calendar, also after a rename, and without the user's name.
fn uid(one: &Expiring) -> String {
    let mut hash = Sha256::new();
    hash.update(one.user_number.to_le_bytes());
    for part in [&one.wiki, &one.kind, &one.name, &utc_text(one.expires_at)] {
        hash.update(part);
        hash.update([0xff]);
    }
    let digest = hash.finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    let number = u128::from_be_bytes(half);
    format!("{number:032x}@sultrail")
}
