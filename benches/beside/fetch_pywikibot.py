"""One userinfo request a wiki with pywikibot, nothing stored: wikis as `wiki url` lines on stdin."""

import os
import sys

import loopback  # noqa: F401

os.environ["PYWIKIBOT_NO_USER_CONFIG"] = "2"
import pywikibot
from pywikibot import config
from pywikibot.comms import http
from pywikibot.data.api import Request
from pywikibot.family import AutoFamily

QUESTION = dict(pair.split("=", 1) for pair in os.environ["QUESTION"].split("\n"))
config.minthrottle = config.maxthrottle = config.put_throttle = 0
http.session.headers["Authorization"] = "Bearer " + os.environ["TOKEN"]

for line in sys.stdin:
    wiki, url = line.split()
    try:
        site = pywikibot.site.APISite(wiki, fam=AutoFamily(wiki, url))
        answer = Request(site=site, parameters=QUESTION, use_get=True).submit()
        assert answer["query"]["userinfo"]["name"]
        print("200", wiki)
    except Exception as error:  # whatever it is: there is no answer
        print("none", wiki, error)
