//! The two spellings of hashes that Nix uses: its own base32, and SRI's base64.

use data_encoding::{BASE64, BitOrder, Encoding, Specification};
use sha2::{Digest as _, Sha256};

/// Nix's alphabet: digits and letters without `e`, `o`, `t` and `u`.
pub const BASE32_ALPHABET: &str = "0123456789abcdfghijklmnpqrsvwxyz";

fn base32() -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str(BASE32_ALPHABET);
    specification.bit_order = BitOrder::LeastSignificantFirst;
    specification.encoding().expect("32 different ASCII characters are an alphabet of 5 bits")
}

/// Nix's base32 of some bytes: least significant bit first, and then the whole string reversed.
#[must_use]
pub fn nix_base32(bytes: &[u8]) -> String {
    base32().encode(bytes).chars().rev().collect()
}

/// `sha256-<base64>` of a text.
#[must_use]
pub fn sha256_sri(text: &str) -> String {
    sri_of_digest(&Sha256::digest(text.as_bytes()))
}

/// `sha256-<base64>` of a SHA-256.
#[must_use]
pub fn sri_of_digest(digest: &[u8]) -> String {
    format!("sha256-{}", BASE64.encode(digest))
}

/// The SRI spelling of what `nix-store --query --hash` prints: `sha256:` and the hash in base32 or base16.
#[must_use]
pub fn sri_of_nix_hash(printed: &str) -> Option<String> {
    let digits = printed.trim().strip_prefix("sha256:")?;
    let bytes = match digits.len() {
        64 => data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()?,
        52 => {
            let reversed: String = digits.chars().rev().collect();
            base32().decode(reversed.as_bytes()).ok()?
        }
        _ => return None,
    };
    (bytes.len() == 32).then(|| sri_of_digest(&bytes))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn base32_agrees_with_nix() {
        // nix-hash --type sha256 --to-base32 of the SHA-256 of the empty string.
        let empty = Sha256::digest(b"");
        assert_eq!(nix_base32(&empty), "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73");
    }

    #[test]
    fn both_printed_hashes_become_the_same_sri() {
        let sri = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(sha256_sri(""), sri);
        let base32 = "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73\n";
        assert_eq!(sri_of_nix_hash(base32).as_deref(), Some(sri));
        let hex = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sri_of_nix_hash(hex).as_deref(), Some(sri));
    }

    #[test]
    fn other_hashes_are_refused() {
        assert_eq!(sri_of_nix_hash("md5:d41d8cd98f00b204e9800998ecf8427e"), None);
        assert_eq!(sri_of_nix_hash("sha256:xyz"), None);
        assert_eq!(sri_of_nix_hash("error: path is not valid"), None);
    }
}
