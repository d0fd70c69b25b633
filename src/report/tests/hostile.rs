//! What every format promises about text from strangers.

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::super::sanitize::is_invisible;
use super::super::*;
use super::{PIPE, comments, on_terminal, print};

/// Pieces that mean something to a terminal, a spreadsheet, a browser or a wiki, and any characters between them.
fn hostile() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "\x1b[2J",
        "\r\n",
        "\t",
        "\"",
        "'",
        "=1+1",
        "+",
        "-",
        "@SUM(A1)",
        "@alice",
        "#1",
        "|",
        "||",
        "|-",
        "|}",
        "\\",
        "`",
        "``",
        "**",
        "_",
        "~~",
        "~~~~",
        "[[a]]",
        "[a](b)",
        "{{x}}",
        "}}",
        "{{{1}}}",
        "-{",
        "__TOC__",
        "http://a.b",
        "www.a.b",
        "a@b.c",
        "<script>",
        "</td>",
        "</nowiki>",
        "<nowiki/>",
        "<!--",
        "-->",
        "&amp;",
        "&#60;",
        "日本",
        "שלום",
        "\u{202e}",
        "\u{2066}",
        "❤\u{fe0f}",
        "e\u{301}",
        "null",
        " ",
        "🏴\u{e0067}",
    ]);
    let piece = prop_oneof![
        4 => known.prop_map(str::to_owned),
        2 => any::<char>().prop_map(String::from),
        2 => "[ -~]{0,8}",
        1 => "\\p{Cf}",
        1 => "\\p{Cc}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// A listing in which everything that may come from a wiki is that text.
fn listing_of(text: &str) -> Listing {
    let kinds = [
        ColumnKind::Text,
        ColumnKind::Json,
        ColumnKind::Change,
        ColumnKind::Word,
        ColumnKind::Number,
    ];
    let columns = (0..).zip(kinds).map(|(i, kind)| {
        let name = if i == 0 {
            text.to_owned()
        } else {
            i.to_string()
        };
        Column::new(name, text.to_owned(), kind)
    });
    let json = serde_json::Value::from(text).to_string();
    let private = Cell::Private(text.to_owned());
    Listing {
        notice: Some(Notice {
            text: text.to_owned(),
            is_warning: true,
        }),
        title: text.to_owned(),
        columns: columns.collect(),
        rows: vec![vec![
            text.into(),
            json.into(),
            text.into(),
            private,
            text.into(),
        ]],
        empty: text.to_owned(),
        pages: Vec::new(),
    }
}

fn tags(html: &str) -> Vec<&str> {
    let starts = html.match_indices('<').map(|(start, _)| &html[start..]);
    starts
        .map(|tag| tag.split_inclusive('>').next().unwrap_or(tag))
        .collect()
}

/// Whether a line of wikitext holds no sign of markup but one `<nowiki>` around entities.
fn is_inert(cell: &str) -> bool {
    let inner = cell
        .strip_prefix("<nowiki>")
        .and_then(|cell| cell.strip_suffix("</nowiki>"));
    match inner {
        Some(text) => text.split('&').enumerate().all(|(i, part)| {
            let entity = part.strip_prefix('#').and_then(|part| part.split_once(';'));
            let rest = if i == 0 {
                Some(part)
            } else {
                entity.map(|(_, rest)| rest)
            };
            rest.is_some_and(|rest| {
                !rest.contains(['<', '[', '{', '|', '}', ']', '\'', '~', '_', '&', '#'])
            })
        }),
        None => cell
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':')),
    }
}

