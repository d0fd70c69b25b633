//! A pulse: one request to the central wiki, then only the accounts that look different there.

use std::collections::BTreeMap;

use crate::{
    model::{AttachedAccount, WikiId},
    store::{Account, Outline},
};

/// The accounts that differ from their outline, have none yet, or could not be read last time.
pub(super) fn looking_different(
    accounts: Vec<Account>,
    attached: &[AttachedAccount],
    outlines: &BTreeMap<WikiId, Outline>,
) -> Vec<Account> {
    let listed: BTreeMap<&WikiId, &AttachedAccount> = attached
        .iter()
        .map(|account| (&account.wiki, account))
        .collect();
    let looks_different =
        |account: &Account| match (listed.get(&account.wiki), outlines.get(&account.wiki)) {
            (Some(listed), Some(known)) => differs(listed, known),
            (Some(_), None) => true,
            (None, _) => false,
        };
    accounts.into_iter().filter(looks_different).collect()
}

fn differs(listed: &AttachedAccount, known: &Outline) -> bool {
    known.is_failing
        || listed.groups != known.groups
        || listed.edit_count != known.edit_count
        || listed.block.is_some() != (known.blocks > 0)
}
