//! Names, one after the other in one buffer that is filled again and again.

/// Names in the order in which they were added.
#[derive(Default)]
pub struct NameBuffer {
    bytes: Vec<u8>,
    /// Where each one ends.
    ends: Vec<usize>,
}

impl NameBuffer {
    pub fn push(&mut self, name: &[u8]) {
        self.bytes.extend_from_slice(name);
        self.ends.push(self.bytes.len());
    }

    /// Removes all; the buffer stays.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let spans = starts.zip(&self.ends);
        spans.map(|(start, end)| &self.bytes[start..*end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_out_as_they_went_in() {
        let mut names = NameBuffer::default();
        for round in [&["ann", "", "bob"][..], &[], &["", ""]] {
            names.clear();
            round.iter().for_each(|name| names.push(name.as_bytes()));
            let out: Vec<&[u8]> = names.iter().collect();
            let expected: Vec<_> = round.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(out, expected);
        }
    }
}
