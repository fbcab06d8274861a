//! Timers of the server that survive a clock that steps.

use std::os::raw::c_void;
use std::ptr::{null_mut, without_provenance_mut};

use redis_module::raw;

use super::clock_steps::ClockSteps;
use super::context::Context;
use super::guard::guard;
use super::keyspace::Keyspace;
use super::main_thread::MainThread;
use super::{api, clock};

/// A timer that fires once each time it is armed; its function may arm it again. The server keeps a timer's deadline in
/// wall clock time, so a clock that steps back would delay it by as much: [`Timer::check`] arms it anew then.
pub struct Timer {
    what: &'static str,
    run: fn(&mut Keyspace),
    state: MainThread<State>,
}

#[derive(Clone, Copy)]
enum State {
    Stopped,
    /// The server has its deadline.
    Armed {
        id: raw::RedisModuleTimerID,
        millis: i64,
        /// When it was armed, by the wall clock in Unix ms.
        at: i64,
    },
    /// To be armed by the next check, for so many ms.
    PutOff {
        millis: i64,
    },
}

/// A timer whose run was cut short by an internal error runs again after so many ms.
const AFTER_PANIC: i64 = 1000;

impl Timer {
    /// `what` names it in the log.
    pub const fn new(what: &'static str, run: fn(&mut Keyspace)) -> Timer {
        Timer {
            what,
            run,
            state: MainThread::new(State::Stopped),
        }
    }

    pub fn is_armed(&self) -> bool {
        !matches!(*self.state.borrow(), State::Stopped)
    }

    /// Arms it to fire in so many ms; an earlier deadline is dropped.
    pub fn arm(&'static self, ctx: Context, millis: i64) {
        self.stop(ctx);
        let timer = std::ptr::from_ref(self).cast_mut().cast();
        let state = match is_safe(millis) {
            true => State::Armed {
                // SAFETY: the data is this static.
                id: unsafe { create(ctx, millis, fire, timer) },
                millis,
                at: clock::wall_millis(),
            },
            false => State::PutOff { millis },
        };
        *self.state.borrow() = state;
    }

    /// Disarms it.
    pub fn stop(&self, ctx: Context) {
        let state = std::mem::replace(&mut *self.state.borrow(), State::Stopped);
        if let State::Armed { id, .. } = state {
            // SAFETY: the context is live; the timer has not fired, or its state would not be `Armed`.
            unsafe { api!(RedisModule_StopTimer)(ctx.as_ptr(), id, null_mut()) };
        }
    }

    /// Arms it anew if the clock has stepped since it was armed, or if that was put off. Called from the server's cron after
    /// [`on_cron`].
    pub fn check(&'static self, ctx: Context) {
        /// Steps of up to so many ms are ignored: the clock is only being adjusted.
        const SLACK: i64 = 500;
        let now = clock::wall_millis();
        // Copied, since what follows borrows it again.
        let state = *self.state.borrow();
        let (millis, left) = match state {
            State::Armed { millis, at, .. } => (millis, at + millis - now),
            State::PutOff { millis } => return self.arm(ctx, millis),
            State::Stopped => return,
        };
        if left > millis + SLACK {
            self.arm(ctx, millis);
        } else if left < -SLACK {
            self.wake(ctx, left);
        }
    }

    /// Has an overdue timer fire at once; it was to do so in `left` ms, which are negative. The server may sleep over its
    /// timers: it reads the clock to see how long it may, and if that has stepped back just then and forward again since, it
    /// sleeps for the length of the step. It looks anew only where a timer is armed that comes before all others, so this
    /// one is armed to be due in the past. No timers fire now, so that is safe.
    #[cold]
    fn wake(&'static self, ctx: Context, left: i64) {
        /// One-shot timers were armed so many ms before this one at the most.
        const BEFORE: i64 = 1000;
        self.stop(ctx);
        // Not before the monotonic clock began, to which the server adds this.
        let begin = -((clock::monotonic_micros() / 1000) as i64);
        let timer = std::ptr::from_ref(self).cast_mut().cast();
        let state = State::Armed {
            // SAFETY: the data is this static.
            id: unsafe { create(ctx, (left - BEFORE).max(begin), fire, timer) },
            millis: 0,
            at: clock::wall_millis(),
        };
        *self.state.borrow() = state;
    }
}

/// Those since the server's last cron.
static STEPS: MainThread<ClockSteps> = MainThread::new(ClockSteps::NONE);

/// The server's cron runs, several times a second by the monotonic clock, and never while timers fire.
pub fn on_cron() {
    *STEPS.borrow() = ClockSteps::since(ahead());
}

/// By how many µs the wall clock is ahead of the monotonic clock.
fn ahead() -> i64 {
    // Both as the server has them: a module may be loaded in a way in which its own clock is another one. In this order:
    // the time between the two reads looks like a small step back, which does no harm.
    let wall = clock::wall_millis() * 1000;
    wall - clock::monotonic_micros() as i64
}

/// Whether a timer of so many ms may be armed now.
fn is_safe(millis: i64) -> bool {
    STEPS.borrow().allow(ahead(), millis)
}

/// # Safety
/// `callback` must take `data` for what it is.
unsafe fn create(
    ctx: Context,
    millis: i64,
    callback: unsafe extern "C" fn(*mut raw::RedisModuleCtx, *mut c_void),
    data: *mut c_void,
) -> raw::RedisModuleTimerID {
    // SAFETY: the context is live; the caller vouches for the data.
    unsafe { api!(RedisModule_CreateTimer)(ctx.as_ptr(), millis, Some(callback), data) }
}

/// # Safety
/// Called by the server only, with a live context and a static `Timer`.
unsafe extern "C" fn fire(ctx: *mut raw::RedisModuleCtx, timer: *mut c_void) {
    // SAFETY: the server passes a live context and what it was given.
    let (ctx, timer) = unsafe { (Context::new(ctx), &*timer.cast::<Timer>()) };
    // SAFETY: this is the callback's context, and the only one made for it.
    let mut keyspace = unsafe { Keyspace::new(ctx) };
    STEPS.borrow().note(ahead());
    // The server drops a timer that has fired; to stop it would free it twice.
    *timer.state.borrow() = State::Stopped;
    if guard(timer.what, || (timer.run)(&mut keyspace)).is_none() {
        timer.arm(ctx, AFTER_PANIC);
    }
}

/// What one-shot timers run. Many may be armed at once. None can be stopped, so each carries a number by which it is
/// recognised.
pub trait OneShot {
    /// Its name in the log.
    const WHAT: &'static str;

    /// A timer that was armed with this number has fired.
    fn fire(keyspace: &mut Keyspace, number: usize);
}

/// Has `R` called once, in so many ms. Returns whether it was armed: not while the clock steps.
pub fn arm_once<R: OneShot>(ctx: Context, millis: i64, number: usize) -> bool {
    let is_safe = is_safe(millis);
    if is_safe {
        // SAFETY: the callback takes a number for its data.
        unsafe { create(ctx, millis, fire_once::<R>, without_provenance_mut(number)) };
    }
    is_safe
}

/// # Safety
/// Called by the server only, with a live context.
unsafe extern "C" fn fire_once<R: OneShot>(ctx: *mut raw::RedisModuleCtx, number: *mut c_void) {
    // SAFETY: the server passes a live context, of which this is the only one made.
    let mut keyspace = unsafe { Keyspace::new(Context::new(ctx)) };
    STEPS.borrow().note(ahead());
    guard(R::WHAT, || R::fire(&mut keyspace, number.addr()));
}
