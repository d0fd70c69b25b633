"""One userinfo request a wiki with mwclient, nothing stored: wikis as `wiki url` lines on stdin."""

import os
import sys

import loopback  # noqa: F401
from urllib.parse import urlsplit

import mwclient
import requests

QUESTION = dict(pair.split("=", 1) for pair in os.environ["QUESTION"].split("\n"))
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["TOKEN"]

for line in sys.stdin:
    wiki, url = line.split()[0], urlsplit(line.split()[1])
    try:
        site = mwclient.Site(url.netloc, path="/w/", scheme=url.scheme, pool=session, do_init=False)
        answer = site.get(**QUESTION)
        assert answer["query"]["userinfo"]["name"]
        print("200", wiki)
    except Exception as error:  # whatever it is: there is no answer
        print("none", wiki, error)
