//! An engine's session allocates nothing when it runs, on any thread, and shares the weights with others. The only test of
//! its process, whose allocator counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use effnet_models::EfficientNetV2B0;
use effnet_runtime::candle::Result;
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::{Network, Params};

struct Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTS.load(Ordering::SeqCst) {
            COUNT.fetch_add(1, Ordering::SeqCst);
            BYTES.fetch_add(layout.size(), Ordering::SeqCst);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_run_allocates_nothing_and_a_session_no_weights() -> Result<()> {
    let network = EfficientNetV2B0::new(10, Params::new(0).builder())?;
    let engine = Engine::new(&network, &Options::default().with_threads(2))?;
    let mut session = engine.session(3, 64, 64)?;
    let (images, mut logits) = (vec![0.5; 3 * 3 * 64 * 64], vec![0.0; 30]);
    session.run(&images, &mut logits)?;
    COUNTS.store(true, Ordering::SeqCst);
    let result = session.run(&images, &mut logits);
    COUNTS.store(false, Ordering::SeqCst);
    result?;
    assert_eq!(COUNT.load(Ordering::SeqCst), 0, "allocations");
    assert!(logits.iter().all(|logit| logit.is_finite()));
    // That the count counts.
    COUNTS.store(true, Ordering::SeqCst);
    drop(vec![0u8; 100]);
    COUNTS.store(false, Ordering::SeqCst);
    assert_eq!(COUNT.load(Ordering::SeqCst), 1);
    // A second session has maps of its own, and the packed weights of the first.
    BYTES.store(0, Ordering::SeqCst);
    COUNTS.store(true, Ordering::SeqCst);
    let other = engine.session(1, 32, 32);
    COUNTS.store(false, Ordering::SeqCst);
    let (bytes, weights) = (BYTES.load(Ordering::SeqCst), 4 * network.params().trainable());
    assert!(bytes > 0 && bytes < weights / 10, "{bytes} bytes beside {weights} of weights");
    other.map(drop)
}
