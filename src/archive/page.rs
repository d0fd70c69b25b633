//! `index.html`: the folder for eyes, on one page.

use std::path::Path;

use super::{ArchiveError, Contents, Manifest, folder::Folder};
use crate::report::{
    Cell, Column, ColumnKind, Document, Format, Listing, Section, Style, write_document,
};

/// Writes the page. `listings` is what is shown of the subjects.
pub(super) fn write(
    folder: &mut Folder,
    manifest: &Manifest,
    mut listings: Vec<Listing>,
) -> Result<(), ArchiveError> {
    const PATH: &str = "index.html";
    let title = format!("Accounts of {}", manifest.user.name);
    listings.push(unreadable(manifest));
    listings.push(files(folder));
    let style = Style {
        reveal: true,
        ..Style::default()
    };
    let mut file = folder.file(PATH)?;
    let document = Document {
        notice: None,
        title,
        lead: sentences(manifest),
        sections: listings.into_iter().map(Section::of).collect(),
    };
    write_document(&mut file, &document, Format::Html, &style)
        .map_err(ArchiveError::io(Path::new(PATH)))?;
    folder.keep(file)
}

fn sentences(manifest: &Manifest) -> Vec<String> {
    let Manifest { as_of, runs, .. } = manifest;
    let contents = match manifest.contents {
        Contents::History => "With its whole history: sultrail import restores it.",
        _ => "Without its history, so it cannot be imported.",
    };
    vec![
        format!(
            "As of {} (run {}), from {} runs. {contents}",
            as_of.at, as_of.run, runs.count
        ),
        "manifest.json says what is in each file; schemas/ explains every field.".to_owned(),
    ]
}

fn unreadable(manifest: &Manifest) -> Listing {
    let columns = vec![
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("since", "since", ColumnKind::Time),
        Column::new("error", "why", ColumnKind::Text),
    ];
    let title = "Accounts that could not be read";
    let mut listing = Listing::new(title, columns, "None: every account could be read.");
    for account in &manifest.coverage.unreadable {
        listing.push(vec![
            account.wiki.as_str().into(),
            account.since.clone().into(),
            account.error.clone().into(),
        ]);
    }
    listing
}

fn files(folder: &Folder) -> Listing {
    let columns = vec![
        Column::new("path", "file", ColumnKind::Word),
        Column::new("lines", "lines", ColumnKind::Number),
        Column::new("bytes", "bytes", ColumnKind::Number),
    ];
    let mut listing = Listing::new("Files", columns, "None.");
    let number = |number: u64| Cell::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    for file in folder.files() {
        listing.push(vec![
            file.path.into(),
            number(file.lines),
            number(file.bytes),
        ]);
    }
    listing
}
