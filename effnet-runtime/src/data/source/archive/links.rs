//! Links in a tar, followed as a system follows them once they are unpacked.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::super::Ignored;
use super::super::bytes::Stored;
use super::Entry;
use super::scan::{Kind, MAX_PATH, Member};
use crate::data::error::Error;

/// The most links to follow in a row, as on Linux.
const MAX_HOPS: usize = 40;

/// The most bytes of paths to touch while following all links of a tar. Links to folders of links multiply: a tar of a
/// few kilobytes could otherwise name more files than fit into memory.
const MAX_WORK: u64 = 1 << 31;

/// The cost of a stored path, relative to one that is only inspected.
const STORED: usize = 16;

/// Replaces links by their targets: a file, or all files of a folder. Counts links that lead nowhere, out of the tar or
/// in a circle.
pub(super) fn follow(origin: &str, members: Vec<Member>, ignored: &mut Ignored) -> Result<Vec<Entry>, Error> {
    if !members.iter().any(|member| matches!(member.kind, Kind::Hard(_) | Kind::Symbolic(_))) {
        let entry = |Member { path, kind }| match kind {
            Kind::File(stored) => Entry { path, stored: Some(stored) },
            _ => Entry { path, stored: None },
        };
        return Ok(members.into_iter().map(entry).collect());
    }
    let (tree, nodes) = nodes(&members, ignored);
    let mut walk = Walk { tree: &tree, entries: Vec::new(), circles: 0, work: MAX_WORK };
    for (path, node) in nodes {
        match node {
            Node::Folder => walk.keep(path.to_owned(), None),
            Node::File(stored) => walk.keep(path.to_owned(), Some(stored)),
            Node::Link(_) => match walk.link(path, path, &mut Vec::new()) {
                Ok(()) => {}
                Err(Stop::Nowhere) => ignored.add("linked to nothing"),
                Err(Stop::Circle) => ignored.add("linked in a circle"),
                Err(Stop::TooMuch) => {
                    let reason = "holds links to folders of links that lead to too many files: unpack it and give the \
                                  folder";
                    return Err(Error::layout(origin, reason));
                }
            },
        }
    }
    ignored.add_many("linked in a circle", walk.circles);
    Ok(walk.entries)
}

/// A folder, file or link that a path stands for.
#[derive(Clone, Copy)]
enum Node<'a> {
    Folder,
    File(&'a Stored),
    Link(&'a str),
}

/// All paths of the unpacked tar.
type Tree<'a> = BTreeMap<&'a str, Node<'a>>;

/// The unpacked tar, and what each member is in it: a hard link is whatever stands at its target's path by then.
fn nodes<'a>(members: &'a [Member], ignored: &mut Ignored) -> (Tree<'a>, Vec<(&'a str, Node<'a>)>) {
    let (mut tree, mut nodes) = (Tree::new(), Vec::with_capacity(members.len()));
    for Member { path, kind } in members {
        let node = match kind {
            Kind::Folder => Node::Folder,
            Kind::File(stored) => Node::File(stored),
            Kind::Symbolic(target) => Node::Link(target),
            Kind::Hard(target) => match tree.get(target.as_str()) {
                Some(node @ (Node::File(_) | Node::Link(_))) => *node,
                _ => {
                    ignored.add("linked to nothing");
                    continue;
                }
            },
        };
        // Entries for folders are optional.
        for (end, _) in path.match_indices('/') {
            tree.entry(&path[..end]).or_insert(Node::Folder);
        }
        tree.insert(path, node);
        nodes.push((path.as_str(), node));
    }
    (tree, nodes)
}

/// Why a link is not followed.
enum Stop {
    Nowhere,
    /// More links in a row than are followed, as where a link leads to itself.
    Circle,
    TooMuch,
}