proptest! {
    #[test]
    fn no_format_lets_a_control_or_invisible_character_through(text in hostile()) {
        let mut listing = listing_of(&text);
        for _ in 0..2 {
            for format in Format::ALL {
                for reveal in [false, true] {
                    let out = print(&listing, format, Style { reveal, ..PIPE });
                    let bad = out.chars().find(|&c| c != '\n' && is_invisible(c));
                    prop_assert_eq!(bad, None, "{}", format.name());
                    let colored = Style { color: true, width: Some(40), reveal };
                    let out = print(&listing, format, colored);
                    let ours = ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\u{2068}", "\u{2069}", "\u{200e}"];
                    let rest = ours.iter().fold(out, |out, own| out.replace(own, ""));
                    let bad = rest.chars().find(|&c| c != '\n' && is_invisible(c));
                    prop_assert_eq!(bad, None, "{} on a terminal", format.name());
                }
            }
            listing.rows.clear();
        }
    }

    #[test]
    fn every_format_and_control_character_is_made_visible(c in "[\\p{Cf}\\p{Cc}\\p{Zl}\\p{Zp}]") {
        prop_assert!(visible(&c).chars().all(|c| c.is_ascii_graphic()));
    }

    #[test]
    fn made_visible_twice_is_made_visible_once(text in hostile()) {
        let once = visible(&text);
        prop_assert_eq!(visible(&once), once.as_ref());
    }

    #[test]
    fn a_row_is_a_line_in_tables_jsonl_and_csv(text in hostile()) {
        let listing = listing_of(&text);
        // The notice of a table is a line of its own.
        for (format, lines) in [(Format::Jsonl, 1), (Format::Csv, 2), (Format::Table, 3)] {
            prop_assert_eq!(print(&listing, format, PIPE).matches('\n').count(), lines);
        }
    }

    #[test]
    fn json_comes_back_exactly(text in hostile()) {
        let mut listing = listing_of(&text);
        listing.columns[0].name = format!("name {text}").into();
        let name = &listing.columns[0].name;
        let document = print(&listing, Format::Json, PIPE);
        let rows: Vec<serde_json::Map<_, _>> = serde_json::from_str(&document).expect("a document");
        let line: serde_json::Map<_, _> =
            serde_json::from_str(&print(&listing, Format::Jsonl, PIPE)).expect("an object a line");
        prop_assert_eq!(&rows[0], &line);
        prop_assert_eq!(&line[name.as_ref()], &serde_json::Value::from(text.as_str()));
        prop_assert_eq!(&line["1"], &serde_json::Value::from(serde_json::Value::from(text).to_string()));
    }

    #[test]
    fn no_csv_cell_is_a_formula(text in hostile()) {
        let out = print(&listing_of(&text), Format::Csv, PIPE);
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_bytes());
        for record in reader.records() {
            let record = record.expect("five cells a record");
            prop_assert_eq!(record.len(), 5);
            for (i, cell) in record.iter().enumerate() {
                let sign = i == 2 && matches!(cell, "+" | "-");
                let start = cell.trim_start();
                prop_assert!(sign || !start.starts_with(['=', '+', '-', '@', '\t', '\r']), "{}", cell);
            }
        }
    }

    #[test]
    fn the_page_has_our_elements_only(text in hostile()) {
        // These have a title or a class of their own.
        let harmless = if matches!(text.as_str(), "" | "+" | "-" | "~") { &text } else { "x" };
        let hostile = print(&listing_of(&text), Format::Html, PIPE);
        let harmless = print(&listing_of(harmless), Format::Html, PIPE);
        prop_assert_eq!(tags(&hostile), tags(&harmless));
        prop_assert_eq!(hostile.matches('>').count(), harmless.matches('>').count());
    }

    #[test]
    fn wikitext_from_data_is_inert(text in hostile()) {
        for line in print(&listing_of(&text), Format::Wikitext, PIPE).lines() {
            if matches!(line, "{| class=\"wikitable sortable\"" | "|-" | "|}" | "|" | "" | "! scope=\"col\" | ") {
                continue;
            }
            if let Some(notice) = line.strip_prefix("'''") {
                let notice = notice.strip_suffix("'''").expect("the line is the notice");
                prop_assert!(is_inert(notice), "{}", line);
                continue;
            }
            let ours = ["|+ ", "! scope=\"col\" | ", "| style=\"text-align: right\" | ", "| "];
            let cell = ours.iter().find_map(|start| line.strip_prefix(start)).unwrap_or(line);
            prop_assert!(is_inert(cell), "{}", line);
        }
    }

    #[test]
    fn markdown_keeps_its_cells(text in hostile()) {
        let out = print(&listing_of(&text), Format::Markdown, PIPE);
        let notice = out.lines().next().expect("the notice").trim_matches('*');
        let cells = out.lines().filter(|line| line.starts_with('|'));
        for line in cells.clone() {
            prop_assert_eq!(line.matches('|').count(), 6);
        }
        for line in cells.chain([notice]) {
            let bare = line.replace("<!-- -->", "");
            let mut chars = bare.chars();
            while let Some(c) = chars.next() {
                if c == '\\' {
                    chars.next();
                } else {
                    prop_assert!(!"<>`*_[]~!{}@$\"^=".contains(c), "{}", line);
                }
            }
        }
    }

    #[test]
    fn columns_stand_below_each_other(text in hostile(), other in hostile()) {
        let table = print(&comments(&[&text, &other]), Format::Table, PIPE);
        let places = table.lines().skip(1).map(|line| {
            line.rfind("simplewiki").map(|place| line[..place].width())
        });
        let places: Vec<_> = places.collect();
        prop_assert_eq!(places[0], places[1]);
    }

    #[test]
    fn lines_fit_the_terminal(text in hostile(), width in 20_usize..120) {
        for listing in [comments(&[&text]), listing_of(&text), super::changes()] {
            // What stands above the table is a sentence, and the terminal's to wrap.
            let above = usize::from(listing.notice.is_some());
            let table = print(&listing, Format::Table, on_terminal(width));
            for line in table.lines().skip(above) {
                prop_assert!(line.width() <= width, "{}", line);
            }
        }
    }
}
