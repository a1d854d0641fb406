//! Hashes of random trees, held against a NAR archive that is written by other code.

#![no_main]

use std::cell::Cell;

use libfuzzer_sys::fuzz_target;
use lre::store::hash::sri_of_digest;
use lre::store::nar::hash_nar;
use lre_fuzz::{expand, make_tree, nar_of};
use sha2::{Digest as _, Sha256};

fuzz_target!(|data: &[u8]| {
    let data = expand(data);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("tree");
    make_tree(&data, &root);
    let nar = nar_of(&root);
    let bytes = Cell::new(0);
    match hash_nar(&root, |count| bytes.set(bytes.get() + count)) {
        Ok(hash) => {
            assert_eq!(hash, sri_of_digest(&Sha256::digest(&nar)));
            assert_eq!(bytes.get(), nar.len() as u64);
        }
        // The one thing that is refused; a name or target that is no text stands in the archive as it is.
        Err(error) => {
            assert!(error.to_string().contains("is not UTF-8") && std::str::from_utf8(&data).is_err(), "{error}")
        }
    }
});
