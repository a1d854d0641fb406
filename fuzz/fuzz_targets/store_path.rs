//! Store paths, mentions of them in longer texts, and both spellings of a hash.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lre::store::hash::{nix_base32, sri_of_digest, sri_of_nix_hash};
use lre::store::{STORE_DIR, StorePath, StoreRoot, find_store_paths};

fuzz_target!(|data: &[u8]| {
    if let Some(digest) = data.first_chunk::<32>() {
        let sri = sri_of_digest(digest);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sri_of_nix_hash(&format!("sha256:{}", nix_base32(digest))), Some(sri.clone()));
        assert_eq!(sri_of_nix_hash(&format!("sha256:{hex}\n")), Some(sri));
    }
    let text = String::from_utf8_lossy(data);
    let _ = sri_of_nix_hash(&text);
    for mention in find_store_paths(&text) {
        assert!(text[mention.offset..].starts_with(STORE_DIR));
        if let Ok(path) = &mention.path {
            check_path(path);
        }
    }
    if let Ok(path) = StorePath::parse(&text) {
        check_path(&path);
    }
});

/// A path has one spelling, lies below its root, and is where its parts say.
fn check_path(path: &StorePath) {
    let spelled = path.to_string();
    assert_eq!(StorePath::parse(&spelled).as_ref(), Ok(path));
    let root = path.root();
    assert_eq!(StoreRoot::try_from(root.path()).as_ref(), Ok(root));
    assert!(root.name().starts_with(root.package()));
    let below = spelled.strip_prefix(&root.path()).expect("a path starts with its root");
    assert!(below.is_empty() || below.starts_with('/'));
    assert!(below.split('/').skip(1).all(|part| !matches!(part, "" | "." | "..")), "{spelled}");
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => assert_eq!(&parent.join(name), path),
        (parent, name) => assert_eq!((parent, name, below), (None, None, "")),
    }
}
