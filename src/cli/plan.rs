//! `plan`: what the next run will ask, and how long that takes.

use std::io::Write;

use super::{
    Context,
    collector::{self, Plan, Whose},
    exit::{Exit, Trouble},
    output::FormatArgument,
};
use crate::{
    mediawiki::{
        CredentialKind, Purpose, Question,
        global_user_info::{self, Found},
    },
    model::WikiId,
    report::{Column, ColumnKind, Listing},
    store::Store,
};

/// Whose run.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The user; may be left out where one is configured
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// How the operators of the wikis reach you: a page of yours or an e-mail address
    #[arg(long, value_name = "CONTACT")]
    contact: Option<String>,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let settings = context.settings()?;
    let whose = Whose {
        name: arguments.user.as_deref(),
        contact: arguments.contact.as_deref(),
    };
    let plan = collector::plan(&settings, &whose, &context.world.variables)?;
    let known = known_wikis(context, &plan).await?;
    let central = plan.central();
    let hosts = plan.hosts().clone();
    let wikis = match known {
        Some(wikis) => wikis,
        None => ask(context, &plan).await?,
    };
    // Each wiki wants a login of its own, which takes two requests.
    let each = if plan.auth() == CredentialKind::BotPassword {
        3
    } else {
        1
    };
    let contributions = plan.contribution_requests();
    let client = plan.client(&context.world.clock, None)?;
    let columns = vec![
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("api_url", "asked at", ColumnKind::Word),
        Column::new("asked", "asked", ColumnKind::Word),
    ];
    let mut listing = Listing::new("Plan", columns, "No attached accounts.");
    listing.push(vec![
        "global".into(),
        central.url().as_str().into(),
        true.into(),
    ]);
    let mut requests = each;
    for (wiki, address) in wikis {
        let api = hosts.api(&address);
        requests += u32::from(api.is_ok()) * each;
        let is_asked = api.is_ok();
        let shown = api.map_or(address, |api| api.url().to_string());
        listing.push(vec![wiki.to_string().into(), shown.into(), is_asked.into()]);
    }
    let per_minute = client.pace().per_minute();
    context.output().print(&listing, &arguments.format)?;
    if !context.common.quiet {
        let seconds = (f64::from(requests) * 60.0 / per_minute).ceil();
        let more = match contributions {
            None => "more only where something changed".to_owned(),
            Some(most) => format!("then up to {most} for contributions"),
        };
        let text = format!(
            "{requests} requests at {per_minute:.0} a minute: about {}; {more}",
            duration(seconds)
        );
        writeln!(context.world.stderr, "{text}")?;
    }
    Ok(Exit::Done)
}

/// The accounts as the last run listed them, with the address of each wiki.
async fn known_wikis(
    context: &Context<'_>,
    plan: &Plan<'_>,
) -> Result<Option<Vec<(WikiId, String)>>, Trouble> {
    let path = context.database();
    if !path.exists() {
        return Ok(None);
    }
    let store = Store::open_to_read(&path).await?;
    let central = plan.central();
    let user = store.user(central.url().as_str(), plan.user_name()).await?;
    let Some(user) = user.filter(|user| user.central_user_id.is_some()) else {
        return Ok(None);
    };
    let path = central.url().path().to_owned();
    let wikis = store.listed_wikis(user.id).await?.into_iter();
    let without_path = |url: String| url.strip_suffix(&path).map(str::to_owned).unwrap_or(url);
    Ok(Some(
        wikis.map(|(wiki, url)| (wiki, without_path(url))).collect(),
    ))
}

/// One request to the central wiki, before the first run. The list is public: no bot password is
/// tried for it.
async fn ask(context: &Context<'_>, plan: &Plan<'_>) -> Result<Vec<(WikiId, String)>, Trouble> {
    let user_name = plan.user_name();
    let asking = if plan.auth() == CredentialKind::BotPassword {
        plan.public_view()
    } else {
        plan.clone()
    };
    let parameters = global_user_info::question(global_user_info::Whose::Name(user_name));
    let question = Question::new(Purpose::Enumeration, parameters);
    let answer = asking.ask_once(context, &question).await?;
    let unreachable = |text: String| Trouble::new(Exit::Unreachable, text);
    match global_user_info::enumeration(&answer.body, answer.received_at) {
        Err(unusable) => Err(unreachable(unusable.to_string())),
        Ok(Found::Missing) => Err(Trouble::new(
            Exit::Failed,
            format!("the central wiki knows no global account {user_name:?}"),
        )),
        Ok(Found::Account(enumeration, _)) => {
            let attached = enumeration.attached.into_iter();
            Ok(attached
                .map(|account| (account.wiki, account.url))
                .collect())
        }
    }
}

fn duration(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}
