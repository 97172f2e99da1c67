//! The arena: where secret bytes lie. Pages that are locked into memory, left out of core dumps and
//! not given to a forked child, cut into slots of one size so that many small secrets share a page.
//!
//! Pages and not objects are locked, because `mlock` does not nest: unlocking one object would
//! unlock its neighbours. Nothing in here runs a caller's code while it holds a lock for writing, and
//! nothing ever waits for one, so reading, making and dropping secrets may nest at will.
//!
//! A forked child has none of its parent's pages. It must not read its parent's secrets; dropping
//! them does nothing there, and new secrets come from an arena of its own.

use std::{
    fmt, mem,
    ops::{Deref, DerefMut, Range},
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering, fence},
    },
};

use arc_swap::ArcSwapOption;
use memmap2::{Advice, MmapMut};
use parking_lot::{Mutex, RecursiveRwLock, RecursiveRwLockReadGuard};
use zeroize::Zeroize;

/// Exclusive, zeroed memory for secrets, wiped when dropped.
pub(super) struct Pages {
    memory: Memory,
    /// The process that they were made in.
    owner: u32,
}

enum Memory {
    Mapped(MmapMut),
    /// Where the system gives no mapping: better than no secret at all.
    Heap(Box<[u8]>),
    /// Only while being dropped.
    Gone,
}

impl Pages {
    /// At least `len` bytes.
    pub(super) fn new(len: usize) -> Self {
        let memory = match MmapMut::map_anon(len) {
            Ok(map) => {
                protect(&map);
                Memory::Mapped(map)
            }
            Err(e) => {
                warn_once(&HEAP_USED, "secrets are kept on the heap, unprotected", &e);
                Memory::Heap(vec![0; len].into_boxed_slice())
            }
        };
        Self {
            memory,
            owner: process::id(),
        }
    }
}

impl Deref for Pages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.memory {
            Memory::Mapped(map) => map,
            Memory::Heap(bytes) => bytes,
            Memory::Gone => &[],
        }
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Mapped(map) => map,
            Memory::Heap(bytes) => bytes,
            Memory::Gone => &mut [],
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if self.owner == process::id() {
            self.zeroize();
        } else {
            // A child's address range holds nothing of ours; something else may be mapped there.
            mem::forget(mem::replace(&mut self.memory, Memory::Gone));
        }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pages({} bytes)", self.len())
    }
}

/// Each protection is taken where the system grants it.
fn protect(map: &MmapMut) {
    if let Err(e) = map.lock() {
        warn_once(
            &UNLOCKED,
            "secrets may be swapped out; raise RLIMIT_MEMLOCK",
            &e,
        );
    }
    #[cfg(target_os = "linux")]
    for advice in [Advice::DontDump, Advice::DontFork] {
        if let Err(e) = map.advise(advice) {
            warn_once(&UNADVISED, "secrets may appear in core dumps or forks", &e);
        }
    }
}

fn warn_once(warned: &AtomicBool, what: &str, why: &std::io::Error) {
    if !warned.swap(true, Ordering::Relaxed) {
        log::warn!("{what}: {why}");
    }
}

/// A secret in a slot of a shared chunk; wiped when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    chunk: Arc<Chunk>,
    offset: usize,
}

impl Slot {
    /// Copies `bytes`, at most [`MAX_SLOT`] of them, into a free slot.
    pub(super) fn store(bytes: &[u8]) -> Self {
        Arena::of_this_process().store(bytes)
    }

    /// Calls `read` with the first `len` bytes.
    pub(super) fn expose<R>(&self, len: usize, read: impl FnOnce(&[u8]) -> R) -> R {
        let reading = self.chunk.read();
        read(
            reading
                .bytes()
                .get(self.offset..)
                .and_then(|slot| slot.get(..len))
                .unwrap_or_default(),
        )
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.chunk.release(self.offset);
    }
}

/// Some pages cut into slots of one size.
struct Chunk {
    /// Bytes a slot.
    size: usize,
    /// Written only with `try_write`, and only for as long as copying or wiping takes.
    pages: RecursiveRwLock<Pages>,
    ledger: Mutex<Ledger>,
    /// True when the ledger may hold slots to wipe.
    unwiped: AtomicBool,
    owner: u32,
}

/// Offsets of the slots that hold no secret any more.
struct Ledger {
    /// Zeroed.
    free: Vec<usize>,
    /// Dropped while somebody read the chunk; wiped by whoever lets go of it.
    dropped: Vec<usize>,
}

impl Chunk {
    fn new(size: usize) -> Self {
        let count = CHUNK / size;
        Self {
            size,
            pages: RecursiveRwLock::new(Pages::new(CHUNK)),
            ledger: Mutex::new(Ledger {
                free: (0..count).map(|slot| slot * size).rev().collect(),
                dropped: Vec::with_capacity(count),
            }),
            unwiped: AtomicBool::new(false),
            owner: process::id(),
        }
    }

