//! What the ids of a compact log stand for.

use hashbrown::HashMap;

use super::Chunked;
use super::pool::{FileId, SetId, Text};
use super::read::ReadProblem;

/// What an id stands for.
#[derive(Clone, Copy)]
pub(super) enum Node {
    File(FileId),
    /// A file of which nothing but the path is known.
    Path(Text),
    /// A folder, as the set of the files in it.
    Folder(Text, SetId),
    Set(SetId),
}

/// How many ids in a row may be left out.
const GAP: usize = 64;

/// The ids so far.
#[derive(Default)]
pub(super) struct Nodes {
    /// Bazel counts them up.
    counted: Chunked<Option<Node>>,
    /// Those far beyond the ones before them.
    others: HashMap<u32, Node>,
}

impl Nodes {
    /// Lets an id stand for something, whatever it stood for before.
    pub(super) fn insert(&mut self, id: u32, node: Node) {
        let place = id as usize;
        if place >= self.counted.len() + GAP {
            self.others.insert(id, node);
            return;
        }
        self.counted.extend_to(place + 1, &None);
        self.counted[place] = Some(node);
    }

    /// What an id stands for.
    ///
    /// # Errors
    /// If it stands for nothing yet.
    pub(super) fn get(&self, id: u32) -> Result<Node, ReadProblem> {
        let counted = self.counted.get(id as usize).copied().flatten();
        counted.or_else(|| self.others.get(&id).copied()).ok_or(ReadProblem::UnknownId(id))
    }

    /// About how many bytes of memory they take.
    pub(super) fn bytes(&self) -> usize {
        let others = self.others.capacity() * (size_of::<(u32, Node)>() + 1);
        self.counted.bytes() + others
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::execlog::Pool;

    #[test]
    fn ids_stand_for_what_they_were_given_last_in_whatever_order_they_come() {
        let mut pool = Pool::default();
        let [first, second] = ["a", "b"].map(|path| pool.intern(path));
        let folder = |path| Node::Folder(path, Pool::NO_FILES);
        let mut nodes = Nodes::default();
        let ids = [u32::MAX, 70, 1, 64, 70];
        for id in ids {
            assert!(id == 70 || nodes.get(id).is_err());
            nodes.insert(id, folder(first));
        }
        for id in ids {
            nodes.insert(id, folder(second));
            assert!(matches!(nodes.get(id), Ok(Node::Folder(path, _)) if path == second));
        }
        assert!(matches!(nodes.get(2), Err(ReadProblem::UnknownId(2))));
    }
}
