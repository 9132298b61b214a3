//! Finds the modules behind a path.

use std::collections::BTreeSet;

use crate::source::Crate;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq)]
enum Meaning {
    Module(usize),
    Item,
    Unknown,
}

/// A chain of re-exports is no longer than this; a path that imports itself would be.
const MOST_STEPS: usize = 16;

impl Crate {
    /// The modules that must be there for a path to mean what it means: the one that defines what it names, and each
    /// that re-exports it on the way. Both count, since a re-export that hid the definition would hide circles through
    /// `super::`, and a definition that hid the re-export would let a module be a mere alias of its neighbour.
    pub(crate) fn behind(&self, from: usize, segments: &[String]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        self.resolve(from, segments, &mut found, 0);
        found
    }

    fn resolve(&self, from: usize, segments: &[String], found: &mut BTreeSet<usize>, steps: usize) -> Meaning {
        let mut at = Meaning::Module(from);
        let mut named = false;
        for (index, segment) in segments.iter().enumerate() {
            let Meaning::Module(module) = at else { return at };
            at = match segment.as_str() {
                "crate" => Meaning::Module(0),
                "self" => continue,
                "super" => self.modules[module].parent.map_or(Meaning::Unknown, Meaning::Module),
                name => {
                    let meaning = self.lookup(module, name, index + 1 == segments.len(), found, steps);
                    match meaning {
                        Meaning::Unknown if index == 0 && self.own_name.as_deref() == Some(name) => Meaning::Module(0),
                        // What a macro made, which no reading finds, is its module's.
                        Meaning::Unknown if named => {
                            found.insert(module);
                            meaning
                        }
                        meaning => meaning,
                    }
                }
            };
            named = true;
        }
        if let Meaning::Module(module) = at {
            found.insert(module);
        }
        at
    }

    fn lookup(&self, module: usize, name: &str, last: bool, found: &mut BTreeSet<usize>, steps: usize) -> Meaning {
        let here = &self.modules[module];
        let child = here.children.get(name).map_or(Meaning::Unknown, |child| Meaning::Module(*child));
        // A module and a function may share a name; only the module has something behind it.
        if steps > MOST_STEPS || (!last && child != Meaning::Unknown) {
            return child;
        }
        if here.items.contains(name) {
            found.insert(module);
            return Meaning::Item;
        }
        if let Some((_, path)) = here.imports.iter().find(|(import, _)| import == name) {
            found.insert(module);
            return self.resolve(module, path, found, steps + 1);
        }
        if child != Meaning::Unknown {
            return child;
        }
        for glob in &here.globs {
            let Meaning::Module(source) = self.resolve(module, glob, &mut BTreeSet::new(), steps + 1) else { continue };
            if source == module {
                continue;
            }
            let meaning = self.lookup(source, name, last, found, steps + 1);
            if meaning != Meaning::Unknown {
                found.insert(module);
                return meaning;
            }
        }
        Meaning::Unknown
    }
}
