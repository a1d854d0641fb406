//! Tar archives from a text with an entry a line, every checksum right.

const BLOCK: usize = 512;

/// The archive that some lines describe: `KIND MODE SIZE NAME>TARGET=CONTENTS`.
///
/// `KIND` is tar's type flag. `SIZE` is what the header says, in octal digits as they stand there; `-` is the contents'
/// own. `>TARGET` and `=CONTENTS` may be absent; in contents, `\n` and `\0` are what they are in C. Nothing is checked: names
/// climb, links lead anywhere, and sizes lie, as somebody may make them. A line `!` is a block of zeros.
#[must_use]
pub fn archive_of_text(text: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if line == b"!" {
            archive.resize(archive.len() + BLOCK, 0);
            continue;
        }
        let mut words = line.splitn(4, |byte| *byte == b' ');
        let mut word = || words.next().unwrap_or_default();
        let (kind, mode, size, rest) = (word(), word(), word(), word());
        let (rest, contents) = halves(rest, b'=');
        let (name, target) = halves(rest, b'>');
        let contents = unescaped(contents);
        let own = format!("{:011o}", contents.len());
        let size = if size == b"-" { own.as_bytes() } else { size };
        let kind = kind.first().copied().unwrap_or_default();
        archive.extend_from_slice(&header(kind, mode, size, name, target));
        archive.extend_from_slice(&contents);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

fn halves(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == separator) {
        Some(place) => (&bytes[..place], &bytes[place + 1..]),
        None => (bytes, b""),
    }
}

fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        plain.push(match (byte, rest.as_slice().first()) {
            (b'\\', Some(b'n')) => b'\n',
            (b'\\', Some(b'0')) => 0,
            _ => {
                plain.push(*byte);
                continue;
            }
        });
        rest.next();
    }
    plain
}

fn header(kind: u8, mode: &[u8], size: &[u8], name: &[u8], target: &[u8]) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |offset: usize, length: usize, value: &[u8]| {
        let length = length.min(value.len());
        header[offset..offset + length].copy_from_slice(&value[..length]);
    };
    put(0, 100, name);
    put(100, 8, mode);
    put(108, 8, b"0000000");
    put(116, 8, b"0000000");
    put(124, 12, size);
    put(136, 12, b"00000000000");
    put(148, 8, b"        ");
    put(156, 1, &[kind]);
    put(157, 100, target);
    put(257, 8, b"ustar  \0");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}
