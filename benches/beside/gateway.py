"""One sweep behind a gateway that lets 200 requests a minute through, beside what a user would write.

    cargo build --release --bins --examples && python3 benches/beside/gateway.py

Each contender has a farm of its own, so that none pays for another's requests. Told are how long it
took beside the time that so many requests need at the pace the program says it keeps (160 a minute
for sultrail, the gateway's 200 for the others), how many requests were refused with 429, how many
came before the time that a Retry-After named, and for how many wikis there was no answer at the end.

  --wikis N     how many wikis (1000: twenty minutes for all four)
"""

import argparse
import tempfile
from pathlib import Path

from sweep import Farm, answered, environment, measure, prepare

LIMIT = 200
# The share of the limit that sultrail keeps to (docs/politeness.md).
PACE = 160


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--wikis", type=int, default=1000)
    wikis = arguments.parse_args().wikis
    python = environment()
    print(f"{wikis} wikis behind a gateway of {LIMIT} requests a minute")
    print(f"{'':<22}{'seconds':>9}{'÷ ideal':>9}{'429s':>7}{'early':>7}{'unanswered wikis':>18}")
    for chosen in ["sultrail, first run", "curl --parallel", "mwclient", "pywikibot"]:
        with tempfile.TemporaryDirectory() as home, Farm(wikis, "--gateway", str(LIMIT)) as farm:
            contenders = prepare(farm, Path(home), python, requests_per_minute='"auto"')
            [(name, command, stdin)] = [one for one in contenders if one[0] == chosen]
            seconds = measure(farm, command, stdin, home)[1]
            ideal = 60 * (wikis + 1) / (PACE if "sultrail" in name else LIMIT)
            counts = farm.counts()
            told = f"{seconds:>9.1f}{seconds / ideal:>9.2f}{counts['refused']:>7}{counts['early']:>7}"
            print(f"{name:<22}{told}{wikis - answered(name, home):>18}", flush=True)


if __name__ == "__main__":
    main()
