//! Circles among the modules below one parent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::source::Crate;

/// Who imports whom among the siblings below each module, and one place where.
type Siblings = BTreeMap<String, BTreeMap<(String, String), String>>;

/// Siblings each of which reaches each other one.
#[derive(Debug)]
pub(crate) struct Circle {
    pub(crate) below: String,
    pub(crate) members: Vec<String>,
    /// One import per pair: who, whom, where.
    imports: Vec<(String, String, String)>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{}: {} import each other in a circle", self.below, self.members.join(", "))?;
        self.imports.iter().try_for_each(|(from, to, place)| writeln!(f, "    {from} -> {to}  {place}"))
    }
}

/// All circles of a crate. An import counts between those ancestors of its two ends that are siblings; between a module
/// and its own ancestor it counts for nothing.
pub(crate) fn circles(of: &Crate) -> Vec<Circle> {
    siblings(of).into_iter().flat_map(|(below, edges)| circles_below(&below, &edges)).collect()
}

fn siblings(of: &Crate) -> Siblings {
    let mut siblings = Siblings::new();
    for (from, module) in of.modules.iter().enumerate() {
        let words = if module.globs.is_empty() { &[][..] } else { &module.words };
        for mention in module.mentions.iter().chain(words) {
            for to in of.behind(from, &mention.segments) {
                let (from, to) = (&module.path, &of.modules[to].path);
                let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
                if let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) {
                    let edges = siblings.entry(from[..shared].join("::")).or_default();
                    let text = || format!("{} ({})", mention.place, mention.segments.join("::"));
                    edges.entry((a.clone(), b.clone())).or_insert_with(text);
                }
            }
        }
    }
    siblings
}

fn circles_below(below: &str, edges: &BTreeMap<(String, String), String>) -> Vec<Circle> {
    let names: BTreeSet<&String> = edges.keys().map(|(from, _)| from).collect();
    let reached: BTreeMap<&String, BTreeSet<&String>> = names.iter().map(|name| (*name, reach(name, edges))).collect();
    let mut circles = Vec::new();
    let mut placed = BTreeSet::new();
    for name in &names {
        let members: Vec<&String> = names
            .iter()
            .copied()
            .filter(|other| reached[*name].contains(other) && reached[other].contains(name))
            .collect();
        if members.is_empty() || !placed.insert(members[0]) {
            continue;
        }
        let inside = |(from, to): &(String, String)| members.contains(&from) && members.contains(&to);
        let imports = edges.iter().filter(|(pair, _)| inside(pair));
        circles.push(Circle {
            below: below.to_owned(),
            members: members.iter().copied().cloned().collect(),
            imports: imports.map(|((from, to), place)| (from.clone(), to.clone(), place.clone())).collect(),
        });
    }
    circles
}

/// Whom a module reaches through one import or more.
fn reach<'a>(from: &'a str, edges: &'a BTreeMap<(String, String), String>) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        let imported = edges.keys().filter(|(from, _)| from == next).map(|(_, to)| to);
        open.extend(imported.filter(|to| reached.insert(*to)).map(String::as_str));
    }
    reached
}
