//! The digests of files and actions.

use super::Text;

/// A digest. Those of one pool are equal if they are the same text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Digest {
    /// 64 lowercase hexadecimal digits, which SHA-256 and BLAKE3 have. A log has as many of them as files, each another
    /// one: a table of them would be of no use.
    Packed([u8; 32]),
    /// Anything else, such as `-> ` and the target of a link. Never 64 digits.
    Other(Text),
}

/// The bytes that 64 lowercase hexadecimal digits stand for.
pub(super) fn pack(text: &[u8]) -> Option<[u8; 32]> {
    let nibbles = <&[u8; 64]>::try_from(text).ok()?.map(nibble);
    if nibbles.iter().fold(0, |all, nibble| all | nibble) > 0xF {
        return None;
    }
    let (pairs, _) = nibbles.as_chunks();
    let mut packed = [0; 32];
    for (byte, [high, low]) in packed.iter_mut().zip(pairs) {
        *byte = high << 4 | low;
    }
    Some(packed)
}

/// What a digit stands for; more than 15 if it is none. Without a branch, so that many are read at once.
fn nibble(digit: u8) -> u8 {
    let (number, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
    if number < 10 {
        number
    } else if letter < 6 {
        letter + 10
    } else {
        0x80
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn lowercase_digits_alone_are_packed() {
        let digits = "0123456789abcdef".repeat(4);
        assert_eq!(pack(digits.as_bytes()).map(|bytes| data_encoding::HEXLOWER.encode(&bytes)), Some(digits.clone()));
        for wrong in [digits.to_uppercase(), digits.replace('0', "g"), digits.replace('9', "/"), digits[1..].to_owned()]
        {
            assert_eq!(pack(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
