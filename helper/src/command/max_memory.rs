//! `--max-memory`: what a process may take, and what of it may be counted.

use std::fmt;
use std::str::FromStr;

/// What a process takes whatever is read, such as a decoder's window and what lies between its threads, in MiB.
const FIXED: usize = 32;

/// What a process may take, in MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MaxMemory(usize);

impl MaxMemory {
    /// Where nothing else is asked for.
    pub(super) const DEFAULT: Self = Self(4096);

    /// Below it, what is not counted takes more than what is.
    const LEAST: usize = 2 * FIXED;

    /// How many bytes logs and comparison may be counted to take. Tables that grow, and what an allocator keeps for later,
    /// come to a tenth more than is counted: an eighth is left to them.
    pub(super) fn countable(self) -> usize {
        (self.0 - self.0 / 8 - FIXED).saturating_mul(1 << 20)
    }

    /// What to do where it is too little.
    pub(super) fn hint(self) -> String {
        format!(
            "hint: `lre explain` may take {} MiB; let it take more with `--max-memory {}`",
            self.0,
            self.0.saturating_mul(2)
        )
    }
}

impl FromStr for MaxMemory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mebibytes = text.parse().map_err(|_| "expected a number of MiB".to_owned())?;
        if mebibytes < Self::LEAST {
            return Err(format!("the program alone takes more; expected {} or more", Self::LEAST));
        }
        Ok(Self(mebibytes))
    }
}

impl fmt::Display for MaxMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn what_is_counted_leaves_room_for_what_is_not() {
        let countable = |text: &str| MaxMemory::from_str(text).map(|limit| limit.countable() >> 20);
        assert_eq!(countable("64"), Ok(24));
        assert_eq!(countable("1024"), Ok(864));
        assert_eq!(countable("63"), Err("the program alone takes more; expected 64 or more".to_owned()));
        assert_eq!(countable("1g"), Err("expected a number of MiB".to_owned()));
    }
}