    /// Copies `bytes` into a free slot; `None` when there is none, or while the chunk is being read
    /// (perhaps by this very thread, so waiting is no choice).
    fn store(&self, bytes: &[u8]) -> Option<usize> {
        let mut pages = self.pages.try_write()?;
        let offset = self.ledger.lock().free.pop();
        if let Some(slot) = offset.and_then(|offset| pages.get_mut(range(offset, bytes.len()))) {
            slot.copy_from_slice(bytes);
        }
        drop(pages);
        self.settle();
        offset
    }

    fn read(&self) -> Reading<'_> {
        Reading {
            chunk: self,
            // Recursive: a thread that reads one secret may read another of the same chunk.
            pages: Some(self.pages.read()),
        }
    }

    fn release(&self, offset: usize) {
        if self.owner != process::id() {
            return;
        }
        self.ledger.lock().dropped.push(offset);
        self.unwiped.store(true, Ordering::SeqCst);
        self.settle();
    }

    /// Wipes what was dropped, unless somebody holds the chunk: then that one does it on letting go.
    fn settle(&self) {
        loop {
            // Pairs with itself: either we see the other's `unwiped`, or it sees our letting go.
            fence(Ordering::SeqCst);
            if !self.unwiped.load(Ordering::SeqCst) {
                return;
            }
            let Some(mut pages) = self.pages.try_write() else {
                return;
            };
            self.unwiped.store(false, Ordering::SeqCst);
            let mut ledger = self.ledger.lock();
            while let Some(offset) = ledger.dropped.pop() {
                if let Some(slot) = pages.get_mut(range(offset, self.size)) {
                    slot.zeroize();
                }
                ledger.free.push(offset);
            }
        }
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chunk({}-byte slots)", self.size)
    }
}

/// Somebody reads a chunk; settles it at the end, also when unwinding.
struct Reading<'a> {
    chunk: &'a Chunk,
    /// `None` only while being dropped.
    pages: Option<RecursiveRwLockReadGuard<'a, Pages>>,
}

impl Reading<'_> {
    fn bytes(&self) -> &[u8] {
        self.pages.as_deref().map_or(&[], |pages| pages)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.pages = None;
        self.chunk.settle();
    }
}

/// All chunks of a process, and spare pages to write new secrets in.
struct Arena {
    owner: u32,
    chunks: Mutex<Vec<Arc<Chunk>>>,
    drafts: Mutex<Vec<Pages>>,
}

impl Arena {
    fn of_this_process() -> Arc<Self> {
        let owner = process::id();
        let current = ARENA.load();
        if let Some(arena) = current.as_ref().filter(|arena| arena.owner == owner) {
            return Arc::clone(arena);
        }
        // The first secret of the process. A lock of the parent's arena may have been held by a
        // thread that does not exist here, so nothing of it is touched.
        let fresh = Arc::new(Self {
            owner,
            chunks: Mutex::new(Vec::new()),
            drafts: Mutex::new(Vec::new()),
        });
        let before = ARENA.compare_and_swap(&*current, Some(Arc::clone(&fresh)));
        match before.as_ref() {
            Some(winner) if winner.owner == owner => Arc::clone(winner),
            _ => fresh,
        }
    }

    fn store(&self, bytes: &[u8]) -> Slot {
        let size = bytes.len().next_power_of_two().max(MIN_SLOT);
        let mut chunks = self.chunks.lock();
        // The latest first: the older, the fuller.
        for chunk in chunks.iter().rev().filter(|chunk| chunk.size == size) {
            if let Some(offset) = chunk.store(bytes) {
                let chunk = Arc::clone(chunk);
                return Slot { chunk, offset };
            }
        }
        loop {
            let chunk = Arc::new(Chunk::new(size));
            // Nobody else knows it yet, so this succeeds at once.
            if let Some(offset) = chunk.store(bytes) {
                chunks.push(Arc::clone(&chunk));
                return Slot { chunk, offset };
            }
        }
    }
}

/// Protected memory to write a new secret in, before it goes to its slot; wiped afterwards, also
/// when unwinding.
pub(super) struct Draft {
    arena: Arc<Arena>,
    pages: Option<Pages>,
    len: usize,
}

impl Draft {
    /// `len` zero bytes, at most [`MAX_SLOT`].
    pub(super) fn new(len: usize) -> Self {
        let arena = Arena::of_this_process();
        let spare = arena.drafts.lock().pop();
        Self {
            arena,
            pages: Some(spare.unwrap_or_else(|| Pages::new(MAX_SLOT))),
            len,
        }
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        self.pages
            .as_mut()
            .and_then(|pages| pages.get_mut(..self.len))
            .unwrap_or_default()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.bytes().zeroize();
        if let Some(pages) = self.pages.take() {
            let mut spares = self.arena.drafts.lock();
            if spares.len() < MAX_SPARES {
                spares.push(pages);
            }
        }
    }
}

