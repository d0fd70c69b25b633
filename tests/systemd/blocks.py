"""Takes the fenced blocks out of a page: blocks.py PAGE DIRECTORY

Each goes into a file NN.LANGUAGE, in order. What is not to be run has to say why, in a comment right
above its fence: "<!-- not run: REASON -->", or "<!-- tested by PATH -->" with a path that exists.
"""

import pathlib
import re
import sys
import textwrap

page, directory = map(pathlib.Path, sys.argv[1:])
text = page.read_text(encoding="utf-8")
pattern = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
number = 0
for block in pattern.finditer(text):
    indent, language, body = block.groups()
    above = text[: block.start()].rstrip().rsplit("\n", 1)[-1].strip()
    tested = re.fullmatch(r"<!-- tested by (\S+) -->", above)
    if tested and not (page.parent.parent / tested[1]).exists():
        sys.exit(f"FAILED: there is no {tested[1]}, which is said to test a block of {page}")
    if tested or re.fullmatch(r"<!-- not run: .{10,} -->", above):
        continue
    number += 1
    name = f"{number:02}.{language}"
    (directory / name).write_text(textwrap.dedent(body), encoding="utf-8")
if number < 10:
    sys.exit(f"FAILED: {page} has only {number} blocks: is it read rightly?")
