//! What one account was, seen once.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Property, Subject, Value};

/// The state of one account as one answer told it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Every fact, in order.
    pub properties: BTreeMap<Property, Value>,
    /// What the answer could tell at all.
    pub coverage: Coverage,
}

impl Snapshot {
    /// 128 bits of SHA-256 over everything in it: two snapshots with the same fingerprint are the
    /// same, and an account that has not changed need not be compared.
    pub fn fingerprint(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.coverage.bits().to_le_bytes());
        for (property, value) in &self.properties {
            // No part can hold the byte that ends it: kinds are words, and JSON text and names are
            // UTF-8.
            for part in [property.kind.as_str(), &property.name, value.json()] {
                hash.update(part);
                hash.update([0xff]);
            }
            hash.update([value.is_default().map_or(2, u8::from)]);
        }
        let digest = hash.finalize();
        std::array::from_fn(|byte| digest[byte])
    }

    /// Adds a fact; its subject counts as covered from now on.
    pub fn insert(&mut self, property: Property, value: Value) {
        self.coverage.add(property.subject());
        self.properties.insert(property, value);
    }
}

/// A set of subjects: what an answer covered, or what has ever been covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage(u32);

impl Coverage {
    /// The set as a number, to be kept in the database.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// The set that a number stands for.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Adds a subject.
    pub fn add(&mut self, subject: Subject) {
        self.0 |= subject as u32;
    }

    /// Whether the subject is in the set.
    pub fn covers(self, subject: Subject) -> bool {
        self.0 & subject as u32 != 0
    }

    /// The subjects of both sets.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The subjects of this set that the other lacks.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}
