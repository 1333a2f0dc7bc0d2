//! The operating system's limits on a worker process. Nothing here trusts the interpreter.
//!
//! | limit | Linux | other Unix |
//! |---|---|---|
//! | CPU time of a sample | profiling timer, kills with SIGPROF | the same |
//! | memory | RLIMIT_AS above what the process has at its start | none: address space cannot be limited usefully |
//! | time on the wall | the parent kills; SIGALRM as a backstop | the same |
//! | files, sockets, processes | no new descriptor, no inherited one, no file may grow; a system call filter on x86-64 and ARM64 | no new descriptor, no file may grow |
//!
//! There is no `PR_SET_PDEATHSIG`: it fires when the parent's *thread* ends, and the threads of an async
//! runtime come and go. An orphaned worker ends all the same: an idle one reads the end of its socket,
//! a busy one meets its CPU limit or SIGALRM.

#![expect(unsafe_code, reason = "limits, timers and signals have no safe interface in the standard library")]

use std::io;

use super::protocol::{REQUESTS_PER_WORKER, ScriptLimits};

#[cfg(all(target_os = "linux", target_env = "gnu"))]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
type Resource = libc::c_int;

/// Puts signals and allocator into a known state and closes inherited descriptors. To be called before
/// the worker starts its thread.
pub fn prepare() {
    // SAFETY: a constant signal number and SIG_DFL; no handler of ours is involved. The standard
    // library's own SIGSEGV handler turns a stack overflow into SIGABRT, which is what a failed
    // allocation looks like: the default tells them apart. The others could be inherited as ignored.
    unsafe {
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT, libc::SIGPROF, libc::SIGALRM, libc::SIGXCPU] {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
    // SAFETY: `set` is a valid signal set that `sigemptyset` initialises before it is read.
    unsafe {
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut set);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
    }
    #[cfg(target_os = "linux")]
    // SAFETY: closes descriptors from 3 on; this process has just started and holds none of its own. An
    // old kernel answers ENOSYS: every descriptor of the server is opened close-on-exec anyway.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32);
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: a plain setting of the allocator. A second thread would else reserve an arena of 64 MiB
    // address space before the memory limit is measured, and so have that much above the limit.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Gives up everything that grading does not need. To be called in the thread that will run scripts, so
/// that its stack is already part of the memory in use.
pub fn confine(limits: &ScriptLimits) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let in_use = address_space_in_use()?;
        let memory = limits.memory_mib.saturating_mul(1024 * 1024);
        set_limit(libc::RLIMIT_AS, in_use.saturating_add(memory), in_use.saturating_add(memory))?;
    }
    let cpu_seconds = limits.cpu_ms.saturating_mul(u64::from(REQUESTS_PER_WORKER)) / 1_000 + 10;
    set_limit(libc::RLIMIT_CPU, cpu_seconds, cpu_seconds.saturating_add(1))?;
    set_limit(libc::RLIMIT_CORE, 0, 0)?;
    set_limit(libc::RLIMIT_FSIZE, 0, 0)?;
    set_limit(libc::RLIMIT_NOFILE, 0, 0)?;
    set_limit(libc::RLIMIT_NPROC, 0, 0)?;
    #[cfg(target_os = "linux")]
    {
        process_control(libc::PR_SET_DUMPABLE, 0)?;
        process_control(libc::PR_SET_NO_NEW_PRIVS, 1)?;
        // Kernels and containers without filters exist; the limits above hold without it.
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        let _ = filter_system_calls();
    }
    Ok(())
}

/// Starts the timers of one request: CPU time, and a backstop on the wall at twice the parent's deadline.
pub fn arm(limits: &ScriptLimits) -> io::Result<()> {
    set_timer(libc::ITIMER_PROF, limits.cpu_ms.max(1))?;
    set_timer(libc::ITIMER_REAL, limits.deadline_ms.saturating_mul(2).max(1))
}

/// Stops both timers.
pub fn disarm() -> io::Result<()> {
    set_timer(libc::ITIMER_PROF, 0)?;
    set_timer(libc::ITIMER_REAL, 0)
}

