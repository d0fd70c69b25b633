//! Default preferences: two thirds the same on all wikis, the rest by family of wikis.

use std::collections::HashMap;
use std::sync::Arc;

use super::{json, mix, names};

const FULL: &str = include_str!("../../recorded/siteinfo-full.json");

const ECHO: &str = "system user-rights article-linked mention mention-failure mention-success \
    emailuser thank-you-edit edit-thank reverted page-review dt-subscription \
    dt-subscription-archiving wikibase-action login-success login-fail cx growthexperiments \
    api-triggered edit-user-page edit-user-talk minor-watchlist watchlist affiliation";
const OTHERS: &str = "visualeditor-enable visualeditor-tabs visualeditor-newwikitext \
    visualeditor-hidetabdialog visualeditor-autodisable visualeditor-betatempdisable \
    visualeditor-collab popups popups-reference-previews discussiontools-replytool \
    discussiontools-newtopictool discussiontools-sourcemodetoolbar discussiontools-topicsubscription \
    discussiontools-autotopicsub discussiontools-visualenhancements growthexperiments-help-panel-tog-help-panel \
    growthexperiments-homepage-enable growthexperiments-homepage-suggestededits-guidance-blue-dot \
    growthexperiments-starttour-homepage-welcome growthexperiments-tour-help-panel \
    growthexperiments-tour-homepage-mentorship uls-enable uls-compact-links uls-preferences \
    cx-enable-entrypoints cx-know-about-mt oresHighlight oresWatchlistHideNonDamaging rcOresDamagingPref \
    codemirror-enable usecodemirror usebetatoolbar betafeatures-auto-enroll math mmv-enabled \
    multimediaviewer-enable centralnotice-display-campaign-type-fundraising ext-wp-notify \
    eventlogging-display-web eventlogging-display-console twocolconflict-enabled wikilove-enabled \
    vector-limited-width vector-page-tools-pinned vector-main-menu-pinned vector-toc-pinned \
    vector-appearance-pinned vector-font-size vector-theme minerva-theme abusefilter-protected-vars-view-agreement \
    ipinfo-beta-feature-enable checkuser-temporary-account-enable thumbsize-mobile flow-editor \
    liquidthreads-threadpreference rcfilters-saved-queries rcfilters-wl-saved-queries watchlistexpiry";
const GADGETS: [&str; 24] = [
    "HotCat",
    "RefTools",
    "popups",
    "Twinkle",
    "wikEd",
    "UTCLiveClock",
    "ShortDescription",
    "CommentsInLocalTime",
    "PrettyLog",
    "DotsSyntaxHighlighter",
    "Cat-a-lot",
    "OldDiff",
    "XTools",
    "markblocked",
    "searchFocus",
    "dark-mode",
    "edittop",
    "purgetab",
    "contribsrange",
    "revisionjumper",
    "ProveIt",
    "dropdown-menus",
    "mobile-sidebar",
    "citations",
];

/// A wiki's default preferences, in their order, and the same as JSON text.
#[derive(Clone, Default)]
pub struct Defaults {
    list: Vec<(Arc<str>, Arc<str>)>,
    index: HashMap<Arc<str>, usize>,
    pub json: String,
}

impl Defaults {
    pub fn new(list: Vec<(Arc<str>, Arc<str>)>) -> Self {
        let mut defaults = Self {
            list,
            ..Self::default()
        };
        defaults.render();
        defaults
    }

    pub fn iter(&self) -> impl Iterator<Item = &(Arc<str>, Arc<str>)> {
        self.list.iter()
    }

    pub fn get(&self, name: &str) -> Option<&Arc<str>> {
        self.index.get(name).map(|&at| &self.list[at].1)
    }

    pub fn set(&mut self, name: &str, value: &str) {
        match self.index.get(name) {
            Some(&at) => self.list[at].1 = value.into(),
            None => self.list.push((name.into(), value.into())),
        }
        self.render();
    }

    pub fn remove(&mut self, name: &str) {
        self.list.retain(|(key, _)| &**key != name);
        self.render();
    }

    fn render(&mut self) {
        self.index = self
            .list
            .iter()
            .enumerate()
            .map(|(at, (key, _))| (key.clone(), at))
            .collect();
        self.json.clear();
        let mut object = json::Object::open(&mut self.json);
        for (key, value) in &self.list {
            object.raw(key, value);
        }
        object.close();
    }
}

/// Makes defaults and shares them between wikis of a family.
pub struct Maker {
    common: Vec<(Arc<str>, Arc<str>)>,
    made: HashMap<u64, Arc<Defaults>>,
    local: usize,
    seed: u64,
}

impl Maker {
    pub fn new(options_per_wiki: usize, seed: u64) -> Self {
        let wanted = options_per_wiki * 2 / 3;
        let mut common: Vec<(Arc<str>, Arc<str>)> = recorded_common();
        let echo = ["web", "email", "push"].into_iter().flat_map(|how| {
            ECHO.split_whitespace()
                .map(move |what| format!("echo-subscriptions-{how}-{what}"))
        });
        let invented = (0..).map(|n| format!("extension{n}-enable"));
        let others = OTHERS
            .split_whitespace()
            .map(str::to_owned)
            .chain(echo)
            .chain(invented);
        let missing = wanted.saturating_sub(common.len());
        common.extend(
            others
                .take(missing)
                .map(|name| (name.as_str().into(), value(&name, seed))),
        );
        common.truncate(wanted);
        Self {
            common,
            made: HashMap::new(),
            local: options_per_wiki - wanted,
            seed,
        }
    }

    pub fn of(&mut self, wiki: &str) -> Arc<Defaults> {
        let family = names::family(wiki);
        if let Some(made) = self.made.get(&family) {
            return made.clone();
        }
        let seed = mix(self.seed, family);
        let namespaces = (0..16)
            .chain(100..100 + 2 * (seed % 6))
            .map(|n| format!("searchNs{n}"));
        let gadgets = (0_u64..).map(|n| {
            let word = GADGETS[(mix(seed, n) % GADGETS.len() as u64) as usize];
            if n < 4 {
                format!("gadget-{}", GADGETS[n as usize])
            } else {
                format!("gadget-{word}-{n}")
            }
        });
        let local = namespaces.chain(gadgets).take(self.local);
        let local = local.map(|name| (name.as_str().into(), value(&name, seed)));
        let defaults = Arc::new(Defaults::new(
            self.common.iter().cloned().chain(local).collect(),
        ));
        self.made.insert(family, defaults.clone());
        defaults
    }
}

/// The recorded wiki's defaults, without those that belong to its family.
fn recorded_common() -> Vec<(Arc<str>, Arc<str>)> {
    let recorded = json::at(FULL, &["query", "defaultoptions"]).unwrap_or_default();
    let of_family = |name: &str| name.starts_with("searchNs") || name.starts_with("gadget-");
    let members = json::members(recorded)
        .into_iter()
        .filter(|(name, _)| !of_family(name));
    members
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// A default as PHP would type it: mostly 0, some 1, booleans, null and text.
fn value(name: &str, seed: u64) -> Arc<str> {
    if name == "searchNs0" {
        return "1".into();
    }
    if name.starts_with("searchNs") {
        return "0".into();
    }
    match mix(
        seed,
        name.bytes().fold(7, |hash, byte| mix(hash, byte.into())),
    ) % 12
    {
        0 | 1 => "1".into(),
        2 => "true".into(),
        3 => "false".into(),
        4 if !name.starts_with("gadget-") => "null".into(),
        5 if !name.starts_with("gadget-") => "\"\"".into(),
        _ => "0".into(),
    }
}
