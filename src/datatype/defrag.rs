//! Active defragmentation: moving a value's blocks to where the allocator wants them.

use crate::core::Mover;
use crate::ffi::data_type::Defrag;

impl Mover for Defrag<'_> {
    fn slice<T>(&mut self, block: &mut Box<[T]>) {
        Defrag::slice(self, block);
    }

    fn single<T>(&mut self, item: &mut Box<T>) {
        Defrag::single(self, item);
    }

    fn is_over(&mut self) -> bool {
        Defrag::is_over(self)
    }
}
