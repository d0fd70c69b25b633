"""Reads the wikitext that the program wrote with a real parser: no markup in it may have come from data.

Usage: wikitext.py DIRECTORY, with the files that `cargo test` left of a hostile history, one a command.
Needs mwparserfromhell (tests/tools/requirements.txt).
"""

import re
import sys
from pathlib import Path

import mwparserfromhell
from mwparserfromhell.nodes import ExternalLink, Heading, HTMLEntity, Tag, Text, Wikilink

# The tags of our tables, and what they may carry.
OURS = {
    "table": {'class="wikitable sortable"'},
    "caption": set(),
    "tr": set(),
    "th": {'scope="col"'},
    "td": {'style="text-align: right"'},
}
LINK = re.compile(r":(?:[a-z]+:)+(?:[a-z-]+:)?User:[^\[\]{}|<>#~']+")
URL = re.compile(r"https?://[A-Za-z0-9.:/_-]+/index\.php\?title=User:[A-Za-z0-9%]+")
# The headings that need no nowiki.
HEADINGS = {"Now", "History", "Rights", "Preferences", "Counters"}
# What no parser of templates knows, but MediaWiki does.
MAGIC = re.compile(r"~~~|__[A-Za-z]+__|-\{|\b(?:RFC|PMID|ISBN) +\d")


def faults(wikicode):
    """All nodes that are neither text nor ours."""
    for node in wikicode.nodes:
        if isinstance(node, HTMLEntity):
            continue
        if isinstance(node, Text):
            if MAGIC.search(node.value):
                yield f"magic: {node.value!r}"
        elif isinstance(node, Wikilink):
            if not LINK.fullmatch(str(node.title)):
                yield f"link: {node}"
            if node.text is not None:
                yield from faults(node.text)
        elif isinstance(node, ExternalLink):
            if not node.brackets or not URL.fullmatch(str(node.url)):
                yield f"external link: {node}"
            if node.title is not None:
                yield from faults(node.title)
        elif isinstance(node, Tag) and str(node.tag) == "nowiki":
            # Entities and letters, and nothing that would end it.
            if re.search(r"[<>\[\]{}|]", str(node.contents)):
                yield f"nowiki: {node}"
        elif isinstance(node, Tag) and str(node.tag) in OURS:
            for attribute in node.attributes:
                if str(attribute).strip() not in OURS[str(node.tag)]:
                    yield f"attribute: {attribute}"
            if node.contents is not None:
                yield from faults(node.contents)
        else:
            yield f"{type(node).__name__}: {node}"


def is_ours(node):
    """Headings and the line above an answer stand outside of tables, and hold nothing but our words, or nowiki."""
    if isinstance(node, Heading):
        text, is_known = node.title, str(node.title).strip() in HEADINGS
    elif isinstance(node, Tag) and str(node.tag) in ("i", "b"):
        text, is_known = node.contents, False
    else:
        return False
    inner = [part for part in text.nodes if str(part).strip()]
    is_quoted = len(inner) == 1 and isinstance(inner[0], Tag) and str(inner[0].tag) == "nowiki"
    return is_known or (is_quoted and not list(faults(text)))


def ragged(wikicode):
    """Tables in which a row has more or fewer cells than another."""
    for table in wikicode.filter_tags(recursive=False, matches=lambda tag: str(tag.tag) == "table"):
        rows = table.contents.filter_tags(recursive=False, matches=lambda tag: str(tag.tag) == "tr")
        cells = lambda row: len(
            row.contents.filter_tags(recursive=False, matches=lambda tag: str(tag.tag) in ("td", "th"))
        )
        counts = {cells(row) for row in rows}
        if len(counts) != 1:
            yield f"rows of {sorted(counts)} cells"


def check(text):
    wikicode = mwparserfromhell.parse(text)
    inside = mwparserfromhell.wikicode.Wikicode([node for node in wikicode.nodes if not is_ours(node)])
    return [*faults(inside), *ragged(wikicode)]


def control():
    """The checker finds each kind of markup, and a row that data has broken."""
    table = '{{| class="wikitable sortable"\n|-\n! scope="col" | name\n|-\n| {}\n|}}\n'
    assert not check(table.format("<nowiki>&#123;&#123;x&#125;&#125;</nowiki>"))
    assert not check(table.format("[[:w:de:User:Alice Example|dewiki]]"))
    unsafe = [
        "{{x}}", "{{{1}}}", "[[a]]", "[[Category:A]]", "[http://a.example b]", "http://a.example",
        "<b>x</b>", "<!-- x -->", "''x''", "~~~~", "__TOC__", "-{x}-", "<nowiki>{{x}}</nowiki>",
        "a || b", "x\n| y", "x\n== h ==\n", "<ref>x</ref>", "[[:w:de:Special:UserLogout|x]]",
    ]
    for text in unsafe:
        assert check(table.format(text)), f"the checker overlooks {text!r}"
    outside = ["== x ==\n", "''x''", "== <nowiki>x</nowiki> {{y}} ==\n", "''<nowiki>x</nowiki>[[y]]''"]
    for text in outside:
        assert check(text), f"the checker overlooks {text!r}"
    return len(unsafe) + len(outside)


def main(directory):
    caught = control()
    files = sorted(Path(directory).glob("*.wiki"))
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    assert len(texts) >= 8, f"too few files in {directory}: {list(texts)}"
    for part in ("nowiki", "[[:", "wikitable"):
        assert any(part in text for text in texts.values()), f"no {part} in any file"
    bad = {name: found for name, text in texts.items() if (found := check(text))}
    for name, found in bad.items():
        for fault in found[:5]:
            print(f"{name}: {fault}", file=sys.stderr)
    if bad:
        sys.exit(1)
    print(f"wikitext: {len(texts)} files hold no markup from data; {caught} unsafe texts were caught")


if __name__ == "__main__":
    main(*sys.argv[1:])
