//! What happens to a wiki as a whole.

use super::super::Farm;

impl Farm {
    /// Read-only mode: `siteinfo` says so, writes and logins are refused, reads go on.
    pub fn set_readonly(&self, wiki: &str, readonly: bool) {
        self.with(|world| {
            let wiki = world.wiki(wiki);
            world.wikis[wiki].readonly = readonly;
        });
    }

    /// Nobody reads without login.
    pub fn set_private(&self, wiki: &str, private: bool) {
        self.with(|world| {
            let wiki = world.wiki(wiki);
            world.wikis[wiki].private = private;
        });
    }

    /// Replication lag in seconds; requests with a smaller `maxlag` are refused.
    pub fn set_lag(&self, wiki: &str, seconds: u64) {
        self.with(|world| {
            let wiki = world.wiki(wiki);
            world.wikis[wiki].lag = seconds;
        });
    }

    /// What `merged[].url` says of this wiki: scheme and host only. `None`: the truth.
    pub fn set_central_url_of(&self, wiki: &str, url: Option<&str>) {
        self.with(|world| {
            let wiki = world.wiki(wiki);
            world.wikis[wiki].central_url = url.map(str::to_owned);
        });
    }
}
