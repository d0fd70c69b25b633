pragma application_id = 1937075316;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
insert into "_sqlx_migrations" (version, description, installed_on, success, checksum, execution_time) values (1, 'history', '2026-11-21 17:50:18', 1, X'FD5360A9FA4CD0F140C8C5C58C46C6230D20EC6799CB8B2A8CB0E1673A9FA858767D05566A75350F9BEBE64B0E12FF4F', 7634361);
CREATE TABLE hash_key (
    id integer primary key check (id = 1),
    key blob not null check (length(key) = 32)
) strict;
insert into "hash_key" (id, key) values (1, X'48A98B1EDAB1F9609D14D2CD6EDA3EFB7D7596AB22C2D15652474170B7673E5A');
CREATE TABLE user (
    id integer primary key,
    -- The current name; it follows renames.
    name text not null,
    -- The name the configuration or the command line used when the user was first asked for.
    asked_as text not null,
    central_api text not null,
    -- Survives renames. Null until the central wiki has answered once.
    central_user_id integer,
    -- When the list of accounts was last read.
    listed_at integer,
    -- Until when the servers want to be left alone; kept so that a restart asks no earlier.
    paused_until integer,
    -- Fingerprint of a bot password that was refused: it is never tried again.
    refused_credential text,
    unique (central_api, asked_as),
    unique (central_api, central_user_id)
) strict;
insert into "user" (id, name, asked_as, central_api, central_user_id, listed_at, paused_until, refused_credential) values (1, 'Alicia Example', 'Alice Example', 'http://metawiki.localhost:{port}/w/api.php', 50001, 1788664620, NULL, NULL);
CREATE TABLE run (
    -- Never given twice, not even after the newest run was deleted.
    id integer primary key autoincrement,
    user integer not null references user,
    scope text not null check (scope in ('full', 'pulse', 'wikis')),
    trigger text not null check (trigger in ('schedule', 'command')),
    status text not null check (status in ('running', 'finished', 'interrupted', 'failed')),
    started_at integer not null,
    finished_at integer,
    -- How many accounts the run is to read; null until the list is known.
    accounts integer,
    -- The tally, written when the run ends; until then the view counts.
    unchanged integer,
    changed integer,
    first_seen integer,
    failed integer,
    requests integer,
    -- Why it failed, for people.
    error text
) strict;
insert into "run" (id, user, scope, trigger, status, started_at, finished_at, accounts, unchanged, changed, first_seen, failed, requests, error) values (1, 1, 'full', 'command', 'finished', 1788232620, 1788232620, 4, 0, 0, 4, 0, 5, NULL);
insert into "run" (id, user, scope, trigger, status, started_at, finished_at, accounts, unchanged, changed, first_seen, failed, requests, error) values (2, 1, 'full', 'command', 'finished', 1788319020, 1788319020, 4, 0, 4, 0, 0, 7, NULL);
insert into "run" (id, user, scope, trigger, status, started_at, finished_at, accounts, unchanged, changed, first_seen, failed, requests, error) values (3, 1, 'full', 'command', 'finished', 1788405420, 1788405420, 4, 0, 3, 0, 1, 9, NULL);
insert into "run" (id, user, scope, trigger, status, started_at, finished_at, accounts, unchanged, changed, first_seen, failed, requests, error) values (4, 1, 'full', 'command', 'finished', 1788491820, 1788491820, 4, 3, 1, 0, 0, 6, NULL);
insert into "run" (id, user, scope, trigger, status, started_at, finished_at, accounts, unchanged, changed, first_seen, failed, requests, error) values (5, 1, 'pulse', 'command', 'finished', 1788578220, 1788578220, 0, 0, 0, 0, 0, 3, NULL);
insert into "run" (id, user, scope, trigger, status, started_at, finished_at, accounts, unchanged, changed, first_seen, failed, requests, error) values (6, 1, 'full', 'command', 'finished', 1788664620, 1788664620, 4, 0, 4, 0, 0, 7, NULL);
CREATE TABLE account (
    id integer primary key,
    user integer not null references user,
    -- The wiki ID, or 'global' for the global account itself.
    wiki text not null,
    api_url text not null,
    host text not null,
    attached_at integer,
    attached_by text,
    -- When the list first named it, and when it was last there; null while it still is.
    listed_from integer not null,
    listed_until integer,
    -- Set once the absence has lasted and no rename explains it.
    detached_at integer,
    -- The first and the latest run that observed it.
    first_run integer references run,
    observed_run integer references run,
    -- Since when every try failed; null while it can be read.
    failing_since integer,
    -- Bit set of the subjects that have ever been observed (model::Subject).
    coverage integer not null default 0,
    -- Of the last answer (model::Snapshot): when the next one is the same, there is nothing to
    -- compare.
    fingerprint blob check (length(fingerprint) = 16),
    unique (user, wiki)
) strict;
insert into "account" (id, user, wiki, api_url, host, attached_at, attached_by, listed_from, listed_until, detached_at, first_run, observed_run, failing_since, coverage, fingerprint) values (1, 1, 'global', 'http://metawiki.localhost:{port}/w/api.php', 'metawiki.localhost', NULL, NULL, 1788232620, NULL, NULL, 1, 6, NULL, 26004, X'952E60823A1364D620638B24B3120719');
insert into "account" (id, user, wiki, api_url, host, attached_at, attached_by, listed_from, listed_until, detached_at, first_run, observed_run, failing_since, coverage, fingerprint) values (2, 1, 'dewiki', 'http://dewiki.localhost:{port}/w/api.php', 'dewiki.localhost', 1445353292, 'login', 1788232620, NULL, NULL, 1, 6, NULL, 55115, X'FC3387D5FC8A31C8102C3F2601106FCC');
insert into "account" (id, user, wiki, api_url, host, attached_at, attached_by, listed_from, listed_until, detached_at, first_run, observed_run, failing_since, coverage, fingerprint) values (3, 1, 'enwiki', 'http://enwiki.localhost:{port}/w/api.php', 'enwiki.localhost', 1221405377, 'primary', 1788232620, NULL, NULL, 1, 6, NULL, 55115, X'081DE54206C53C65E463F2884D67B2F7');
insert into "account" (id, user, wiki, api_url, host, attached_at, attached_by, listed_from, listed_until, detached_at, first_run, observed_run, failing_since, coverage, fingerprint) values (4, 1, 'frwiki', 'http://frwiki.localhost:{port}/w/api.php', 'frwiki.localhost', 1267316757, 'login', 1788232620, NULL, NULL, 1, 6, NULL, 55115, X'8900186D466A141C831AD16890799CC6');
insert into "account" (id, user, wiki, api_url, host, attached_at, attached_by, listed_from, listed_until, detached_at, first_run, observed_run, failing_since, coverage, fingerprint) values (5, 1, 'metawiki', 'http://metawiki.localhost:{port}/w/api.php', 'metawiki.localhost', 1301803298, 'login', 1788232620, NULL, NULL, 1, 6, NULL, 55115, X'089D6712DF0BA8A7569FC1AC1A36BA7B');
CREATE TABLE snapshot (
    run integer not null references run,
    account integer not null references account,
    -- When the answer came, counted from the start of the run.
    after_ms integer not null,
    -- The request that brought it. Null where `request` holds it (a repeated try) or once pruned.
    duration_ms integer,
    bytes integer,
    waited_ms integer,
    primary key (run, account)
) strict, without rowid;
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (1, 1, 182, 1, 945, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (1, 2, 194, 3, 3371, 1);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (1, 3, 192, 2, 3727, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (1, 4, 223, 1, 3374, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (1, 5, 195, 3, 3410, 2);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (2, 1, 49, 1, 964, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (2, 2, 68, 3, 3503, 1);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (2, 3, 66, 1, 3745, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (2, 4, 75, 1, 3392, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (2, 5, 70, 4, 3428, 2);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (3, 1, 172, 3, 1013, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (3, 2, 211, 1, 3404, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (3, 4, 192, 1, 3815, 1);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (3, 5, 197, 1, 3443, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (4, 1, 52, 1, 1013, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (4, 2, 64, 4, 3332, 1);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (4, 3, 62, 3, 3688, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (4, 4, 64, 3, 3743, 1);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (4, 5, 74, 6, 3371, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (5, 1, 72, 4, 1172, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (6, 1, 64, 4, 1014, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (6, 2, 81, 9, 3406, 1);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (6, 3, 79, 7, 3762, 0);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (6, 4, 80, 9, 3817, 1);
insert into "snapshot" (run, account, after_ms, duration_ms, bytes, waited_ms) values (6, 5, 87, 2, 3445, 0);
CREATE TABLE failure (
    run integer not null references run,
    account integer not null references account,
    after_ms integer not null,
    error text not null,
    primary key (run, account)
) strict, without rowid;
insert into "failure" (run, account, after_ms, error) values (3, 3, 192, 'no API at this address (HTTP 404): the wiki was deleted or moved');
CREATE TABLE request (
    id integer primary key,
    -- Null: `plan` or `check` asked, outside any run.
    run integer references run,
    sent_ms integer not null,
    host text not null,
    purpose text not null,
    -- The HTTP status; null where no answer came.
    status integer,
    duration_ms integer not null,
    bytes integer not null,
    attempt integer not null,
    waited_ms integer not null
) strict;
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (1, 2, 1788319020081, 'metawiki.localhost', 'globalpreferences', 200, 1, 223, 1, 0);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (2, 2, 1788319020086, 'dewiki.localhost', 'logevents', 200, 1, 379, 1, 0);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (3, 3, 1788405420188, 'enwiki.localhost', 'userinfo', 404, 1, 153, 1, 0);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (4, 3, 1788405420191, 'dewiki.localhost', 'userinfo', 200, 1, 3404, 1, 1);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (5, 3, 1788405420221, 'metawiki.localhost', 'globalpreferences', 200, 5, 239, 1, 0);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (6, 3, 1788405420238, 'dewiki.localhost', 'logevents', 200, 1, 375, 1, 0);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (7, 3, 1788405420243, 'frwiki.localhost', 'logevents', 200, 1, 344, 1, 0);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (8, 4, 1788491820078, 'metawiki.localhost', 'globalpreferences', 200, 8, 239, 1, 0);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (9, 5, 1788578220081, 'metawiki.localhost', 'logevents', 200, 7, 317, 1, 0);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (10, 5, 1788578220092, 'metawiki.localhost', 'logevents', 200, 8, 47, 1, 0);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (11, 6, 1788664620092, 'metawiki.localhost', 'logevents', 200, 8, 317, 1, 0);
insert into "request" (id, run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms) values (12, 6, 1788664620106, 'metawiki.localhost', 'logevents', 200, 4, 47, 1, 0);
CREATE TABLE property (
    -- The key of `held` has room for so many.
    id integer primary key check (id < 262144),
    kind text not null,
    name text not null,
    -- The bit of account.coverage that says whether it can be seen.
    subject integer not null,
    unique (kind, name)
) strict;
insert into "property" (id, kind, name, subject) values (1, 'identity', 'home_wiki', 8192);
insert into "property" (id, kind, name, subject) values (2, 'identity', 'name', 256);
insert into "property" (id, kind, name, subject) values (3, 'identity', 'registered_at', 1024);
insert into "property" (id, kind, name, subject) values (4, 'counter', 'edit_count', 16384);
insert into "property" (id, kind, name, subject) values (5, 'group', 'extendedconfirmed', 1);
insert into "property" (id, kind, name, subject) values (6, 'group', 'rollbacker', 1);
insert into "property" (id, kind, name, subject) values (7, 'implicit_group', '*', 2);
insert into "property" (id, kind, name, subject) values (8, 'implicit_group', 'autoconfirmed', 2);
insert into "property" (id, kind, name, subject) values (9, 'implicit_group', 'user', 2);
insert into "property" (id, kind, name, subject) values (10, 'preference', 'ccmeonemails', 8);
insert into "property" (id, kind, name, subject) values (11, 'preference', 'date', 8);
insert into "property" (id, kind, name, subject) values (12, 'preference', 'diffonly', 8);
insert into "property" (id, kind, name, subject) values (13, 'preference', 'disablemail', 8);
insert into "property" (id, kind, name, subject) values (14, 'preference', 'echo-subscriptions-email-oauth-admin', 8);
insert into "property" (id, kind, name, subject) values (15, 'preference', 'echo-subscriptions-email-oauth-owner', 8);
insert into "property" (id, kind, name, subject) values (16, 'preference', 'echo-subscriptions-web-oauth-admin', 8);
insert into "property" (id, kind, name, subject) values (17, 'preference', 'echo-subscriptions-web-oauth-owner', 8);
insert into "property" (id, kind, name, subject) values (18, 'preference', 'own', 8);
insert into "property" (id, kind, name, subject) values (19, 'preference', 'searchNs0', 8);
insert into "property" (id, kind, name, subject) values (20, 'preference', 'searchNs1', 8);
insert into "property" (id, kind, name, subject) values (21, 'preference', 'searchNs2', 8);
insert into "property" (id, kind, name, subject) values (22, 'preference', 'searchNs3', 8);
insert into "property" (id, kind, name, subject) values (23, 'preference', 'timecorrection', 8);
insert into "property" (id, kind, name, subject) values (24, 'preference', 'userjs-notes', 8);
insert into "property" (id, kind, name, subject) values (25, 'preference', 'watchlisttoken', 8);
insert into "property" (id, kind, name, subject) values (26, 'identity', 'email', 4096);
insert into "property" (id, kind, name, subject) values (27, 'identity', 'email_confirmed_at', 4096);
insert into "property" (id, kind, name, subject) values (28, 'identity', 'local_user_id', 512);
insert into "property" (id, kind, name, subject) values (29, 'counter', 'latest_edit_at', 32768);
insert into "property" (id, kind, name, subject) values (30, 'preference', 'watchlistdays', 8);
insert into "property" (id, kind, name, subject) values (31, 'preference', 'wide', 8);
insert into "property" (id, kind, name, subject) values (32, 'group', 'sysop', 1);
insert into "property" (id, kind, name, subject) values (33, 'preference', 'global-one', 8);
insert into "property" (id, kind, name, subject) values (34, 'block', '254346', 64);
insert into "property" (id, kind, name, subject) values (35, 'global_preference', 'global-one', 16);
CREATE TABLE property_value (
    id integer primary key,
    json text not null check (json_valid(json)),
    is_default integer not null check (is_default in (-1, 0, 1)),
    unique (json, is_default)
) strict;
insert into "property_value" (id, json, is_default) values (1, '"enwiki"', -1);
insert into "property_value" (id, json, is_default) values (2, '"Alice Example"', -1);
insert into "property_value" (id, json, is_default) values (3, '"2008-09-14T15:16:17Z"', -1);
insert into "property_value" (id, json, is_default) values (4, '1544', -1);
insert into "property_value" (id, json, is_default) values (5, '"infinity"', -1);
insert into "property_value" (id, json, is_default) values (6, 'true', -1);
insert into "property_value" (id, json, is_default) values (7, '0', 1);
insert into "property_value" (id, json, is_default) values (8, '"default"', 1);
insert into "property_value" (id, json, is_default) values (9, '1', 1);
insert into "property_value" (id, json, is_default) values (10, '"a"', 0);
insert into "property_value" (id, json, is_default) values (11, '"ZoneInfo|Europe/Berlin"', 0);
insert into "property_value" (id, json, is_default) values (12, '"hmac-sha256:4935407922c1bef33b5a6a404ca9acf1"', 0);
insert into "property_value" (id, json, is_default) values (13, '"hmac-sha256:e336ee1804cfb58d6e79667b8f2c3c48"', 0);
insert into "property_value" (id, json, is_default) values (14, '"alice@example.org"', -1);
insert into "property_value" (id, json, is_default) values (15, '"2008-09-14T15:17:18Z"', -1);
insert into "property_value" (id, json, is_default) values (16, '14870303', -1);
insert into "property_value" (id, json, is_default) values (17, '1500', -1);
insert into "property_value" (id, json, is_default) values (18, '"2025-12-27T18:41:17Z"', -1);
insert into "property_value" (id, json, is_default) values (19, '4284624', -1);
insert into "property_value" (id, json, is_default) values (20, '"2015-10-20T15:01:32Z"', -1);
insert into "property_value" (id, json, is_default) values (21, '19', -1);
insert into "property_value" (id, json, is_default) values (22, '"2025-06-28T17:32:57Z"', -1);
insert into "property_value" (id, json, is_default) values (23, '30', 0);
insert into "property_value" (id, json, is_default) values (24, '37541783', -1);
insert into "property_value" (id, json, is_default) values (25, '"2011-04-03T04:01:38Z"', -1);
insert into "property_value" (id, json, is_default) values (26, '17', -1);
insert into "property_value" (id, json, is_default) values (27, '"2025-03-07T17:33:16Z"', -1);
insert into "property_value" (id, json, is_default) values (28, '25435592', -1);
insert into "property_value" (id, json, is_default) values (29, '"2010-02-28T00:25:57Z"', -1);
insert into "property_value" (id, json, is_default) values (30, '8', -1);
insert into "property_value" (id, json, is_default) values (31, '"2024-03-29T02:42:53Z"', -1);
insert into "property_value" (id, json, is_default) values (32, '"b"', 0);
insert into "property_value" (id, json, is_default) values (33, '"2027-03-01T00:00:00Z"', -1);
insert into "property_value" (id, json, is_default) values (34, '1', 0);
insert into "property_value" (id, json, is_default) values (35, '{"by":"Admin","email":false,"expiry":"2027-03-01T00:00:00Z","nocreate":false,"owntalk":false,"partial":true,"reason":"edit \"war\"","timestamp":"2026-09-02T04:17:00Z"}', -1);
insert into "property_value" (id, json, is_default) values (36, '1', -1);
insert into "property_value" (id, json, is_default) values (37, '"c"', 0);
insert into "property_value" (id, json, is_default) values (38, '"Alicia Example"', -1);
CREATE TABLE held (
    id integer primary key,
    account integer not null generated always as (id >> 18) virtual references account,
    property integer not null generated always as (id & 262143) virtual references property,
    value integer not null references property_value,
    from_run integer not null references run
) strict;
insert into "held" (id, value, from_run) values (262145, 1, 1);
insert into "held" (id, value, from_run) values (262146, 38, 5);
insert into "held" (id, value, from_run) values (262147, 3, 1);
insert into "held" (id, value, from_run) values (262148, 4, 1);
insert into "held" (id, value, from_run) values (262179, 36, 3);
insert into "held" (id, value, from_run) values (524290, 38, 6);
insert into "held" (id, value, from_run) values (524291, 20, 1);
insert into "held" (id, value, from_run) values (524292, 21, 1);
insert into "held" (id, value, from_run) values (524295, 6, 1);
insert into "held" (id, value, from_run) values (524296, 6, 1);
insert into "held" (id, value, from_run) values (524297, 6, 1);
insert into "held" (id, value, from_run) values (524298, 7, 1);
insert into "held" (id, value, from_run) values (524299, 8, 1);
insert into "held" (id, value, from_run) values (524300, 7, 1);
insert into "held" (id, value, from_run) values (524301, 7, 1);
insert into "held" (id, value, from_run) values (524302, 9, 1);
insert into "held" (id, value, from_run) values (524303, 9, 1);
insert into "held" (id, value, from_run) values (524304, 9, 1);
insert into "held" (id, value, from_run) values (524305, 9, 1);
insert into "held" (id, value, from_run) values (524307, 9, 1);
insert into "held" (id, value, from_run) values (524308, 7, 1);
insert into "held" (id, value, from_run) values (524309, 7, 1);
insert into "held" (id, value, from_run) values (524310, 7, 1);
insert into "held" (id, value, from_run) values (524311, 11, 1);
insert into "held" (id, value, from_run) values (524314, 14, 1);
insert into "held" (id, value, from_run) values (524315, 15, 1);
insert into "held" (id, value, from_run) values (524316, 19, 1);
insert into "held" (id, value, from_run) values (524317, 22, 1);
insert into "held" (id, value, from_run) values (524319, 9, 2);
insert into "held" (id, value, from_run) values (524321, 34, 3);
insert into "held" (id, value, from_run) values (786434, 38, 6);
insert into "held" (id, value, from_run) values (786435, 3, 1);
insert into "held" (id, value, from_run) values (786436, 17, 1);
insert into "held" (id, value, from_run) values (786437, 5, 1);
insert into "held" (id, value, from_run) values (786438, 5, 1);
insert into "held" (id, value, from_run) values (786439, 6, 1);
insert into "held" (id, value, from_run) values (786440, 6, 1);
insert into "held" (id, value, from_run) values (786441, 6, 1);
insert into "held" (id, value, from_run) values (786442, 7, 1);
insert into "held" (id, value, from_run) values (786443, 8, 1);
insert into "held" (id, value, from_run) values (786444, 7, 1);
insert into "held" (id, value, from_run) values (786445, 7, 1);
insert into "held" (id, value, from_run) values (786446, 9, 1);
insert into "held" (id, value, from_run) values (786447, 9, 1);
insert into "held" (id, value, from_run) values (786448, 9, 1);
insert into "held" (id, value, from_run) values (786449, 9, 1);
insert into "held" (id, value, from_run) values (786450, 37, 4);
insert into "held" (id, value, from_run) values (786451, 9, 1);
insert into "held" (id, value, from_run) values (786452, 7, 1);
insert into "held" (id, value, from_run) values (786453, 7, 1);
insert into "held" (id, value, from_run) values (786454, 7, 1);
insert into "held" (id, value, from_run) values (786455, 11, 1);
insert into "held" (id, value, from_run) values (786456, 12, 1);
insert into "held" (id, value, from_run) values (786457, 13, 1);
insert into "held" (id, value, from_run) values (786458, 14, 1);
insert into "held" (id, value, from_run) values (786459, 15, 1);
insert into "held" (id, value, from_run) values (786460, 16, 1);
insert into "held" (id, value, from_run) values (786461, 18, 1);
insert into "held" (id, value, from_run) values (786463, 9, 2);
insert into "held" (id, value, from_run) values (786465, 34, 4);
insert into "held" (id, value, from_run) values (1048578, 38, 6);
insert into "held" (id, value, from_run) values (1048579, 29, 1);
insert into "held" (id, value, from_run) values (1048580, 30, 1);
insert into "held" (id, value, from_run) values (1048583, 6, 1);
insert into "held" (id, value, from_run) values (1048584, 6, 1);
insert into "held" (id, value, from_run) values (1048585, 6, 1);
insert into "held" (id, value, from_run) values (1048586, 7, 1);
insert into "held" (id, value, from_run) values (1048587, 8, 1);
insert into "held" (id, value, from_run) values (1048588, 7, 1);
insert into "held" (id, value, from_run) values (1048589, 7, 1);
insert into "held" (id, value, from_run) values (1048590, 9, 1);
insert into "held" (id, value, from_run) values (1048591, 9, 1);
insert into "held" (id, value, from_run) values (1048592, 9, 1);
insert into "held" (id, value, from_run) values (1048593, 9, 1);
insert into "held" (id, value, from_run) values (1048595, 9, 1);
insert into "held" (id, value, from_run) values (1048596, 7, 1);
insert into "held" (id, value, from_run) values (1048597, 7, 1);
insert into "held" (id, value, from_run) values (1048598, 7, 1);
insert into "held" (id, value, from_run) values (1048599, 11, 1);
insert into "held" (id, value, from_run) values (1048602, 14, 1);
insert into "held" (id, value, from_run) values (1048603, 15, 1);
insert into "held" (id, value, from_run) values (1048604, 28, 1);
insert into "held" (id, value, from_run) values (1048605, 31, 1);
insert into "held" (id, value, from_run) values (1048607, 9, 2);
insert into "held" (id, value, from_run) values (1048609, 34, 3);
insert into "held" (id, value, from_run) values (1048610, 35, 3);
insert into "held" (id, value, from_run) values (1310722, 38, 6);
insert into "held" (id, value, from_run) values (1310723, 25, 1);
insert into "held" (id, value, from_run) values (1310724, 26, 1);
insert into "held" (id, value, from_run) values (1310727, 6, 1);
insert into "held" (id, value, from_run) values (1310728, 6, 1);
insert into "held" (id, value, from_run) values (1310729, 6, 1);
insert into "held" (id, value, from_run) values (1310730, 7, 1);
insert into "held" (id, value, from_run) values (1310731, 8, 1);
insert into "held" (id, value, from_run) values (1310732, 7, 1);
insert into "held" (id, value, from_run) values (1310733, 7, 1);
insert into "held" (id, value, from_run) values (1310734, 9, 1);
insert into "held" (id, value, from_run) values (1310735, 9, 1);
insert into "held" (id, value, from_run) values (1310736, 9, 1);
insert into "held" (id, value, from_run) values (1310737, 9, 1);
insert into "held" (id, value, from_run) values (1310739, 9, 1);
insert into "held" (id, value, from_run) values (1310740, 7, 1);
insert into "held" (id, value, from_run) values (1310741, 7, 1);
insert into "held" (id, value, from_run) values (1310742, 7, 1);
insert into "held" (id, value, from_run) values (1310743, 11, 1);
insert into "held" (id, value, from_run) values (1310746, 14, 1);
insert into "held" (id, value, from_run) values (1310747, 15, 1);
insert into "held" (id, value, from_run) values (1310748, 24, 1);
insert into "held" (id, value, from_run) values (1310749, 27, 1);
insert into "held" (id, value, from_run) values (1310750, 23, 1);
insert into "held" (id, value, from_run) values (1310751, 9, 2);
insert into "held" (id, value, from_run) values (1310753, 34, 3);
CREATE TABLE cause (
    id integer primary key,
    cause text not null unique
) strict;
insert into "cause" (id, cause) values (0, 'unknown');
insert into "cause" (id, cause) values (1, 'user');
insert into "cause" (id, cause) values (2, 'wiki-default');
insert into "cause" (id, cause) values (3, 'software');
insert into "cause" (id, cause) values (4, 'global-preference');
insert into "cause" (id, cause) values (5, 'rights-log');
insert into "cause" (id, cause) values (6, 'expiry');
CREATE TABLE log_event (
    id integer primary key,
    user integer not null references user,
    -- The wiki whose log it stands in, and the one it is about (stewards act from Meta).
    logged_on text not null,
    wiki text not null,
    log_id integer not null,
    type text not null,
    action text not null,
    logged_at integer not null,
    performer text,
    comment text,
    params text not null check (json_valid(params)),
    unique (user, logged_on, log_id)
) strict;
insert into "log_event" (id, user, logged_on, wiki, log_id, type, action, logged_at, performer, comment, params) values (1, 1, 'dewiki', 'dewiki', 4283724, 'rights', 'rights', 1788236220, 'Bureau Kratin', 'a <trial> 😀', '{"newgroups":["sysop"],"newmetadata":[{"expiry":"2027-03-01T00:00:00Z","group":"sysop"}],"oldgroups":[],"oldmetadata":[]}');
insert into "log_event" (id, user, logged_on, wiki, log_id, type, action, logged_at, performer, comment, params) values (2, 1, 'dewiki', 'dewiki', 4283725, 'rights', 'rights', 1788322620, 'Bureau Kratin', 'it is over', '{"newgroups":[],"newmetadata":[],"oldgroups":["sysop"],"oldmetadata":[{"expiry":"2027-03-01T00:00:00Z","group":"sysop"}]}');
insert into "log_event" (id, user, logged_on, wiki, log_id, type, action, logged_at, performer, comment, params) values (3, 1, 'frwiki', 'frwiki', 25434692, 'block', 'block', 1788322620, 'Admin', 'edit "war"', '{"duration":"2027-03-01T00:00:00Z","expiry":"2027-03-01T00:00:00Z","flags":[],"sitewide":false}');
insert into "log_event" (id, user, logged_on, wiki, log_id, type, action, logged_at, performer, comment, params) values (4, 1, 'metawiki', 'global', 37540883, 'gblrename', 'rename', 1788495420, 'Renamer', 'on request', '{"newuser":"Alicia Example","olduser":"Alice Example"}');
CREATE TABLE change (
    run integer not null references run,
    account integer not null references account,
    property integer not null references property,
    -- Null: it was not there before, or is not there any more.
    before integer references property_value,
    after integer references property_value,
    -- The run that first observed `before`; null where `before` is.
    before_from integer references run,
    -- The last run before this one that observed the account (and could see this property).
    before_seen integer not null references run,
    cause integer not null references cause,
    log_event integer references log_event,
    -- A log or the global preferences may tell the cause and have not answered yet.
    is_open integer not null default 0 check (is_open in (0, 1)),
    primary key (run, account, property),
    check (before is not null or after is not null),
    check ((before is null) = (before_from is null))
) strict, without rowid;
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (2, 2, 31, NULL, 9, NULL, 1, 3, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (2, 2, 32, NULL, 33, NULL, 1, 5, 1, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (2, 3, 18, 10, 32, 1, 1, 1, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (2, 3, 31, NULL, 9, NULL, 1, 3, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (2, 4, 31, NULL, 9, NULL, 1, 3, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (2, 5, 31, NULL, 9, NULL, 1, 3, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (3, 1, 35, NULL, 36, NULL, 2, 1, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (3, 2, 32, 33, NULL, 2, 2, 5, 2, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (3, 2, 33, NULL, 34, NULL, 2, 4, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (3, 4, 33, NULL, 34, NULL, 2, 4, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (3, 4, 34, NULL, 35, NULL, 2, 5, 3, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (3, 5, 33, NULL, 34, NULL, 2, 4, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (4, 3, 18, 32, 37, 2, 2, 1, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (4, 3, 33, NULL, 34, NULL, 2, 4, NULL, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (5, 1, 2, 2, 38, 1, 4, 5, 4, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (6, 2, 2, 2, 38, 1, 4, 5, 4, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (6, 3, 2, 2, 38, 1, 4, 5, 4, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (6, 4, 2, 2, 38, 1, 4, 5, 4, 0);
insert into "change" (run, account, property, before, after, before_from, before_seen, cause, log_event, is_open) values (6, 5, 2, 2, 38, 1, 4, 5, 4, 0);
CREATE TABLE out_of_sight (
    account integer not null references account,
    subject integer not null,
    -- The last run that saw it.
    seen_run integer not null references run,
    primary key (account, subject)
) strict, without rowid;
insert into "out_of_sight" (account, subject, seen_run) values (1, 16, 4);
CREATE TABLE editor_flag (
    flag text not null,
    group_name text not null,
    primary key (flag, group_name)
) strict, without rowid;
insert into "editor_flag" (flag, group_name) values ('has_advanced_rights', 'bureaucrat');
insert into "editor_flag" (flag, group_name) values ('has_advanced_rights', 'checkuser');
insert into "editor_flag" (flag, group_name) values ('has_advanced_rights', 'oversight');
insert into "editor_flag" (flag, group_name) values ('has_advanced_rights', 'steward');
insert into "editor_flag" (flag, group_name) values ('is_admin', 'sysop');
insert into "editor_flag" (flag, group_name) values ('is_bot', 'bot');
insert into "editor_flag" (flag, group_name) values ('is_patroller', 'abusefilter');
insert into "editor_flag" (flag, group_name) values ('is_patroller', 'autoeditor');
insert into "editor_flag" (flag, group_name) values ('is_patroller', 'autoreview');
insert into "editor_flag" (flag, group_name) values ('is_patroller', 'autoreviewer');
insert into "editor_flag" (flag, group_name) values ('is_patroller', 'editor');
insert into "editor_flag" (flag, group_name) values ('is_patroller', 'eliminator');
insert into "editor_flag" (flag, group_name) values ('is_patroller', 'patroller');
insert into "editor_flag" (flag, group_name) values ('is_patroller', 'reviewer');
insert into "editor_flag" (flag, group_name) values ('is_patroller', 'rollback');
CREATE INDEX run_by_user on run (user, id);
CREATE INDEX request_by_run on request (run);
CREATE INDEX change_by_account on change (account, property, run);
CREATE INDEX change_open on change (run) where is_open = 1;
CREATE VIEW observations as
select s.run, s.account, r.started_at + s.after_ms / 1000 as at,
    coalesce(r.finished_at, r.started_at + s.after_ms / 1000) as by
from snapshot s
join run r on r.id = s.run;
CREATE VIEW held_values as
select h.account, h.property, h.value, h.from_run,
    coalesce(o.seen_run, a.observed_run) as seen_run,
    null as ended_run
from held h
join account a on a.id = h.account
join property p on p.id = h.property
left join out_of_sight o on o.account = h.account and o.subject = p.subject
union all
select account, property, before, before_from, before_seen, run
from change
where before is not null;
CREATE VIEW history as
select u.name as user, a.wiki, p.kind, p.name, v.json as value,
    nullif(v.is_default, -1) as is_default,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        iif(p.kind = 'global_preference', found.by, found.at), 'unixepoch') as valid_from,
    strftime('%Y-%m-%dT%H:%M:%SZ', seen.at, 'unixepoch') as seen_until,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        iif(p.kind = 'global_preference', gone.by, gone.at), 'unixepoch') as valid_to
from held_values h
join account a on a.id = h.account
join user u on u.id = a.user
join property p on p.id = h.property
join property_value v on v.id = h.value
join observations found on found.run = h.from_run and found.account = h.account
join observations seen on seen.run = h.seen_run and seen.account = h.account
left join observations gone on gone.run = h.ended_run and gone.account = h.account;
CREATE VIEW changes as
select c.run, u.name as user, a.wiki, p.kind, p.name,
    case when c.before is null then '+' when c.after is null then '-' else '~' end as change,
    b.json as before, n.json as after,
    strftime('%Y-%m-%dT%H:%M:%SZ', seen.at, 'unixepoch') as happened_after,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        iif(p.kind = 'global_preference', found.by, found.at), 'unixepoch') as happened_by,
    w.cause, l.performer, l.comment
from change c
join account a on a.id = c.account
join user u on u.id = a.user
join property p on p.id = c.property
join cause w on w.id = c.cause
join observations found on found.run = c.run and found.account = c.account
join observations seen on seen.run = c.before_seen and seen.account = c.account
left join property_value b on b.id = c.before
left join property_value n on n.id = c.after
left join log_event l on l.id = c.log_event;
CREATE VIEW groups as
select user, wiki, name as group_name,
    case when value like '"2%' then json_extract(value, '$') end as expires_at,
    valid_from, valid_to
from history
where kind in ('group', 'global_group');
CREATE VIEW preferences as
select user, wiki, name, value, is_default, valid_from, valid_to
from history
where kind = 'preference';
CREATE VIEW snapshots as
select s.run, u.name as user, a.wiki,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.started_at + s.after_ms / 1000, 'unixepoch') as taken_at,
    case
        when a.first_run = s.run then 'first_seen'
        when exists (
            select 1 from change c join property p on p.id = c.property
            where c.run = s.run and c.account = s.account and p.kind <> 'counter'
        ) then 'changed'
        else 'unchanged'
    end as outcome,
    (
        select count(*) from change c join property p on p.id = c.property
        where c.run = s.run and c.account = s.account and p.kind <> 'counter'
    ) as changes,
    null as error
from snapshot s
join run r on r.id = s.run
join account a on a.id = s.account
join user u on u.id = a.user
union all
select f.run, u.name, a.wiki,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.started_at + f.after_ms / 1000, 'unixepoch'),
    'failed', 0, f.error
from failure f
join run r on r.id = f.run
join account a on a.id = f.account
join user u on u.id = a.user;
CREATE VIEW runs as
select r.id as run, u.name as user, r.scope, r.trigger, r.status,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.started_at, 'unixepoch') as started_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.finished_at, 'unixepoch') as finished_at,
    r.accounts,
    coalesce(r.unchanged, (
        select count(*) from snapshots s
        where s.run = r.id and s.wiki <> 'global' and s.outcome = 'unchanged'
    )) as unchanged,
    coalesce(r.changed, (
        select count(*) from snapshots s
        where s.run = r.id and s.wiki <> 'global' and s.outcome = 'changed'
    )) as changed,
    coalesce(r.first_seen, (
        select count(*) from snapshots s
        where s.run = r.id and s.wiki <> 'global' and s.outcome = 'first_seen'
    )) as first_seen,
    coalesce(r.failed, (
        select count(*) from failure f join account a on a.id = f.account
        where f.run = r.id and a.wiki <> 'global'
    )) as failed,
    coalesce(r.requests,
        (select count(*) from snapshot s where s.run = r.id and s.duration_ms is not null)
        + (select count(*) from request q where q.run = r.id)
    ) as requests,
    r.error
from run r
join user u on u.id = r.user;
CREATE VIEW accounts as
select u.name as user, u.central_user_id, a.wiki, a.api_url,
    (
        select json_extract(v.json, '$') from property p
        join held h on h.id = (a.id << 18) | p.id
        join property_value v on v.id = h.value
        where p.kind = 'identity' and p.name = 'local_user_id'
    ) as local_user_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', a.attached_at, 'unixepoch') as attached_at,
    a.attached_by,
    (
        select json_extract(v.json, '$') from property p
        join held h on h.id = (a.id << 18) | p.id
        join property_value v on v.id = h.value
        where p.kind = 'identity' and p.name = 'registered_at'
    ) as registered_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', a.listed_from, 'unixepoch') as first_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(a.listed_until, u.listed_at), 'unixepoch') as last_seen_at,
    case
        when a.detached_at is not null then 'detached'
        when a.failing_since is not null then 'unreachable'
        else 'attached'
    end as state
from account a
join user u on u.id = a.user
where a.wiki <> 'global';
CREATE VIEW log_events as
select u.name as user, l.wiki, l.log_id, l.type, l.action,
    strftime('%Y-%m-%dT%H:%M:%SZ', l.logged_at, 'unixepoch') as logged_at,
    l.performer, l.comment, l.params
from log_event l
join user u on u.id = l.user;
CREATE VIEW requests as
select q.run,
    strftime('%Y-%m-%dT%H:%M:%SZ', q.sent_ms / 1000, 'unixepoch') as at,
    q.host, q.purpose, q.status, q.duration_ms, q.bytes, q.attempt, q.waited_ms,
    q.sent_ms as at_ms
from request q
union all
select s.run,
    strftime('%Y-%m-%dT%H:%M:%SZ',
        (r.started_at * 1000 + s.after_ms - s.duration_ms) / 1000, 'unixepoch'),
    a.host,
    case a.wiki when 'global' then 'globaluserinfo' else 'userinfo' end,
    200, s.duration_ms, s.bytes, 1, s.waited_ms,
    r.started_at * 1000 + s.after_ms - s.duration_ms
from snapshot s
join run r on r.id = s.run
join account a on a.id = s.account
where s.duration_ms is not null;
CREATE VIEW editors as
with facts as (
    select h.account, p.kind, p.name, json_extract(v.json, '$') as value
    from held h
    join property p on p.id = h.property
    join property_value v on v.id = h.value
    where p.kind in ('group', 'identity', 'counter')
)
select u.name as user, a.wiki,
    max(f.value) filter (where f.kind = 'identity' and f.name = 'local_user_id') as identifier,
    coalesce(
        max(f.value) filter (where f.kind = 'identity' and f.name = 'name'), u.name
    ) as name,
    coalesce(max(f.value) filter (where f.kind = 'counter' and f.name = 'edit_count'), 0)
        as edit_count,
    json_group_array(f.name) filter (where f.kind = 'group') as groups,
    max(f.value) filter (where f.kind = 'identity' and f.name = 'registered_at') as date_started,
    0 as is_anonymous,
    coalesce(max(e.flag = 'is_bot'), 0) as is_bot,
    coalesce(max(e.flag = 'is_admin'), 0) as is_admin,
    coalesce(max(e.flag = 'is_patroller'), 0) as is_patroller,
    coalesce(max(e.flag = 'has_advanced_rights'), 0) as has_advanced_rights
from account a
join user u on u.id = a.user
join facts f on f.account = a.id
left join editor_flag e on f.kind = 'group' and e.group_name = f.name
where a.wiki <> 'global'
group by a.id;
update sqlite_sequence set seq = (select max(id) from run);
