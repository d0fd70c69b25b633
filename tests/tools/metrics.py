"""Reads a page of figures as Prometheus does, and holds it against docs/operating.md: metrics.py FILE"""

import pathlib
import re
import sys

from prometheus_client.parser import text_string_to_metric_families

# On a farm where nothing happens there are neither.
ABSENT = {"sultrail_changes_total", "sultrail_group_expiry_timestamp_seconds"}

page = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
docs = (pathlib.Path(__file__).parents[2] / "docs/operating.md").read_text(encoding="utf-8")
families = list(text_string_to_metric_families(page))
seen = {sample.name for family in families for sample in family.samples}
documented = set(re.findall(r"`(sultrail_[a-z_]+)(?:\{[a-z]+\})?`", docs))
faults = []
for family in families:
    if family.type not in ("gauge", "counter"):
        faults.append(f"{family.name} is a {family.type}")
    if not family.documentation:
        faults.append(f"{family.name} has no help")
    keys = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
    if len(keys) != len(set(keys)):
        faults.append(f"{family.name} says something twice")
    for sample in family.samples:
        if sample.name.endswith("_total") != (family.type == "counter"):
            faults.append(f"{sample.name} is named wrongly for a {family.type}")
if page.count("# TYPE ") != len(families):
    faults.append("a family comes twice, or was not understood")
if missing := seen - documented:
    faults.append(f"docs/operating.md does not explain {sorted(missing)}")
if invented := documented - seen - ABSENT:
    faults.append(f"docs/operating.md explains what is not there: {sorted(invented)}")
if "Alice" in page or "wiki\"" in page:
    faults.append("a name is in it")
for fault in faults:
    print(f"FAILED: {fault}")
if not faults:
    print(f"ok: Prometheus understands {len(seen)} figures, and all are explained")
sys.exit(bool(faults))
