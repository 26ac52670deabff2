//! Threads that compute or carry much beside the cores step back: they share the CPUs with the cores, and a core that is kept off
//! its CPU has a long turn, whatever it does in it. The history's and the store's do not: what waits for a disk waits for them.

/// How much nicer than a core: a tenth of its share of a CPU that both want, and all of one that no core wants.
const NICER: libc::c_int = 10;

/// The calling thread steps back, and no other thread. A machine that refuses it is served all the same.
pub fn step_back() {
    // SAFETY: it takes a number and returns one. On Linux it is about the calling thread alone.
    let _ = unsafe { libc::nice(NICER) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the calling thread.
    fn niceness() -> libc::c_int {
        // SAFETY: it takes numbers and returns one.
        unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
    }

    #[test]
    fn who_steps_back_steps_back_alone() {
        let before = niceness();
        let stepped = std::thread::spawn(|| {
            step_back();
            niceness()
        });
        assert_eq!(stepped.join().expect("a thread"), (before + NICER).min(19));
        assert_eq!(niceness(), before);
    }
}