const fn range(offset: usize, len: usize) -> Range<usize> {
    offset..offset.saturating_add(len)
}

static ARENA: ArcSwapOption<Arena> = ArcSwapOption::const_empty();
static UNLOCKED: AtomicBool = AtomicBool::new(false);
static UNADVISED: AtomicBool = AtomicBool::new(false);
static HEAP_USED: AtomicBool = AtomicBool::new(false);

/// Bytes a chunk: four pages, so that few locked bytes lie idle.
const CHUNK: usize = 16 * 1024;
/// Bytes of the smallest slot.
const MIN_SLOT: usize = 32;
/// Bytes of the largest slot: a page. Longer secrets have pages of their own.
pub(super) const MAX_SLOT: usize = 4096;
/// Drafts kept for the next new secret.
const MAX_SPARES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_at(chunk: &Chunk, offset: usize) -> Vec<u8> {
        chunk.pages.read()[range(offset, chunk.size)].to_vec()
    }

    #[test]
    fn a_released_slot_is_wiped_and_used_again() {
        let chunk = Chunk::new(64);
        let offset = chunk.store(&[0xa5; 50]).unwrap();
        assert_eq!(bytes_at(&chunk, offset)[..50], [0xa5; 50]);
        chunk.release(offset);
        assert_eq!(bytes_at(&chunk, offset), [0; 64]);
        assert_eq!(chunk.store(&[1]), Some(offset));
    }

    #[test]
    fn a_slot_released_under_a_reader_is_wiped_when_the_last_reader_ends() {
        let chunk = Chunk::new(32);
        let offset = chunk.store(&[7; 32]).unwrap();
        let outer = chunk.read();
        let inner = chunk.read();
        chunk.release(offset);
        assert_eq!(
            bytes_at(&chunk, offset),
            [7; 32],
            "a reader's bytes never change"
        );
        assert_eq!(chunk.store(&[1]), None, "no writing under a reader");
        drop(inner);
        assert_eq!(bytes_at(&chunk, offset), [7; 32]);
        drop(outer);
        assert_eq!(bytes_at(&chunk, offset), [0; 32]);
    }

    #[test]
    fn a_full_chunk_refuses() {
        let chunk = Chunk::new(MAX_SLOT);
        let held: Vec<_> = std::iter::from_fn(|| chunk.store(&[1; MAX_SLOT])).collect();
        assert_eq!(held.len(), CHUNK / MAX_SLOT);
        chunk.release(held[2]);
        assert_eq!(chunk.store(&[2; MAX_SLOT]), Some(held[2]));
    }

    #[test]
    fn small_secrets_share_a_chunk() {
        let arena = Arena {
            owner: process::id(),
            chunks: Mutex::default(),
            drafts: Mutex::default(),
        };
        let slots: Vec<_> = (0..CHUNK / 32).map(|_| arena.store(&[3; 32])).collect();
        assert_eq!(arena.chunks.lock().len(), 1);
        let another = arena.store(&[3; 32]);
        assert_eq!(arena.chunks.lock().len(), 2);
        drop((slots, another));
    }

    #[test]
    fn an_arena_of_another_process_is_left_alone() {
        let chunk = Arc::new(Chunk {
            owner: process::id() + 1,
            ..Chunk::new(32)
        });
        let offset = chunk.store(&[9; 32]).unwrap();
        chunk.release(offset);
        assert_eq!(bytes_at(&chunk, offset), [9; 32]);
    }

    #[test]
    fn a_draft_is_wiped() {
        let mut draft = Draft::new(40);
        draft.bytes().fill(0xee);
        let arena = Arc::clone(&draft.arena);
        drop(draft);
        let spares = arena.drafts.lock();
        assert!(
            spares
                .iter()
                .all(|pages| pages.iter().all(|byte| *byte == 0))
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pages_are_kept_out_of_dumps_and_forks() {
        let pages = Pages::new(CHUNK);
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let address = pages.as_ptr().addr();
        let mut inside = false;
        let mut flags = None;
        for line in maps.lines() {
            if let Some((from, to)) = line
                .split(' ')
                .next()
                .and_then(|range| range.split_once('-'))
            {
                let bounds = (
                    usize::from_str_radix(from, 16),
                    usize::from_str_radix(to, 16),
                );
                if let (Ok(from), Ok(to)) = bounds {
                    inside = (from..to).contains(&address);
                }
            } else if inside && let Some(rest) = line.strip_prefix("VmFlags:") {
                flags = Some(rest.to_owned());
            }
        }
        let flags = flags.expect("a mapping");
        assert!(flags.contains(" dd"), "not in dumps: {flags}");
        assert!(flags.contains(" dc"), "not in forks: {flags}");
    }
}