fn set_timer(timer: libc::c_int, milliseconds: u64) -> io::Result<()> {
    let seconds = libc::time_t::try_from(milliseconds / 1_000).unwrap_or(libc::time_t::MAX);
    // Below a million, which every type of microseconds holds.
    let microseconds = libc::suseconds_t::try_from(milliseconds % 1_000 * 1_000).unwrap_or(0);
    let value = libc::itimerval {
        it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 },
        it_value: libc::timeval { tv_sec: seconds, tv_usec: microseconds },
    };
    // SAFETY: `value` lives through the call, and no old value is asked for.
    check(unsafe { libc::setitimer(timer, &raw const value, std::ptr::null_mut()) })
}

fn set_limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft as libc::rlim_t, rlim_max: hard as libc::rlim_t };
    // SAFETY: `limit` lives through the call.
    check(unsafe { libc::setrlimit(resource, &raw const limit) })
}

#[cfg(target_os = "linux")]
fn process_control(option: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
    let unused: libc::c_ulong = 0;
    // SAFETY: both options used take one number and ignore the rest.
    check(unsafe { libc::prctl(option, value, unused, unused, unused) })
}

#[cfg(target_os = "linux")]
fn address_space_in_use() -> io::Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm
        .split(' ')
        .next()
        .and_then(|pages| pages.parse().ok())
        .ok_or_else(|| io::Error::other("/proc/self/statm has no size"))?;
    // SAFETY: asks for a constant.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Ok(pages.saturating_mul(u64::try_from(page).map_err(io::Error::other)?))
}

fn check(status: libc::c_int) -> io::Result<()> {
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// What a worker may still ask of the kernel: memory, locks, its timers, its own socket, its own end.
/// Anything else fails with EPERM, which harms less than a kill where a C library has a new habit.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
const ALLOWED_SYSTEM_CALLS: [libc::c_long; 26] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_close,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_setitimer,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_restart_syscall,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_membarrier,
];

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn filter_system_calls() -> io::Result<()> {
    // linux/audit.h: the machine's ELF number, 64 bits, little-endian.
    const ARCHITECTURE: u32 = if cfg!(target_arch = "x86_64") { 0xC000_003E } else { 0xC000_00B7 };
    // Offsets in the kernel's `struct seccomp_data`.
    const NUMBER: u32 = 0;
    const MACHINE: u32 = 4;
    const FIRST_ARGUMENT: u32 = 16;

    let load = |offset| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0);
    let answer = |value| statement(libc::BPF_RET | libc::BPF_K, value, 0, 0);
    let equals =
        |value, then, otherwise| statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value, then, otherwise);
    let number = |call: libc::c_long| u32::try_from(call).map_err(io::Error::other);
    let refuse = libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned();

    let mut program =
        vec![load(MACHINE), equals(ARCHITECTURE, 1, 0), answer(libc::SECCOMP_RET_KILL_PROCESS), load(NUMBER)];
    for call in ALLOWED_SYSTEM_CALLS {
        program.push(equals(number(call)?, 0, 1));
        program.push(answer(libc::SECCOMP_RET_ALLOW));
    }
    // abort() signals its own process; no other one may be signalled.
    program.push(equals(number(libc::SYS_tgkill)?, 0, 3));
    program.push(load(FIRST_ARGUMENT));
    program.push(equals(std::process::id(), 0, 1));
    program.push(answer(libc::SECCOMP_RET_ALLOW));
    program.push(answer(refuse));

    let filter =
        libc::sock_fprog { len: u16::try_from(program.len()).map_err(io::Error::other)?, filter: program.as_mut_ptr() };
    // SAFETY: `filter` points to `program`, which lives through the call; the kernel copies it. All
    // threads of the process get it.
    let status = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::c_ulong::from(libc::SECCOMP_SET_MODE_FILTER),
            libc::SECCOMP_FILTER_FLAG_TSYNC,
            &raw const filter,
        )
    };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn statement(code: u32, value: u32, then: u8, otherwise: u8) -> libc::sock_filter {
    // The codes are below 256.
    libc::sock_filter { code: (code & 0xFFFF) as u16, jt: then, jf: otherwise, k: value }
}
