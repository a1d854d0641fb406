//! Fields of protobuf messages, where they lie: nothing is copied, and no message takes more memory than its bytes.

use prost::encoding::{WireType, decode_key, decode_varint};

use super::read::ReadProblem;

/// How a field's value is written.
const NUMBER: u8 = WireType::Varint as u8;
const BYTES: u8 = WireType::LengthDelimited as u8;
const FIXED_64: u8 = WireType::SixtyFourBit as u8;
const FIXED_32: u8 = WireType::ThirtyTwoBit as u8;

/// The fields of a message, in the order of its bytes.
pub(super) struct Fields<'a>(&'a [u8]);

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Number(u64),
    /// A text, a message, or numbers one after another.
    Bytes(&'a [u8]),
    /// Of no field that is read.
    Fixed,
}

impl<'a> Fields<'a> {
    /// Of a message.
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    #[inline(always)]
    fn read(&mut self) -> Result<(u32, Value<'a>), ReadProblem> {
        // Nearly every key is one byte.
        let (tag, wire_type) = match *self.0 {
            [byte @ 8..0x80, ref rest @ ..] => {
                self.0 = rest;
                (u32::from(byte >> 3), byte & 7)
            }
            _ => decode_key(&mut self.0).map(|(tag, wire_type)| (tag, wire_type as u8))?,
        };
        let value = match wire_type {
            NUMBER => Value::Number(varint(&mut self.0)?),
            BYTES => {
                let length = varint(&mut self.0)?;
                Value::Bytes(self.take(usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            FIXED_64 => self.take(8).map(|_| Value::Fixed)?,
            FIXED_32 => self.take(4).map(|_| Value::Fixed)?,
            // Groups are out of use for longer than Bazel exists, and the others are none.
            _ => return Err(ReadProblem::Malformed),
        };
        Ok((tag, value))
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'a [u8], ReadProblem> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(ReadProblem::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

/// A number, which mostly is one byte.
#[inline]
fn varint(bytes: &mut &[u8]) -> Result<u64, ReadProblem> {
    if let [byte @ ..0x80, rest @ ..] = *bytes {
        *bytes = rest;
        return Ok(u64::from(*byte));
    }
    Ok(decode_varint(bytes)?)
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), ReadProblem>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Value<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], ReadProblem> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(ReadProblem::Malformed) }
    }

    pub(super) fn fields(self) -> Result<Fields<'a>, ReadProblem> {
        self.bytes().map(Fields::of)
    }

    pub(super) fn is_true(self) -> Result<bool, ReadProblem> {
        self.number().map(|number| number != 0)
    }

    /// A number of 32 bits. As protobuf wants it, those beyond them are not looked at.
    #[expect(clippy::cast_possible_truncation, reason = "protobuf wants it")]
    pub(super) fn id(self) -> Result<u32, ReadProblem> {
        self.number().map(|number| number as u32)
    }

    pub(super) fn signed(self) -> Result<i32, ReadProblem> {
        self.id().map(u32::cast_signed)
    }

    /// Adds the numbers of a repeated field, whichever of its two ways it is written in.
    pub(super) fn add_ids(self, ids: &mut Vec<u32>) -> Result<(), ReadProblem> {
        let Self::Bytes(mut packed) = self else {
            ids.push(self.id()?);
            return Ok(());
        };
        while !packed.is_empty() {
            ids.push(Self::Number(varint(&mut packed)?).id()?);
        }
        Ok(())
    }

    fn number(self) -> Result<u64, ReadProblem> {
        if let Self::Number(number) = self { Ok(number) } else { Err(ReadProblem::Malformed) }
    }
}
