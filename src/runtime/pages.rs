//! Which pages the process lives in: huge ones for its code, ordinary ones for its data.
//!
//! A core that slept finds its caches cold, and then walks the page tables for every ordinary page of code that it
//! touches, dozens for one message; in huge pages it walks them twice. File systems rarely give huge pages for
//! files, so the code is copied to anonymous memory and the copy is moved to where the original was, in one system
//! call that replaces the mapping whole. The build lays the code out at a huge page of its own (`build.rs`).

use std::io;
use std::ops::Range;

/// Bytes of a huge page.
const HUGE_BYTES: usize = 2 << 20;

/// Asks the kernel for ordinary pages for the rest of the process. An allocator that gets huge pages touches 2 MiB
/// where a few connections need some hundred bytes each, and an idle connection then costs several times as much.
/// Call it before memory is allocated in earnest. A refusal only costs memory, so it is ignored.
pub fn use_small_pages() {
    set_small_pages(true);
}

/// Moves the code of the program into huge pages, if the machine gives them; says whether it did. Call it once, at
/// the start. What keeps it from happening (an unusual link, no huge pages, a rule against fresh executable memory)
/// costs speed only, so it is not an error.
pub fn use_huge_code_pages() -> bool {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return false };
    let Some(text) = movable(&maps, use_huge_code_pages as *const () as usize) else { return false };
    let small_pages = small_pages();
    set_small_pages(false);
    let moved = relocate(text).is_ok();
    set_small_pages(small_pages);
    moved
}

/// The mapping around `address`, if it starts at a huge page and nothing else lies in its last one.
fn movable(maps: &str, address: usize) -> Option<Range<usize>> {
    let mut ranges = maps.lines().filter_map(range).skip_while(|range| !range.contains(&address));
    let text = ranges.next()?;
    let end = text.start + text.len().next_multiple_of(HUGE_BYTES);
    let alone = ranges.next().is_none_or(|next| next.start >= end);
    (text.start % HUGE_BYTES == 0 && alone).then_some(text)
}

/// The addresses of one line of `/proc/self/maps`.
fn range(line: &str) -> Option<Range<usize>> {
    let (start, end) = line.split_whitespace().next()?.split_once('-')?;
    let parse = |text| usize::from_str_radix(text, 16).ok();
    Some(parse(start)?..parse(end)?)
}

fn relocate(text: Range<usize>) -> io::Result<()> {
    let bytes = text.len().next_multiple_of(HUGE_BYTES);
    let wide = bytes + HUGE_BYTES;
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: asks for fresh memory at an address of the kernel's choice.
    let fresh = unsafe { libc::mmap(std::ptr::null_mut(), wide, protection, flags, -1, 0) };
    if fresh == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let start = (fresh as usize).next_multiple_of(HUGE_BYTES);
    let copied = copy(&text, start, bytes);
    // SAFETY: the range was made above and nothing refers to it; what was moved away from it is a hole by now.
    unsafe { libc::munmap(fresh, wide) };
    copied
}

/// Copies the code to `bytes` of fresh memory at `start`, and puts that in the code's place.
fn copy(text: &Range<usize>, start: usize, bytes: usize) -> io::Result<()> {
    let fresh = start as *mut libc::c_void;
    // SAFETY: the fresh range is ours and writable, the code is readable for its length, and they do not overlap.
    unsafe {
        check(libc::madvise(fresh, bytes, libc::MADV_HUGEPAGE))?;
        std::ptr::copy_nonoverlapping(text.start as *const u8, fresh.cast::<u8>(), text.len());
        check(libc::mprotect(fresh, bytes, libc::PROT_READ | libc::PROT_EXEC))?;
    }
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: what is replaced is the code's own mapping and the unused rest of its last huge page, and what replaces
    // it has the same bytes at the same addresses, so that every thread can be in the middle of it.
    let moved = unsafe { libc::mremap(fresh, bytes, bytes, flags, text.start as *mut libc::c_void) };
    if moved == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn check(result: i32) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether the process has said that it wants ordinary pages.
fn small_pages() -> bool {
    // SAFETY: takes numbers only.
    unsafe { libc::prctl(libc::PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1 }
}

fn set_small_pages(small: bool) {
    // SAFETY: takes numbers only, and changes nothing but how later page faults are served.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, libc::c_ulong::from(small), 0, 0, 0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "5600000000-5600100000 r--p 00000000 fe:00 9 /corecast\n\
                        5600200000-56004a8000 r-xp 00200000 fe:00 9 /corecast\n\
                        5600600000-5600615000 r--p 00600000 fe:00 9 /corecast\n";

    #[test]
    fn code_at_a_huge_page_of_its_own_can_be_moved() {
        assert_eq!(movable(MAPS, 0x56_0020_1234), Some(0x56_0020_0000..0x56_004a_8000));
        assert_eq!(movable(MAPS, 0x57_0000_0000), None, "no such mapping");
        let crowded = MAPS.replace("5600600000", "56005ff000");
        assert_eq!(movable(&crowded, 0x56_0020_1234), None, "something lies in its last huge page");
        let askew = MAPS.replace("5600200000", "5600201000");
        assert_eq!(movable(&askew, 0x56_0020_1234), None, "it starts inside a huge page");
        assert_eq!(movable("nonsense\n\n-\n", 1), None);
    }

    #[test]
    fn the_setting_of_the_process_is_left_as_it_was() {
        let before = small_pages();
        use_huge_code_pages();
        assert_eq!(small_pages(), before);
    }
}
