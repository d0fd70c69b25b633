//! Answers that are well formed and yet tell of something that rarely happens. They are asked for
//! once more at the end of the run, and believed then.

use crate::{
    mediawiki::fell_to_defaults,
    model::{Kind, Property, Snapshot},
};

/// Whether a whole class of properties is gone, or most preferences are back at their defaults.
pub(super) fn is_doubtful(before: &Snapshot, after: &Snapshot) -> bool {
    let has = |snapshot: &Snapshot, kind: Kind| {
        snapshot
            .properties
            .range(Property::new(kind, "")..)
            .next()
            .is_some_and(|(property, _)| property.kind == kind)
    };
    let covers = |kind: Kind| after.coverage.covers(Property::new(kind, "").subject());
    let is_gone = |kind: Kind| covers(kind) && has(before, kind) && !has(after, kind);
    [Kind::Preference, Kind::Group, Kind::ImplicitGroup]
        .into_iter()
        .any(is_gone)
        || covers(Kind::Preference) && fell_to_defaults(&before.properties, &after.properties)
}
