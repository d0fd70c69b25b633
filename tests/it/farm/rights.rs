//! Which rights groups give, and which a credential's grants let through.

/// What nobody needs to log in for.
pub const ANONYMOUS: &[&str] = &[
    "createaccount",
    "read",
    "edit",
    "createpage",
    "createtalk",
    "writeapi",
    "viewmywatchlist",
    "editmywatchlist",
    "viewmyprivateinfo",
    "editmyprivateinfo",
    "editmyoptions",
    "centralauth-merge",
];

const USER: &[&str] = &[
    "createaccount",
    "read",
    "edit",
    "createpage",
    "createtalk",
    "writeapi",
    "viewmywatchlist",
    "editmywatchlist",
    "viewmyprivateinfo",
    "editmyprivateinfo",
    "editmyoptions",
    "centralauth-merge",
    "move",
    "move-subpages",
    "move-rootuserpages",
    "move-categorypages",
    "movefile",
    "upload",
    "reupload",
    "reupload-shared",
    "minoredit",
    "editmyusercss",
    "editmyuserjson",
    "editmyuserjs",
    "editmyuserjsredirect",
    "purge",
    "sendemail",
    "applychangetags",
    "changetags",
    "editcontentmodel",
    "mwoauthproposeconsumer",
    "mwoauthupdateownconsumer",
    "mwoauthmanagemygrants",
    "autoconfirmed",
    "editsemiprotected",
];

/// The rights a local or global group adds.
pub fn of_group(group: &str) -> &'static [&'static str] {
    match group {
        "bot" => &[
            "autoconfirmed",
            "editsemiprotected",
            "noratelimit",
            "apihighlimits",
            "bot",
            "nominornewtalk",
            "autopatrol",
            "suppressredirect",
        ],
        "sysop" => &[
            "block",
            "delete",
            "protect",
            "undelete",
            "deletedhistory",
            "rollback",
            "autopatrol",
            "unwatchedpages",
            "ipblock-exempt",
            "markbotedits",
            "apihighlimits",
            "noratelimit",
        ],
        "interface-admin" => &[
            "editinterface",
            "editsitecss",
            "editsitejson",
            "editsitejs",
            "editusercss",
            "edituserjson",
            "edituserjs",
        ],
        "bureaucrat" => &["userrights", "noratelimit"],
        "rollbacker" => &["rollback"],
        "extendedconfirmed" => &["extendedconfirmed"],
        "filemover" => &["movefile", "suppressredirect"],
        "global-rollbacker" => &[
            "autoconfirmed",
            "editsemiprotected",
            "noratelimit",
            "rollback",
            "apihighlimits",
        ],
        "abuse-viewer" => &["deletedhistory"],
        "steward" => &["userrights", "centralauth-lock", "centralauth-suppress"],
        _ => &[],
    }
}

/// All rights of a member of `groups`, without repetition.
pub fn of_groups<'a>(groups: impl IntoIterator<Item = &'a str>) -> Vec<&'static str> {
    let mut rights = Vec::new();
    for right in groups.into_iter().flat_map(of_group).chain(USER) {
        if !rights.contains(right) {
            rights.push(*right);
        }
    }
    rights
}

/// Whether a credential with these grants may use the right.
pub fn granted(grants: &[String], right: &str) -> bool {
    grants.iter().any(|grant| {
        let allowed: &[&str] = match grant.as_str() {
            "basic" => &[
                "autoconfirmed",
                "autopatrol",
                "editsemiprotected",
                "ipblock-exempt",
                "nominornewtalk",
                "patrolmarks",
                "read",
                "unwatchedpages",
                "purge",
                "writeapi",
            ],
            "privateinfo" => &["viewmyprivateinfo"],
            "highvolume" => &["bot", "apihighlimits", "noratelimit", "markbotedits"],
            "editmyoptions" => &["editmyoptions", "editmyuserjson"],
            "viewmywatchlist" => &["viewmywatchlist"],
            _ => &[],
        };
        allowed.contains(&right)
    })
}
