//! Active defragmentation: moving a value's blocks to where the allocator wants them.

use std::os::raw::{c_int, c_ulong, c_void};

use redis_module::raw;

use super::value::Value;
use crate::core::Mover;
use crate::ffi::api;
use crate::ffi::guard::guard;

/// Moves a value's blocks. Returns 1 where the time was too short, to be called again for the rest.
///
/// The key's name is not looked at: some servers pass something else (Redis up to 7.4.1, Valkey 8.0.1).
///
/// # Safety
/// Called by the server only, with a value of the type.
pub unsafe extern "C" fn defrag(
    ctx: *mut raw::RedisModuleDefragCtx,
    _key: *mut raw::RedisModuleString,
    value: *mut *mut c_void,
) -> c_int {
    // SAFETY: the server passes a value of the type, which is a boxed `Value`, and takes the pointer back as it is left.
    let unfinished = guard("defrag", || unsafe {
        let mut cursor: c_ulong = 0;
        // A value that is moved in one go has no cursor, and the call leaves it at 0.
        api!(RedisModule_DefragCursorGet)(ctx, &raw mut cursor);
        let mut mover = Defrag(ctx);
        if cursor == 0 {
            let moved = api!(RedisModule_DefragAlloc)(ctx, *value);
            if !moved.is_null() {
                *value = moved;
            }
        }
        let next = (*(*value).cast::<Value>()).relocate(cursor as usize, &mut mover);
        api!(RedisModule_DefragCursorSet)(ctx, next.unwrap_or(0) as c_ulong);
        next.is_some()
    });
    unfinished.unwrap_or(false).into()
}

struct Defrag(*mut raw::RedisModuleDefragCtx);

impl Defrag {
    /// Where a block is to be from now on; `None`: where it was.
    fn moved<T>(&mut self, block: *mut T) -> Option<*mut T> {
        // SAFETY: the block came from the server's allocator, as all memory of the module. If another address is
        // returned, the content has been copied there, and the block freed.
        let moved = unsafe { api!(RedisModule_DefragAlloc)(self.0, block.cast()) };
        (!moved.is_null()).then_some(moved.cast())
    }
}

impl Mover for Defrag {
    fn slice<T>(&mut self, block: &mut Box<[T]>) {
        if size_of_val::<[T]>(block) == 0 {
            return;
        }
        if let Some(moved) = self.moved(block.as_mut_ptr()) {
            let moved = std::ptr::slice_from_raw_parts_mut(moved, block.len());
            // SAFETY: the content is at the new address now, in a block of the same allocator and layout. The old box is
            // forgotten, for its block is freed already.
            std::mem::forget(std::mem::replace(block, unsafe { Box::from_raw(moved) }));
        }
    }

    fn single<T>(&mut self, item: &mut Box<T>) {
        if let Some(moved) = self.moved(&raw mut **item) {
            // SAFETY: as in `slice`.
            std::mem::forget(std::mem::replace(item, unsafe { Box::from_raw(moved) }));
        }
    }

    fn is_over(&mut self) -> bool {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_DefragShouldStop)(self.0) != 0 }
    }
}
