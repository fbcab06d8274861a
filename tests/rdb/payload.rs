//! Dumps made by hand: what `DUMP` answers and `RESTORE` takes, byte by byte.
//!
//! A payload is the type of the value (7: a module's), the module type's number with the encoding's version in its low
//! ten bits, values each led by a number that says their kind, an end mark, and a footer: the RDB version and a CRC64
//! of all before it (`rdb.c`, `module.c` and `crc64.c` of the server).

/// The last byte of the type's number has the low bits of the version.
const HEAD: std::ops::Range<usize> = 0..10;

const KIND_END: u64 = 0;
const KIND_UNSIGNED: u64 = 2;
const KIND_STRING: u64 = 5;

/// Ten years in ms: no duration is longer.
pub const MAX_DURATION: u64 = 315_360_000_000;

/// CRC-64 as Redis computes it (Jones's polynomial, reflected, nothing added at either end).
pub fn crc64(bytes: &[u8]) -> u64 {
    const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u64::from(*byte), |crc, _| {
            (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg())
        })
    })
}

/// A payload in its parts.
#[derive(Clone)]
pub struct Payload {
    /// From the type to the end mark.
    pub body: Vec<u8>,
    rdb_version: [u8; 2],
}

impl Payload {
    /// Takes a dump apart. Its checksum has to be right.
    pub fn new(dump: &[u8]) -> Self {
        let (signed, crc) = dump.split_at(dump.len() - 8);
        assert_eq!(crc, crc64(signed).to_le_bytes(), "the checksum");
        let (body, version) = signed.split_at(signed.len() - 2);
        Self {
            body: body.to_vec(),
            rdb_version: [version[0], version[1]],
        }
    }

    /// A dump of this body, with the right checksum.
    pub fn dump(&self) -> Vec<u8> {
        let mut dump = [&self.body[..], &self.rdb_version].concat();
        dump.extend(crc64(&dump).to_le_bytes());
        dump
    }

    /// A payload of the same type and version with other values.
    pub fn with(&self, values: &[Vec<u8>]) -> Self {
        let body = [&self.body[HEAD], &values.concat(), &length(KIND_END)].concat();
        Self {
            body,
            ..self.clone()
        }
    }

    /// The version of the encoding.
    pub fn version(&self) -> u16 {
        u16::from_be_bytes([self.body[8], self.body[9]]) & 0x3ff
    }

    /// The same as of another version.
    pub fn of_version(mut self, version: u16) -> Self {
        let number = u16::from_be_bytes([self.body[8], self.body[9]]) & !0x3ff | version;
        self.body[8..10].copy_from_slice(&number.to_be_bytes());
        self
    }
}

/// A length as RDB files have it: in 1, 2, 5 or 9 bytes.
fn length(number: u64) -> Vec<u8> {
    match number {
        0..0x40 => vec![number as u8],
        0x40..0x4000 => (0x4000 | number as u16).to_be_bytes().to_vec(),
        0x4000..0x1_0000_0000 => [&[0x80][..], &(number as u32).to_be_bytes()].concat(),
        _ => [&[0x81][..], &number.to_be_bytes()].concat(),
    }
}

/// A number as a module saves it.
pub fn unsigned(number: u64) -> Vec<u8> {
    [length(KIND_UNSIGNED), length(number)].concat()
}

/// A string as a module saves it.
pub fn string(bytes: &[u8]) -> Vec<u8> {
    [
        length(KIND_STRING),
        length(bytes.len() as u64),
        bytes.to_vec(),
    ]
    .concat()
}

/// A string that claims to be longer than what follows.
pub fn string_claiming(claimed: u64, bytes: &[u8]) -> Vec<u8> {
    [length(KIND_STRING), length(claimed), bytes.to_vec()].concat()
}

/// A number in a block of members (LEB128).
pub fn leb(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The beginning of a group of members with one ttl, and the time that theirs are counted from.
pub fn group(ttl: u64, at: u64) -> Vec<u8> {
    [vec![19], leb(ttl), leb(at)].concat()
}

/// A short member in a block, seen `later` than the one before.
pub fn member(name: &str, later: u64) -> Vec<u8> {
    [vec![name.len() as u8], name.as_bytes().to_vec(), leb(later)].concat()
}
