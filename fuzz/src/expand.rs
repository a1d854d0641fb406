//! Short spellings of large inputs.

use std::borrow::Cow;

/// What a short spelling may become, in bytes: 100,000 operands need 400,000.
const LONGEST: usize = 512 << 10;

/// An input that starts with a grave accent is `` `COUNT`START`OPEN`MIDDLE`CLOSE`END ``: what stands before and after the
/// middle is repeated. 20,000 nested parentheses are `` `20000`x = `(`1`)` ``, and what is nested gets mutated, not each
/// of its copies. Any other input is taken as it is.
#[must_use]
pub fn expand(data: &[u8]) -> Cow<'_, [u8]> {
    let mut parts = data.split(|byte| *byte == b'`');
    let (Some(b""), Some(count)) = (parts.next(), parts.next()) else { return data.into() };
    let Some(count) = std::str::from_utf8(count).ok().and_then(|count| count.parse::<usize>().ok()) else {
        return data.into();
    };
    let mut next = || parts.next().unwrap_or_default();
    let (start, open, middle, close, end) = (next(), next(), next(), next(), next());
    let unit = (open.len() + close.len()).max(1);
    let count = count.min(LONGEST / unit);
    [start, &open.repeat(count), middle, &close.repeat(count), end].concat().into()
}
