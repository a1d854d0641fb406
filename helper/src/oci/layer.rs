//! The uncompressed bytes of a layer, verified at their end.

use std::cell::Cell;
use std::io::{self, BufRead as _, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

use super::digest::Digest;
use super::error::{Excess, ImageError};
use super::image::Layer;
use super::limits::Limits;
use super::source::Source;
use super::tee::{Tally, Tee};

const BUFFER: usize = 128 * 1024;

/// The layer's bytes. What is read is not trusted before [`LayerReader::finish`] has returned.
pub struct LayerReader<'a> {
    source: &'a Source,
    layer: &'a Layer,
    limits: Limits,
    decoder: Box<dyn Read>,
    compressed: Tally,
    plain: Tally,
    header_bound: HeaderBound,
    exceeded: Option<Excess>,
}

/// How much may be read before the next entry's contents: the parser keeps names and extended headers in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderBound(Rc<Cell<Option<u64>>>);

impl HeaderBound {
    pub(super) fn set(&self, bytes: u64) {
        self.0.set(Some(bytes));
    }

    pub(super) fn lift(&self) {
        self.0.set(None);
    }

    /// Whether that many bytes are still within the bound.
    fn allows(&self, bytes: u64) -> bool {
        let left = self.0.get().map(|left| left.checked_sub(bytes));
        if let Some(left) = left {
            self.0.set(left);
        }
        left != Some(None)
    }
}

impl<'a> LayerReader<'a> {
    /// Opens a layer. What it is compressed with is told by its first bytes, as container runtimes do.
    ///
    /// # Errors
    /// If the part that holds it is absent, unreadable or of another size than the image says.
    pub fn open(source: &'a Source, layer: &'a Layer, limits: &Limits) -> Result<Self, ImageError> {
        let (bytes, size) = source.require(&layer.part, "")?;
        if let Some((_, expected)) = layer.blob.filter(|(_, expected)| *expected != size) {
            let (place, part) = (source.place(), layer.to_string());
            return Err(ImageError::Size { place, part, expected, found: size });
        }
        let compressed = Tally::default();
        let decoder = decode(Tee::new(bytes, compressed.clone()));
        let decoder = decoder.map_err(|error| malformed(source, layer, error))?;
        let (plain, header_bound) = (Tally::default(), HeaderBound::default());
        Ok(Self { source, layer, limits: *limits, decoder, compressed, plain, header_bound, exceeded: None })
    }

    /// Its bound, which the parser's user sets.
    pub(super) fn header_bound(&self) -> HeaderBound {
        self.header_bound.clone()
    }

    /// Tells `collect` the name of each entry of the layer's archive.
    ///
    /// # Errors
    /// If it is no archive, or exceeds a limit: [`Self::explain`] says which.
    pub fn entry_names<T: Default>(&mut self, collect: impl Fn(&[u8], &mut T)) -> io::Result<T> {
        let (bound, limits) = (self.header_bound(), self.limits);
        let mut archive = tar::Archive::new(&mut *self);
        let (mut entries, mut collected) = (archive.entries()?, T::default());
        for count in 0.. {
            bound.set(limits.header);
            let Some(entry) = entries.next() else { break };
            let mut entry = entry?;
            bound.lift();
            if count >= limits.entries {
                self.exceeded = Some(Excess::Entries(limits.entries));
                return Err(io::Error::other(Excess::Entries(limits.entries)));
            }
            collect(&entry.path_bytes(), &mut collected);
            // The contents are no part of the next header.
            io::copy(&mut entry, &mut io::sink())?;
        }
        Ok(collected)
    }

    /// What a failed read was about: a limit, bytes that are not those of the image, or else a malformed archive.
    pub fn explain(&mut self, error: io::Error) -> ImageError {
        if let Some(excess) = self.exceeded {
            return ImageError::Limit { place: self.source.place(), layer: self.layer.to_string(), excess };
        }
        // A parser stops where it cannot go on. If the bytes are not those that the image names, that is the reason.
        self.verify_blob().err().unwrap_or_else(|| malformed(self.source, self.layer, error))
    }

    /// Reads what is left, and compares the digests with those of the image.
    ///
    /// # Errors
    /// If one of them is another.
    pub fn finish(mut self) -> Result<(), ImageError> {
        self.header_bound.lift();
        if let Err(error) = io::copy(&mut self, &mut io::sink()) {
            return Err(self.explain(error));
        }
        if let Some((expected, _)) = self.layer.blob {
            self.compare(self.layer.to_string(), expected, self.compressed.digest())?;
        }
        self.compare(format!("what is in {}", self.layer), self.layer.diff_id, self.plain.digest())
    }

    fn compare(&self, part: String, expected: Digest, found: Digest) -> Result<(), ImageError> {
        if expected == found {
            return Ok(());
        }
        Err(ImageError::Digest { place: self.source.place(), part, expected, found })
    }

    fn verify_blob(&self) -> Result<(), ImageError> {
        let Some((expected, _)) = self.layer.blob else { return Ok(()) };
        let (bytes, _) = self.source.require(&self.layer.part, "")?;
        let tally = Tally::default();
        io::copy(&mut Tee::new(bytes, tally.clone()), &mut io::sink())
            .map_err(|error| malformed(self.source, self.layer, error))?;
        self.compare(self.layer.to_string(), expected, tally.digest())
    }

    fn check_limits(&self, length: u64) -> Result<(), Excess> {
        let (plain, Limits { ratio, ratio_floor, header, .. }) = (self.plain.bytes(), self.limits);
        if plain > ratio_floor && plain / ratio > self.compressed.bytes() {
            return Err(Excess::Ratio(ratio));
        }
        if self.header_bound.allows(length) { Ok(()) } else { Err(Excess::Header(header)) }
    }
}

impl Read for LayerReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.decoder.read(buffer)?;
        self.plain.add(&buffer[..length]);
        self.check_limits(length as u64).map_err(|excess| {
            self.exceeded = Some(excess);
            io::Error::other(excess)
        })?;
        Ok(length)
    }
}

fn decode(bytes: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let mut buffered = BufReader::with_capacity(BUFFER, bytes);
    let start = buffered.fill_buf()?;
    Ok(if start.starts_with(b"\x1f\x8b") {
        Box::new(MultiGzDecoder::new(buffered))
    } else if start.starts_with(b"\x28\xb5\x2f\xfd") {
        Box::new(Decoder::with_buffer(buffered)?)
    } else {
        Box::new(buffered)
    })
}

fn malformed(source: &Source, layer: &Layer, error: io::Error) -> ImageError {
    ImageError::Layer { place: source.place(), layer: layer.to_string(), source: error }
}
