//! What a set takes: bytes, blocks, and the form that it is stored in.

use super::members::{Form, PresenceSet};

impl PresenceSet {
    /// Bytes allocated, the set itself included.
    pub fn bytes(&self) -> usize {
        size_of::<PresenceSet>()
            + match &self.form {
                Form::Small(small) => small.bytes(),
                Form::Table(table) => table.bytes(),
            }
    }

    /// The block that a small set's members are in, `None` for a table.
    #[allow(clippy::borrowed_box)] // that it is a box tells the allocator that it begins here
    pub fn buffer(&self) -> Option<&Box<[u8]>> {
        match &self.form {
            Form::Small(small) => Some(small.buffer()),
            Form::Table(_) => None,
        }
    }

    /// What [`bytes`](Self::bytes) was when it was last noted. A small set always knows.
    pub fn noted_bytes(&self) -> usize {
        match &self.form {
            Form::Small(_) => self.bytes(),
            Form::Table(table) => table.noted_bytes,
        }
    }

    /// Notes how many bytes there are.
    pub fn note_bytes(&mut self) {
        let bytes = self.bytes();
        if let Form::Table(table) = &mut self.form {
            table.noted_bytes = bytes;
        }
    }

    /// How many separate allocations there are: the work of freeing them.
    pub fn allocations(&self) -> usize {
        match &self.form {
            Form::Small(_) => 2,
            Form::Table(table) => 1 + table.allocations(),
        }
    }

    /// The name of the form in use, as `OBJECT ENCODING` would call it.
    pub fn form(&self) -> &'static str {
        match self.form {
            Form::Small(_) => "small",
            Form::Table(_) => "table",
        }
    }
}
