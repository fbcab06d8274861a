//! The global allocator: the server's own.
//!
//! Everything the module allocates goes through `RedisModule_Alloc` and its family, so it counts towards
//! `used_memory` and `maxmemory` and can be defragmented. Outside a server (unit tests, criterion benches, the
//! property test) the API pointers are never filled in and the system's allocator serves instead.
//!
//! `redis_module::alloc::RedisAlloc` is not used because it has no `realloc` and no zeroed allocation, and aborts
//! outside a server.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use redis_module::raw;

use super::api;

/// Alignment that the server's allocator (jemalloc or libc) guarantees for every block.
pub(super) const GUARANTEED_ALIGN: usize = 16;

/// How often a block was asked for, resized or given back.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// How often the module has called the allocator so far, on any thread. While that stays the same, so does what anything takes.
#[inline]
pub fn calls() -> u64 {
    CALLS.load(Ordering::Relaxed)
}

fn count_call() {
    CALLS.fetch_add(1, Ordering::Relaxed);
}

/// Forwards to the server's allocator when the module is loaded into one, to the system's otherwise.
///
/// The switch happens once, in `RedisModule_OnLoad`, before the module's first allocation: a shared library runs no
/// code of its own before that, so no block is ever allocated by one side and freed by the other.
pub struct ServerAlloc;

// SAFETY: both sides are conforming allocators. Which one serves is decided by a pointer that is written once before
// the first allocation, so a block is returned to where it came from. Layouts that need more than the guaranteed
// alignment are over-allocated, see `alloc_aligned`.
unsafe impl GlobalAlloc for ServerAlloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_call();
        // SAFETY: reading the pointer is sound, it is only written during module initialisation (see the type).
        match unsafe { raw::RedisModule_Alloc } {
            // SAFETY: the API function takes any size.
            Some(alloc) if layout.align() <= GUARANTEED_ALIGN => unsafe {
                alloc(layout.size()).cast()
            },
            // SAFETY: as above; `layout` is the caller's.
            Some(_) => unsafe { alloc_aligned(layout) },
            // SAFETY: the caller's contract is passed on as it is.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_call();
        // SAFETY: reading the pointer is sound, it is only written during module initialisation (see the type).
        match unsafe { raw::RedisModule_Calloc } {
            // SAFETY: the API function takes any count and size.
            Some(calloc) if layout.align() <= GUARANTEED_ALIGN => unsafe {
                calloc(1, layout.size()).cast()
            },
            Some(_) => {
                // SAFETY: `layout` is the caller's; the block has at least `size` bytes.
                unsafe {
                    let block = alloc_aligned(layout);
                    block.write_bytes(0, layout.size());
                    block
                }
            }
            // SAFETY: the caller's contract is passed on as it is.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count_call();
        // SAFETY: reading the pointer is sound, it is only written during module initialisation (see the type).
        match unsafe { raw::RedisModule_Free } {
            // SAFETY: `block` came from `RedisModule_Alloc`, `_Calloc` or `_Realloc`.
            Some(free) if layout.align() <= GUARANTEED_ALIGN => unsafe { free(block.cast()) },
            // SAFETY: `block` came from `alloc_aligned`, which keeps the true start before it.
            Some(free) => unsafe { free(block.cast::<*mut libc::c_void>().sub(1).read()) },
            // SAFETY: the caller's contract is passed on as it is.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count_call();
        // SAFETY: reading the pointer is sound, it is only written during module initialisation (see the type).
        match unsafe { raw::RedisModule_Realloc } {
            // SAFETY: `block` came from this family.
            Some(realloc) if layout.align() <= GUARANTEED_ALIGN => unsafe {
                realloc(block.cast(), new_size).cast()
            },
            Some(_) => {
                // SAFETY: a new block of the same alignment; both hold the bytes copied; the old one goes back.
                unsafe {
                    let new =
                        alloc_aligned(Layout::from_size_align_unchecked(new_size, layout.align()));
                    new.copy_from_nonoverlapping(block, layout.size().min(new_size));
                    self.dealloc(block, layout);
                    new
                }
            }
            // SAFETY: the caller's contract is passed on as it is.
            None => unsafe { System.realloc(block, layout, new_size) },
        }
    }
}

/// The size of a box's block as the allocator has it, in bytes; 0 where it is empty. In a server only.
#[allow(clippy::borrowed_box)] // a slice might begin anywhere in a block; a box is one
pub fn size_of_block<T>(block: &Box<[T]>) -> usize {
    const { assert!(align_of::<T>() <= GUARANTEED_ALIGN) };
    match size_of_val::<[T]>(block) {
        0 => 0,
        // SAFETY: the box is not empty, and its memory is the server's allocator's, as all of the module's is.
        _ => unsafe { block_size(block.as_ptr().cast()) },
    }
}

/// The size of a block as the allocator has it, in bytes.
///
/// # Safety
/// It must be a block of the server's allocator.
pub(super) unsafe fn block_size(block: *const libc::c_void) -> usize {
    // SAFETY: the caller vouches for the block, which is only looked at.
    unsafe { api!(RedisModule_MallocSize)(block.cast_mut()) }
}

/// A block aligned to more than the allocator guarantees: over-allocated, the true start kept in the word before it.
///
/// # Safety
/// The server's API must have been initialised, and `layout.align()` be larger than [`GUARANTEED_ALIGN`].
unsafe fn alloc_aligned(layout: Layout) -> *mut u8 {
    // SAFETY: the caller vouches for the API; the block has room for the word, the padding and the data; the word
    // before an address aligned to more than 16 lies inside the block because at least `align` bytes precede it.
    unsafe {
        let alloc = raw::RedisModule_Alloc.expect("the caller checked the API");
        let start: *mut u8 = alloc(layout.size() + layout.align()).cast();
        let offset = layout.align() - (start as usize & (layout.align() - 1));
        let block = start.add(offset);
        block.cast::<*mut libc::c_void>().sub(1).write(start.cast());
        block
    }
}
