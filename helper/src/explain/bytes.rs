//! Where two outputs differ, and what the bytes there look like.

use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSection as _};

/// How many bytes of text are shown around the first difference.
const SHOWN: usize = 60;

/// The first difference of two files in one line: the byte, the section of an ELF file (or of one in an archive), the text
/// there in both, and what it may be.
#[must_use]
pub fn describe_difference(name: &str, first: &[u8], second: &[u8]) -> String {
    let shared = first.iter().zip(second).position(|(one, other)| one != other);
    let Some(offset) = shared.or_else(|| (first.len() != second.len()).then(|| first.len().min(second.len()))) else {
        return format!("`{name}` is the same in both folders");
    };
    let place = place(first, offset as u64).map_or(String::new(), |place| format!(" ({place})"));
    let texts = [first, second].map(|bytes| text_at(bytes, offset));
    let values = match &texts {
        // What is text before the byte alone says nothing of it.
        [Some(one), Some(other)] if one != other => format!(": `{one}` in the first build, `{other}` in the second"),
        _ => String::new(),
    };
    let guess = texts
        .iter()
        .flatten()
        .filter(|_| !values.is_empty())
        .find_map(|text| guess(text))
        .map_or(String::new(), |what| format!(", {what}"));
    format!("`{name}` first differs at byte {offset}{place}{values}{guess}")
}

/// The section, or the archive's member with the section in it.
fn place(bytes: &[u8], offset: u64) -> Option<String> {
    if let Ok(archive) = ArchiveFile::parse(bytes) {
        let member = archive.members().flatten().find(|member| {
            let (start, size) = member.file_range();
            (start..start.saturating_add(size)).contains(&offset)
        })?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        let section = member.data(bytes).ok().and_then(|data| section(data, offset - member.file_range().0));
        return Some(
            section.map_or_else(|| format!("member `{name}`"), |section| format!("member `{name}`, {section}")),
        );
    }
    section(bytes, offset)
}

fn section(bytes: &[u8], offset: u64) -> Option<String> {
    let file = object::File::parse(bytes).ok()?;
    let holds = |range: Option<(u64, u64)>| {
        range.is_some_and(|(start, size)| (start..start.saturating_add(size)).contains(&offset))
    };
    let section = file.sections().find(|section| holds(section.file_range()));
    Some(section.map_or_else(
        || "the file's headers".to_owned(),
        |section| format!("section `{}`", section.name().unwrap_or("?").escape_debug()),
    ))
}

/// The printable text that the byte is in.
fn text_at(bytes: &[u8], offset: usize) -> Option<String> {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let before = bytes.get(..offset)?.iter().rev().take(SHOWN / 2).take_while(|byte| is_text(byte)).count();
    let after = bytes[offset..].iter().take(SHOWN).take_while(|byte| is_text(byte)).count();
    let text = String::from_utf8_lossy(&bytes[offset - before..offset + after]).replace('`', "'");
    (!text.is_empty()).then_some(text)
}

fn guess(text: &str) -> Option<&'static str> {
    const MONTHS: [&str; 12] =
        ["Jan ", "Feb ", "Mar ", "Apr ", "May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ", "Dec "];
    let digits = |word: &str, length| word.len() == length && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_time = |word: &str| {
        let parts: Vec<&str> = word.split(':').collect();
        parts.len() == 3 && parts.iter().all(|part| digits(part, 2))
    };
    if MONTHS.iter().any(|month| text.contains(month)) {
        Some("which looks like `__DATE__`")
    } else if text.split_whitespace().any(is_time) {
        Some("which looks like `__TIME__`")
    } else if text.split_whitespace().any(|word| digits(word, 10) || digits(word, 13) || digits(word, 19)) {
        Some("which looks like a time since 1970")
    } else if text.split_whitespace().any(|word| word.starts_with('/') && word[1..].contains('/')) {
        Some("which looks like an absolute path")
    } else {
        None
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn first_difference_is_told_with_its_text_and_a_guess() {
        let describe = |one: &str, other: &str| describe_difference("x", one.as_bytes(), other.as_bytes());
        assert_eq!(
            describe("\0\0Nov 24 2026\0", "\0\0Nov 25 2026\0"),
            "`x` first differs at byte 7: `Nov 24 2026` in the first build, `Nov 25 2026` in the second, which looks like \
             `__DATE__`"
        );
        assert_eq!(
            describe("at 10:00:01", "at 10:00:02"),
            "`x` first differs at byte 10: `at 10:00:01` in the first build, `at 10:00:02` in the second, which looks like \
             `__TIME__`"
        );
        assert_eq!(
            describe("\0/home/a/x.cc", "\0/home/b/x.cc"),
            "`x` first differs at byte 7: `/home/a/x.cc` in the first build, `/home/b/x.cc` in the second, which looks like \
             an absolute path"
        );
        assert_eq!(describe("a\0", "a\0\0"), "`x` first differs at byte 2");
        assert_eq!(describe("a", "a"), "`x` is the same in both folders");
    }

    #[test]
    fn section_of_an_elf_file_and_member_of_an_archive_are_named() {
        // The test's own binary is an ELF file with sections.
        let program = std::fs::read(std::env::current_exe().expect("a path")).expect("the test's binary");
        let file = object::File::parse(program.as_slice()).expect("an ELF file");
        let (start, _) = file.section_by_name(".rodata").and_then(|section| section.file_range()).expect("a section");
        let mut other = program.clone();
        other[usize::try_from(start).expect("an offset")] ^= 1;
        let said = describe_difference("x", &program, &other);
        assert!(said.starts_with(&format!("`x` first differs at byte {start} (section `.rodata`)")), "{said}");
        other[4] ^= 1;
        let said = describe_difference("x", &program, &other);
        assert_eq!(said, "`x` first differs at byte 4 (the file's headers)");
        let archive =
            |member: &str| format!("!<arch>\n{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n{member}", "a.txt/", 0, 0, 0, 644, 4);
        let said = describe_difference("x", archive("ab\0c").as_bytes(), archive("ab\0d").as_bytes());
        assert_eq!(said, "`x` first differs at byte 71 (member `a.txt`): `c` in the first build, `d` in the second");
    }
}
