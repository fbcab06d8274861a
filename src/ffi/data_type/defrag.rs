//! Active defragmentation: moving blocks to where the allocator wants them.

use std::marker::PhantomData;

use redis_module::raw;

use crate::ffi::alloc::GUARANTEED_ALIGN;
use crate::ffi::api;

/// Moves the blocks of a value, which the server's allocator has allocated, as all of the module's.
pub struct Defrag<'a> {
    ctx: *mut raw::RedisModuleDefragCtx,
    lives: PhantomData<&'a ()>,
}

impl<'a> Defrag<'a> {
    /// # Safety
    /// `ctx` must be what the server passed to the type's `defrag`, and `'a` end with that call.
    pub(super) unsafe fn new(ctx: *mut raw::RedisModuleDefragCtx) -> Defrag<'a> {
        Defrag {
            ctx,
            lives: PhantomData,
        }
    }

    /// Moves a block of items, or leaves it where it is.
    pub fn slice<T>(&mut self, block: &mut Box<[T]>) {
        let len = block.len();
        if let Some(moved) = self.moved(block.as_mut_ptr(), size_of_val::<[T]>(block)) {
            let moved = std::ptr::slice_from_raw_parts_mut(moved, len);
            // SAFETY: the content is at the new address now, in a block of the same allocator and layout. The old box
            // is forgotten, for its block is freed already.
            std::mem::forget(std::mem::replace(block, unsafe { Box::from_raw(moved) }));
        }
    }

    /// Moves a single item, or leaves it where it is.
    pub fn single<T>(&mut self, item: &mut Box<T>) {
        if let Some(moved) = self.moved(&raw mut **item, size_of::<T>()) {
            // SAFETY: as in `slice`.
            std::mem::forget(std::mem::replace(item, unsafe { Box::from_raw(moved) }));
        }
    }

    /// The new address of a block; `None`: it stays.
    fn moved<T>(&mut self, block: *mut T, size: usize) -> Option<*mut T> {
        const { assert!(align_of::<T>() <= GUARANTEED_ALIGN) };
        if size == 0 {
            return None;
        }
        // SAFETY: the block is that of a box, which is not empty and begins where the server's allocator made it begin.
        // If another address is returned, the content has been copied there, and the block freed.
        let moved = unsafe { api!(RedisModule_DefragAlloc)(self.ctx, block.cast()) };
        (!moved.is_null()).then_some(moved.cast())
    }

    /// Whether the time is up, and the rest is to be moved another time.
    pub fn is_over(&mut self) -> bool {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_DefragShouldStop)(self.ctx) != 0 }
    }
}
