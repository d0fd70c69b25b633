//! Tables on terminals of all widths, of names in all scripts.

use super::super::*;
use super::{on_terminal, print};

/// A row as `diff` has it: the widest table of all.
fn diff() -> Listing {
    let columns = vec![
        Column::new("change", " ", ColumnKind::Change),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("kind", "kind", ColumnKind::Word),
        Column::new("name", "name", ColumnKind::Word),
        Column::new("before", "before", ColumnKind::Json),
        Column::new("after", "after", ColumnKind::Json),
        Column::new("happened_after", "happened after", ColumnKind::Time),
        Column::new("happened_by", "and by", ColumnKind::Time),
        Column::new("cause", "cause", ColumnKind::Word),
    ];
    let mut listing = Listing::new("Changes", columns, "None.");
    let (from, to) = ("2026-11-17T15:36:24Z", "2026-11-18T15:36:24Z");
    for (change, wiki, kind, name, before, after, cause) in [
        (
            "-",
            "commonswiki",
            "group",
            "sysop",
            Some(r#""2026-11-18T06:36:24Z""#),
            None,
            "expiry",
        ),
        (
            "~",
            "hewiki",
            "preference",
            "כלי-עזר",
            Some(r#""שלום עולם, טקסט ארוך מאוד""#),
            Some("12"),
            "user",
        ),
        (
            "~",
            "jawiki",
            "preference",
            "日本語の設定の名前",
            Some(r#""👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽""#),
            Some(r#""e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301""#),
            "global-preference",
        ),
    ] {
        listing.push(vec![
            change.into(),
            wiki.into(),
            kind.into(),
            name.into(),
            before.into(),
            after.into(),
            from.into(),
            to.into(),
            cause.into(),
        ]);
    }
    listing
}

/// The table without its isolates and marks, with the end of each line, and accents in one piece.
fn drawn(width: usize) -> String {
    let table = print(&diff(), Format::Table, on_terminal(width));
    let shown = table
        .replace('\u{2068}', "")
        .replace("\u{2069}\u{200e}", "");
    shown.replace("e\u{301}", "é").replace('\n', "$\n")
}

#[test]
fn a_wide_terminal_shows_all() {
    insta::assert_snapshot!(drawn(150), @r#"
       wiki         kind        name                before                     after      happened after        and by                cause$
    -  commonswiki  group       sysop               2026-11-18T06:36:24Z                  2026-11-17T15:36:24Z  2026-11-18T15:36:24Z  expiry$
    ~  hewiki       preference  כלי-עזר             שלום עולם, טקסט ארוך מאוד  12         2026-11-17T15:36:24Z  2026-11-18T15:36:24Z  user$
    ~  jawiki       preference  日本語の設定の名前  👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽             ééééééééé  2026-11-17T15:36:24Z  2026-11-18T15:36:24Z  global-preference$
    "#);
}

#[test]
fn a_usual_terminal_shows_a_table() {
    insta::assert_snapshot!(drawn(120), @r#"
       wiki         kind        name                before            after      happened af…  and by      cause$
    -  commonswiki  group       sysop               2026-11-18T06:3…             2026-11-17    2026-11-18  expiry$
    ~  hewiki       preference  כלי-עזר             שלום עולם, טקסט…  12         2026-11-17    2026-11-18  user$
    ~  jawiki       preference  日本語の設定の名前  👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽    ééééééééé  2026-11-17    2026-11-18  global-preference$
    "#);
    insta::assert_snapshot!(drawn(80), @r#"
       wiki      kind     name     before   after    happened …  and by      cause$
    -  commons…  group    sysop    2026-1…           2026-11-17  2026-11-18  expiry$
    ~  hewiki    prefer…  כלי-עזר  שלום ע…  12       2026-11-17  2026-11-18  user$
    ~  jawiki    prefer…  日本語…  👍🏽👍🏽👍🏽…  éééééé…  2026-11-17  2026-11-18  global…$
    "#);
}

#[test]
fn a_narrow_terminal_shows_blocks() {
    insta::assert_snapshot!(drawn(40), @r#"
                    -$
    wiki            commonswiki$
    kind            group$
    name            sysop$
    before          2026-11-18T06:36:24Z$
    happened after  2026-11-17T15:36:24Z$
    and by          2026-11-18T15:36:24Z$
    cause           expiry$
    $
                    ~$
    wiki            hewiki$
    kind            preference$
    name            כלי-עזר$
    before          שלום עולם, טקסט ארוך מא…$
    after           12$
    happened after  2026-11-17T15:36:24Z$
    and by          2026-11-18T15:36:24Z$
    cause           user$
    $
                    ~$
    wiki            jawiki$
    kind            preference$
    name            日本語の設定の名前$
    before          👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽$
    after           ééééééééé$
    happened after  2026-11-17T15:36:24Z$
    and by          2026-11-18T15:36:24Z$
    cause           global-preference$
    "#);
    insta::assert_snapshot!(drawn(1), @r#"
         -$
    wi…  comm…$
    ki…  group$
    na…  sysop$
    be…  2026…$
    ha…  2026…$
    an…  2026…$
    ca…  expi…$
    $
         ~$
    wi…  hewi…$
    ki…  pref…$
    na…  כלי-…$
    be…  שלום…$
    af…  12$
    ha…  2026…$
    an…  2026…$
    ca…  user$
    $
         ~$
    wi…  jawi…$
    ki…  pref…$
    na…  日本…$
    be…  👍🏽👍🏽…$
    af…  éééé…$
    ha…  2026…$
    an…  2026…$
    ca…  glob…$
    "#);
}

#[test]
fn a_table_of_very_many_columns_shows_blocks() {
    let wiki = Column::new("wiki", "wiki", ColumnKind::Word);
    let groups = [
        "bot",
        "bureaucrat",
        "extendedconfirmed",
        "קבוצה",
        "管理者",
        "sysop",
    ];
    let groups = groups.iter().cycle().take(30);
    let groups = groups.map(|name| Column::new(*name, *name, ColumnKind::Word));
    let columns: Vec<Column> = std::iter::once(wiki).chain(groups).collect();
    let mut listing = Listing::new("Groups by wiki", columns, "None.");
    let mut row = vec![Cell::from("dewiki")];
    row.resize(31, Cell::from(false));
    listing.push(row);
    let table = print(&listing, Format::Table, on_terminal(80));
    assert_eq!(table.lines().count(), 31);
    assert!(table.contains("extendedconfirmed  no\n"));
}
