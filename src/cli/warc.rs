//! `export --warc`: the answers that were kept, as a file that web archives read.

use std::path::Path;

use super::{
    Context,
    exit::{Exit, Trouble},
    whole_file::{WholeFile, unfinished},
};
use crate::{
    report::{WarcAnswer, write_warc_answer, write_warc_info},
    store::Store,
};

/// Writes the file, and says how many answers are in it.
pub(super) async fn run(
    context: &mut Context<'_>,
    store: &Store,
    user: Option<i64>,
    file: &Path,
) -> Result<Exit, Trouble> {
    let answers = write(store, user, file).await?;
    let line = format!("{}: {answers} answers", file.display());
    context.output().line(&crate::report::visible(&line))?;
    Ok(Exit::Done)
}

/// Writes every answer that is kept of a user (of all, if there are several and none is meant) into a
/// file that only its owner may read, whole or not at all. Returns how many there are.
async fn write(store: &Store, user: Option<i64>, file: &Path) -> Result<usize, Trouble> {
    let ids = store.answers(user).await?;
    let Some(newest) = ids.last() else {
        let text =
            "no answers are kept: keep_answers = \"changed\" in the configuration keeps them";
        return Err(Trouble::new(Exit::Failed, text));
    };
    let at = store.answer(*newest).await?.answer.received_at;
    let mut out = WholeFile::create(unfinished(file), 0o600)?;
    write_warc_info(&mut out, at)?;
    for id in &ids {
        let row = store.answer(*id).await?;
        let about = WarcAnswer {
            run: row.run,
            user: &row.user,
            wiki: &row.wiki,
            answer: &row.answer,
        };
        write_warc_answer(&mut out, about)?;
    }
    out.keep(file)?;
    Ok(ids.len())
}
