//! Timers of the server's.

use std::os::raw::c_void;
use std::ptr::{null_mut, without_provenance_mut};

use redis_module::raw;

use super::context::Context;
use super::guard::guard;
use super::keyspace::Keyspace;
use super::main_thread::MainThread;
use super::{api, clock};

/// A timer that fires once each time it is armed; its function may arm it again. The server keeps a timer's deadline in wall
/// clock time, so a clock that steps back would stop it: [`Timer::check`] sees to that.
pub struct Timer {
    what: &'static str,
    run: fn(&mut Keyspace),
    armed: MainThread<Option<Armed>>,
}

/// What a timer is armed for, and the wall clock's time when it was, in Unix ms.
struct Armed {
    id: raw::RedisModuleTimerID,
    millis: i64,
    at: i64,
}

/// A timer whose run was cut short by an internal error runs again after so many ms.
const AFTER_PANIC: i64 = 1000;

impl Timer {
    /// `what` names it in the log.
    pub const fn new(what: &'static str, run: fn(&mut Keyspace)) -> Timer {
        Timer {
            what,
            run,
            armed: MainThread::new(None),
        }
    }

    pub fn is_armed(&self) -> bool {
        self.armed.borrow().is_some()
    }

    /// Has it fire in so many ms, instead of when it was armed for before.
    pub fn arm(&'static self, ctx: Context, millis: i64) {
        self.stop(ctx);
        let timer = std::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: the context is live; the data is this static.
        let id = unsafe { api!(RedisModule_CreateTimer)(ctx.as_ptr(), millis, Some(fire), timer) };
        let at = clock::wall_millis();
        *self.armed.borrow() = Some(Armed { id, millis, at });
    }

    /// Disarms it.
    pub fn stop(&self, ctx: Context) {
        if let Some(armed) = self.armed.borrow().take() {
            // SAFETY: the context is live; the timer has not fired, or it would not be noted as armed.
            unsafe { api!(RedisModule_StopTimer)(ctx.as_ptr(), armed.id, null_mut()) };
        }
    }

    /// Arms it anew where the clock has stepped back since it was armed. Called from the server's cron, several times a
    /// second by a clock that does not step.
    pub fn check(&'static self, ctx: Context) {
        /// What an adjustment of the clock may take back without anything being done, in ms.
        const SLACK: i64 = 500;
        let stepped = |armed: &&Armed| clock::wall_millis() + SLACK < armed.at;
        let again = self
            .armed
            .borrow()
            .as_ref()
            .filter(stepped)
            .map(|armed| armed.millis);
        if let Some(millis) = again {
            self.arm(ctx, millis);
        }
    }
}

/// # Safety
/// Called by the server only, with a live context and a static `Timer`.
unsafe extern "C" fn fire(ctx: *mut raw::RedisModuleCtx, timer: *mut c_void) {
    // SAFETY: the server passes a live context and what it was given.
    let (ctx, timer) = unsafe { (Context::new(ctx), &*timer.cast::<Timer>()) };
    // SAFETY: this is the callback's context, and the only one made for it.
    let mut keyspace = unsafe { Keyspace::new(ctx) };
    // The server drops a timer that has fired; to stop it would free it twice.
    *timer.armed.borrow() = None;
    if guard(timer.what, || (timer.run)(&mut keyspace)).is_none() {
        timer.arm(ctx, AFTER_PANIC);
    }
}

/// What one-shot timers run. Many may be armed at once; none can be stopped, so each carries a number to be recognised by.
pub trait OneShot {
    /// Its name in the log.
    const WHAT: &'static str;

    /// A timer has fired that was armed with this number.
    fn fire(keyspace: &mut Keyspace, number: usize);
}

/// Has `R` called once, in so many ms.
pub fn arm_once<R: OneShot>(ctx: Context, millis: i64, number: usize) {
    let data = without_provenance_mut(number);
    // SAFETY: the context is live; the callback takes a number for its data.
    unsafe { api!(RedisModule_CreateTimer)(ctx.as_ptr(), millis, Some(fire_once::<R>), data) };
}

/// # Safety
/// Called by the server only, with a live context.
unsafe extern "C" fn fire_once<R: OneShot>(ctx: *mut raw::RedisModuleCtx, number: *mut c_void) {
    // SAFETY: the server passes a live context, of which this is the only one made.
    let mut keyspace = unsafe { Keyspace::new(Context::new(ctx)) };
    guard(R::WHAT, || R::fire(&mut keyspace, number.addr()));
}
