//! Wiki IDs that look like Wikimedia's.

/// Those every farm begins with.
const FIRST: [&str; 8] = [
    "metawiki",
    "enwiki",
    "dewiki",
    "frwiki",
    "commonswiki",
    "loginwiki",
    "wikidatawiki",
    "be_x_oldwiki",
];

const PROJECTS: [&str; 8] = [
    "wiki",
    "wiktionary",
    "wikisource",
    "wikiquote",
    "wikibooks",
    "wikinews",
    "wikivoyage",
    "wikiversity",
];

const LANGUAGES: &str = "es ja ru it zh pt ar fa pl nl id uk he sv cs ko vi fi hu tr ca no ro bn \
    el hi sr th da simple bg az sk hr ms ta et eu sl uz lt hy ka gl sq eo arz kk be lv nn mk ur \
    te ml mr si la sh my war ceb is cy zh_yue bs af ast tl fy km mn jv ku sw ga gu kn ne pa ckb \
    pnb tt ky lb br oc nds als bar an sco yi scn vec zh_min_nan ba cv su min ia io qu tg am so wa \
    mg ht vo new lmo pms nap li fo se os sah ug ps sd as or sa bh bo dv lo ln ay gn kv kw gd gv fur \
    csb hsb dsb szl rue crh nah ilo pam pag bcl hif map_bms bug ace gom tcy ie jbo vls zea frr stq \
    ksh pfl nov lad mi haw to sm ty";

/// The first `count` wiki IDs, all different.
pub fn wiki_ids(count: usize) -> Vec<String> {
    let invented = ('a'..='t').flat_map(|b| ('a'..='z').map(move |c| format!("q{b}{c}")));
    let all = LANGUAGES.split_whitespace().map(str::to_owned);
    let languages: Vec<String> = ["en", "de", "fr"]
        .map(str::to_owned)
        .into_iter()
        .chain(all)
        .collect();
    let known = PROJECTS
        .iter()
        .flat_map(|project| languages.iter().map(move |l| format!("{l}{project}")));
    // Codes qaa to qtz are for private use; with them no farm is too large.
    let beyond = invented.flat_map(|l| PROJECTS.map(|project| format!("{l}{project}")));
    let mut ids: Vec<String> = FIRST.map(str::to_owned).to_vec();
    ids.extend(
        known
            .chain(beyond)
            .filter(|id| !FIRST.contains(&id.as_str()))
            .take(count),
    );
    ids.truncate(count.max(1));
    ids
}

/// The content language of a wiki.
pub fn language(wiki: &str) -> String {
    if wiki == "be_x_oldwiki" {
        return "be-tarask".into();
    }
    let code = PROJECTS
        .iter()
        .find_map(|project| wiki.strip_suffix(project))
        .unwrap_or("en");
    match code {
        "commons" | "meta" | "login" | "wikidata" | "office" | "simple" => "en".into(),
        code => code.replace('_', "-"),
    }
}

/// A number for wikis that share their gadgets and namespaces: project by project, six kinds each.
pub fn family(wiki: &str) -> u64 {
    let project = PROJECTS
        .iter()
        .position(|project| wiki.ends_with(project))
        .unwrap_or(0);
    project as u64 * 6 + super::mix(language(wiki).bytes().map(u64::from).sum(), 6) % 6
}

/// What the user namespace is called in `title`; the feminine form where the language has one.
pub fn user_namespace(language: &str) -> &'static str {
    match language {
        "de" => "Benutzerin",
        "fr" => "Utilisatrice",
        "es" => "Usuaria",
        "pl" => "Wikipedystka",
        "ru" => "Участница",
        _ => "User",
    }
}
