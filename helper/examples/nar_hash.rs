//! `nar_hash PATH…`: the NAR hash of each path in both spellings of Nix, for `cargo xtask test nix`.

use std::path::Path;

use data_encoding::BASE64;
use lre::store::hash::nix_base32;
use lre::store::nar::hash_nar;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let sri = hash_nar(Path::new(&path), |_| ())?;
        let digest = BASE64.decode(sri.trim_start_matches("sha256-").as_bytes())?;
        println!("{sri} {}", nix_base32(&digest));
    }
    Ok(())
}
