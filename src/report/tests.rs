//! What every format makes of one small listing; [`hostile`] has what it makes of anything.

mod hostile;
mod terminal;

use super::*;

const PIPE: Style = Style {
    color: false,
    width: None,
    reveal: false,
};

fn print(listing: &Listing, format: Format, style: Style) -> String {
    let mut out = Vec::new();
    write(&mut out, listing, format, &style).expect("a Vec takes everything");
    String::from_utf8(out).expect("all formats are UTF-8")
}

fn changes() -> Listing {
    let columns = vec![
        Column::new("change", "", ColumnKind::Change),
        Column::new("wiki", "Wiki", ColumnKind::Word),
        Column::new("name", "Name", ColumnKind::Text),
        Column::new("before", "Before", ColumnKind::Json),
        Column::new("is_default", "Default", ColumnKind::Word),
        Column::new("run", "Run", ColumnKind::Number),
        Column::new("happened_by", "Seen", ColumnKind::Time),
    ];
    let mut listing = Listing::new("Changes of Alice", columns, "Nothing changed.");
    let time = "2026-11-21T03:17:04Z";
    listing.push(vec![
        "~".into(),
        "enwiki".into(),
        "skin".into(),
        r#""vector""#.into(),
        true.into(),
        42_i64.into(),
        time.into(),
    ]);
    listing.push(vec![
        "-".into(),
        "jawiki".into(),
        "日本語 | =1".into(),
        r#""""#.into(),
        false.into(),
        (-5_i64).into(),
        Cell::Null,
    ]);
    listing.push(vec![
        "+".into(),
        "hewiki".into(),
        "<b>\u{1b}[31m\u{202e}".into(),
        Cell::Private(r#""alice@example.org""#.to_owned()),
        Cell::Null,
        7_u32.into(),
        time.into(),
    ]);
    listing
}

#[test]
fn table() {
    insta::assert_snapshot!(print(&changes(), Format::Table, PIPE), @r#"
       Wiki    Name                 Before            Default  Run  Seen
    ~  enwiki  skin                 vector            yes       42  2026-11-21T03:17:04Z
    -  jawiki  日本語 | =1          ""                no        -5
    +  hewiki  <b>\x1b[31m\u{202e}  a***@example.org             7  2026-11-21T03:17:04Z
    "#);
}

#[test]
fn json() {
    insta::assert_snapshot!(print(&changes(), Format::Json, PIPE), @r#"
    [
      {
        "change": "~",
        "wiki": "enwiki",
        "name": "skin",
        "before": "\"vector\"",
        "is_default": true,
        "run": 42,
        "happened_by": "2026-11-21T03:17:04Z"
      },
      {
        "change": "-",
        "wiki": "jawiki",
        "name": "日本語 | =1",
        "before": "\"\"",
        "is_default": false,
        "run": -5,
        "happened_by": null
      },
      {
        "change": "+",
        "wiki": "hewiki",
        "name": "<b>\u001b[31m\u202e",
        "before": "\"a***@example.org\"",
        "is_default": null,
        "run": 7,
        "happened_by": "2026-11-21T03:17:04Z"
      }
    ]
    "#);
}

#[test]
fn jsonl() {
    insta::assert_snapshot!(print(&changes(), Format::Jsonl, PIPE), @r#"
    {"change":"~","wiki":"enwiki","name":"skin","before":"\"vector\"","is_default":true,"run":42,"happened_by":"2026-11-21T03:17:04Z"}
    {"change":"-","wiki":"jawiki","name":"日本語 | =1","before":"\"\"","is_default":false,"run":-5,"happened_by":null}
    {"change":"+","wiki":"hewiki","name":"<b>\u001b[31m\u202e","before":"\"a***@example.org\"","is_default":null,"run":7,"happened_by":"2026-11-21T03:17:04Z"}
    "#);
}

#[test]
fn csv() {
    insta::assert_snapshot!(print(&changes(), Format::Csv, PIPE), @r#"
    change,wiki,name,before,is_default,run,happened_by
    ~,enwiki,skin,"""vector""",true,42,2026-11-21T03:17:04Z
    -,jawiki,日本語 | =1,"""""",false,-5,
    +,hewiki,<b>\x1b[31m\u{202e},"""a***@example.org""",,7,2026-11-21T03:17:04Z
    "#);
}

#[test]
fn markdown() {
    insta::assert_snapshot!(print(&changes(), Format::Markdown, PIPE), @r#"
    **Changes of Alice**

    |  | Wiki | Name | Before | Default | Run | Seen |
    | --- | --- | --- | --- | --- | --: | --- |
    | \~ | enwiki | skin | vector | yes | 42 | 2026-11-21T03:17:04Z |
    | - | jawiki | 日本語 &#124; \=1 | \"\" | no | -5 |  |
    | + | hewiki | \<b\>\\x1b\[31m\\u\{202e\} | a\*\*\*\@<!-- -->example.org |  | 7 | 2026-11-21T03:17:04Z |
    "#);
}

#[test]
fn wikitext() {
    insta::assert_snapshot!(print(&changes(), Format::Wikitext, PIPE), @r#"
    {| class="wikitable sortable"
    |+ <nowiki>Changes of Alice</nowiki>
    |-
    ! scope="col" | 
    ! scope="col" | Wiki
    ! scope="col" | Name
    ! scope="col" | Before
    ! scope="col" | Default
    ! scope="col" | Run
    ! scope="col" | Seen
    |-
    | <nowiki>&#126;</nowiki>
    | enwiki
    | skin
    | vector
    | yes
    | style="text-align: right" | 42
    | 2026-11-21T03:17:04Z
    |-
    | <nowiki>-</nowiki>
    | jawiki
    | <nowiki>日本語 &#124; &#61;1</nowiki>
    | <nowiki>&#34;&#34;</nowiki>
    | no
    | style="text-align: right" | <nowiki>-5</nowiki>
    |
    |-
    | <nowiki>+</nowiki>
    | hewiki
    | <nowiki>&#60;b&#62;\x1b&#91;31m\u&#123;202e&#125;</nowiki>
    | <nowiki>a&#42;&#42;&#42;@example.org</nowiki>
    |
    | style="text-align: right" | 7
    | 2026-11-21T03:17:04Z
    |}
    "#);
}

#[test]
fn html() {
    let page = print(&changes(), Format::Html, PIPE);
    let (head, body) = page.split_once("<body>").expect("a body");
    assert!(head.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
    insta::assert_snapshot!(body, @r#"
    <main tabindex="0">
    <table>
    <caption><h1>Changes of Alice</h1></caption>
    <thead>
    <tr><th scope="col"></th><th scope="col" class="word">Wiki</th><th scope="col">Name</th><th scope="col">Before</th><th scope="col" class="word">Default</th><th scope="col" class="number">Run</th><th scope="col" class="time">Seen</th></tr>
    </thead>
    <tbody>
    <tr><td class="altered">~</td><td class="word">enwiki</td><td>skin</td><td>vector</td><td class="word">yes</td><td class="number">42</td><td class="time">2026-11-21T03:17:04Z</td></tr>
    <tr><td class="removed">-</td><td class="word">jawiki</td><td>日本語 | =1</td><td>&quot;&quot;</td><td class="word">no</td><td class="number">-5</td><td class="time"></td></tr>
    <tr><td class="added">+</td><td class="word">hewiki</td><td>&lt;b&gt;\x1b[31m\u{202e}</td><td>a***@example.org</td><td class="word"></td><td class="number">7</td><td class="time">2026-11-21T03:17:04Z</td></tr>
    </tbody>
    </table>
    </main>
    </body>
    </html>
    "#);
}

#[test]
fn a_notice_is_the_first_line_for_people_and_no_data() {
    let noticed = |is_warning| Listing {
        notice: Some(Notice {
            text: "last good run: yesterday".to_owned(),
            is_warning,
        }),
        ..changes()
    };
    let first = |format, is_warning| {
        let out = print(&noticed(is_warning), format, PIPE);
        out.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(first(Format::Table, false), "last good run: yesterday");
    assert_eq!(
        first(Format::Table, true),
        "warning: last good run: yesterday"
    );
    assert_eq!(
        first(Format::Markdown, true),
        r"**warning\: last good run\: yesterday**"
    );
    assert_eq!(
        first(Format::Wikitext, true),
        "'''<nowiki>warning&#58; last good run&#58; yesterday</nowiki>'''"
    );
    let page = print(&noticed(true), Format::Html, PIPE);
    let (_, main) = page.split_once("<main").expect("the page has a main part");
    let first = main.lines().nth(1);
    assert_eq!(
        first,
        Some(r#"<p class="warning">warning: last good run: yesterday</p>"#)
    );
    for format in [Format::Json, Format::Jsonl, Format::Csv] {
        let out = print(&noticed(true), format, PIPE);
        assert_eq!(out, print(&changes(), format, PIPE), "{}", format.name());
    }
}

#[test]
fn says_when_there_is_nothing() {
    let nothing = Listing {
        rows: Vec::new(),
        ..changes()
    };
    let print = |format| print(&nothing, format, PIPE);
    assert_eq!(print(Format::Table), "Nothing changed.\n");
    assert_eq!(print(Format::Json), "[]\n");
    assert_eq!(print(Format::Jsonl), "");
    assert_eq!(
        print(Format::Csv),
        "change,wiki,name,before,is_default,run,happened_by\n"
    );
    assert_eq!(
        print(Format::Markdown),
        "**Changes of Alice**\n\n*Nothing changed.*\n"
    );
    assert_eq!(
        print(Format::Wikitext),
        "<nowiki>Nothing changed.</nowiki>\n"
    );
    assert!(print(Format::Html).contains("<p>Nothing changed.</p>"));
}

#[test]
fn reveals_private_text_in_every_format_when_asked() {
    let listing = changes();
    for format in Format::ALL {
        let masked = print(&listing, format, PIPE);
        let reveal = Style {
            reveal: true,
            ..PIPE
        };
        let revealed = print(&listing, format, reveal);
        assert!(!masked.contains("alice"), "{}", format.name());
        assert!(revealed.contains("alice"), "{}", format.name());
    }
}

#[test]
fn formats_are_found_by_name() {
    for format in Format::ALL {
        assert_eq!(Format::from_name(format.name()), Some(format));
    }
    assert_eq!(Format::from_name("yaml"), None);
}

#[test]
fn colors_changes_and_headings() {
    let style = Style {
        color: true,
        ..PIPE
    };
    let table = print(&changes(), Format::Table, style);
    assert!(table.contains("\x1b[1mWiki\x1b[0m"));
    for change in ["\x1b[33m~\x1b[0m", "\x1b[31m-\x1b[0m", "\x1b[32m+\x1b[0m"] {
        assert!(table.contains(change), "{table}");
    }
}

/// A wiki and a text of each given.
fn comments(texts: &[&str]) -> Listing {
    let columns = vec![
        Column::new("comment", "Comment", ColumnKind::Text),
        Column::new("wiki", "Wiki", ColumnKind::Word),
        Column::new("run", "Run", ColumnKind::Number),
    ];
    let mut listing = Listing::new("Comments", columns, "None.");
    for &text in texts {
        listing.push(vec![text.into(), "simplewiki".into(), 123_456_i64.into()]);
    }
    listing
}

fn on_terminal(width: usize) -> Style {
    Style {
        width: Some(width),
        ..PIPE
    }
}

#[test]
fn cuts_text_to_the_terminal_and_nothing_else() {
    let listing = comments(&[
        "a long comment, too long for this",
        "日本語の長いコメント",
        "ok",
    ]);
    insta::assert_snapshot!(print(&listing, Format::Table, on_terminal(32)), @r#"
    Comment       Wiki           Run
    a long comm…  simplewiki  123456
    日本語の長…   simplewiki  123456
    ok            simplewiki  123456
    "#);
    let piped = print(&listing, Format::Table, PIPE);
    assert!(piped.contains("a long comment, too long for this  simplewiki"));
}

#[test]
fn isolates_right_to_left_text_on_a_terminal_only() {
    let listing = comments(&["שלום"]);
    assert!(
        print(&listing, Format::Table, on_terminal(80)).contains("\u{2068}שלום\u{2069}\u{200e}")
    );
    assert!(print(&listing, Format::Table, PIPE).contains("שלום     simplewiki"));
}

#[test]
fn one_huge_value_does_not_pad_all_rows() {
    let huge = "x".repeat(10_000);
    let table = print(&comments(&[&huge, "short"]), Format::Table, PIPE);
    assert!(table.contains(&huge));
    assert!(table.lines().last().is_some_and(|line| line.len() < 200));
}
