"""Lets a reader of calendars that is not ours look at the one that the tests wrote."""

import datetime, sys
import icalendar

data = open(sys.argv[1], "rb").read()
assert data.endswith(b"\r\n") and b"\n" not in data.replace(b"\r\n", b""), "ends of lines"
assert max(map(len, data.split(b"\r\n"))) <= 75, "long lines"
calendar = icalendar.Calendar.from_ical(data)
events = calendar.walk("VEVENT")
assert calendar["VERSION"] == "2.0" and events, "a calendar with events"
for event in events:
    assert not event.errors, event.errors
    for stamp in ("DTSTAMP", "DTSTART"):
        assert event.decoded(stamp).utcoffset() == datetime.timedelta(0), stamp
    [alarm] = event.walk("VALARM")
    assert alarm.decoded("TRIGGER") == datetime.timedelta(days=-7), "a week before"
    assert str(event["SUMMARY"]).endswith(" ends"), event["SUMMARY"]
uids = [str(event["UID"]) for event in events]
assert len(set(uids)) == len(uids), "each event once"
print(f"{len(events)} events: " + "; ".join(str(event["SUMMARY"]) for event in events))