/// Follows links, and keeps their targets.
struct Walk<'a> {
    tree: &'a Tree<'a>,
    entries: Vec<Entry>,
    /// Number of links that led back to a folder in which they were met.
    circles: usize,
    /// The rest of [`MAX_WORK`].
    work: u64,
}

impl<'a> Walk<'a> {
    fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        self.work = self.work.checked_sub(bytes as u64 + 1).ok_or(Stop::TooMuch)?;
        Ok(())
    }

    fn keep(&mut self, path: String, stored: Option<&Stored>) {
        self.entries.push(Entry { path, stored: stored.cloned() });
    }

    /// Keeps the target of the link at `at` under the path `shown`. `met` are the links on the way to it.
    fn link(&mut self, at: &'a str, shown: &str, met: &mut Vec<&'a str>) -> Result<(), Stop> {
        let (folder, node) = self.resolve(at)?;
        if let Node::File(stored) = node {
            self.keep(shown.to_owned(), Some(stored));
            return Ok(());
        }
        let prefix = if folder.is_empty() { folder } else { folder + "/" };
        met.push(at);
        if met.len() > MAX_HOPS || met.iter().any(|at| at.starts_with(&prefix)) {
            self.circles += 1;
        } else {
            self.keep(shown.to_owned(), None);
            self.folder(&prefix, shown, met)?;
        }
        met.pop();
        Ok(())
    }

    /// Keeps the contents of `prefix` under the path `shown`.
    fn folder(&mut self, prefix: &str, shown: &str, met: &mut Vec<&'a str>) -> Result<(), Stop> {
        let tree = self.tree;
        let behind = tree.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        for (path, node) in behind.take_while(|(path, _)| path.starts_with(prefix)) {
            let shown = format!("{shown}/{}", &path[prefix.len()..]);
            self.spend(STORED * shown.len())?;
            match node {
                _ if shown.len() > MAX_PATH => self.circles += 1,
                Node::Folder => self.keep(shown, None),
                Node::File(stored) => self.keep(shown, Some(stored)),
                Node::Link(_) => match self.link(path, &shown, met) {
                    // The link is a member itself, and counted as one.
                    Err(Stop::Nowhere | Stop::Circle) => {}
                    found => found?,
                },
            }
        }
        Ok(())
    }

    /// The path and the node that a link leads to, through any number of links.
    fn resolve(&mut self, link: &str) -> Result<(String, Node<'a>), Stop> {
        let tree = self.tree;
        let mut folder = parent(link).to_owned();
        // The names still to walk, the last one first.
        let mut rest: Vec<&str> = Vec::new();
        let mut hops = 0;
        let mut node = tree.get(link).copied().ok_or(Stop::Nowhere)?;
        loop {
            if let Node::Link(target) = node {
                hops += 1;
                self.spend(target.len())?;
                if hops > MAX_HOPS {
                    return Err(Stop::Circle);
                }
                if target.starts_with('/') || target.is_empty() {
                    return Err(Stop::Nowhere);
                }
                // A path that ends in a slash is a folder.
                rest.extend(target.ends_with('/').then_some("."));
                rest.extend(target.rsplit('/').filter(|part| !part.is_empty()));
                node = Node::Folder;
            }
            let Some(part) = rest.pop() else { return Ok((folder, node)) };
            self.spend(folder.len() + part.len())?;
            let at = match part {
                "." => continue,
                ".." if folder.is_empty() => return Err(Stop::Nowhere),
                ".." => parent(&folder).to_owned(),
                part if folder.is_empty() => part.to_owned(),
                part => format!("{folder}/{part}"),
            };
            node = if part == ".." { Node::Folder } else { tree.get(at.as_str()).copied().ok_or(Stop::Nowhere)? };
            match node {
                Node::Folder => folder = at,
                Node::Link(_) => {}
                Node::File(_) if rest.is_empty() => return Ok((at, node)),
                Node::File(_) => return Err(Stop::Nowhere),
            }
        }
    }
}

/// The folder that a path lies in.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
