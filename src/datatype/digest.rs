//! `DEBUG DIGEST`: equal exactly if the states are.

use std::os::raw::c_void;

use redis_module::raw;

use super::value::Value;
use crate::ffi::api;
use crate::ffi::guard::guard;

/// Adds the settings, the record and, in any order, each member with its time and ttl.
///
/// # Safety
/// Called by the server only, with a value of the type.
pub unsafe extern "C" fn digest(digest: *mut raw::RedisModuleDigest, value: *mut c_void) {
    // SAFETY: the server passes a value of the type, which is a boxed `Value`.
    let value = unsafe { &*value.cast::<Value>() };
    guard("digest", || {
        let set = value.saved();
        // SAFETY: the digest is live; buffers have the length said.
        let number = |number: i64| unsafe { api!(RedisModule_DigestAddLongLong)(digest, number) };
        // SAFETY: the digest is live.
        let end = || unsafe { api!(RedisModule_DigestEndSequence)(digest) };
        let (settings, peak) = (set.settings(), set.peak());
        number(settings.ttl as i64);
        number(settings.retain as i64);
        number(settings.linger_number());
        number(peak.count as i64);
        number(peak.at as i64);
        if set.is_empty() {
            number(set.empty_since() as i64);
            number(set.is_untouched().into());
        }
        end();
        set.each_in_order(|name, seen| {
            // SAFETY: the digest is live, the buffer has the length said.
            unsafe {
                api!(RedisModule_DigestAddStringBuffer)(digest, name.as_ptr().cast(), name.len());
            }
            number(seen.at as i64);
            number(seen.ttl as i64);
            end();
        });
    });
}
