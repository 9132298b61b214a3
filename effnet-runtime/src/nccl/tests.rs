use std::io::Write;
use std::time::{Duration, Instant};

use candle_core::cuda_backend::cudarc::driver::CudaContext;

use super::*;
use crate::collective::{Single, threads};
use crate::device;

/// What was done with a stream: the stand-in for NCCL says it, and the library itself does not.
fn log_of(communicator: &Communicator) -> Option<String> {
    type Log = unsafe extern "C" fn(*mut std::ffi::c_void, *mut std::ffi::c_char, usize) -> usize;
    // SAFETY: the name ends with a zero, and the function of it has this type.
    let log: Log = unsafe {
        let found = libc::dlsym(libc::RTLD_DEFAULT, c"cuda_emu_stream_log".as_ptr());
        if found.is_null() {
            return None;
        }
        std::mem::transmute(found)
    };
    let mut text = vec![0u8; 1000];
    // SAFETY: it writes no more than the length.
    let length = unsafe { log(communicator.stream.cu_stream().cast(), text.as_mut_ptr().cast(), text.len()) };
    text.truncate(length);
    Some(String::from_utf8(text).unwrap())
}

fn is_emulated() -> bool {
    // SAFETY: the name ends with a zero.
    !unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"cuda_emu_stream_log".as_ptr()) }.is_null()
}

/// The GPU of each of two ranks. NCCL takes one for each, and the stand-in any; without them a test says that it does
/// nothing, past the harness, which would keep that to itself.
pub(crate) fn two_gpus(test: &str) -> Option<[Device; 2]> {
    let name = |rank: i32| match is_emulated() {
        true => "cuda:0".to_owned(),
        false => format!("cuda:{rank}"),
    };
    if !is_emulated() && CudaContext::device_count().unwrap() < 2 {
        writeln!(std::io::stderr(), "NOT TESTED: {test}, for which NCCL wants two GPUs").unwrap();
        return None;
    }
    Some([0, 1].map(|rank| device::open(&name(rank)).unwrap().device))
}

/// Calls `work` on both ranks of a group.
fn with_two<R: Send>(test: &str, work: impl Fn(Arc<dyn Collective>, &Device) -> R + Sync) -> Option<Vec<R>> {
    let (gpus, ends) = (two_gpus(test)?, threads(2).unwrap());
    Some(std::thread::scope(|scope| {
        let work = &work;
        let ranks: Vec<_> =
            ends.into_iter().zip(&gpus).map(|(end, gpu)| scope.spawn(move || work(Arc::new(end), gpu))).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    }))
}

fn cuda() -> Device {
    device::open("cuda").unwrap().device
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn sums_wait_for_the_gradients_and_are_waited_for() {
    let device = cuda();
    let Device::Cuda(of_cuda) = &device else { unreachable!() };
    let communicator = Communicator::join(of_cuda, 0, 1, &Communicator::id().unwrap()).unwrap();
    let tensors =
        [Tensor::new(&[1f32, 2.0, 3.0], &device).unwrap(), Tensor::ones((2, 2), DType::F32, &device).unwrap()];
    let stream = of_cuda.cuda_stream();
    let done = communicator.sum(&tensors, &stream.record_event(None).unwrap()).unwrap();
    while !Communicator::is_done(&done).unwrap() {
        communicator.check().unwrap();
    }
    stream.wait(&done).unwrap();
    assert_eq!((values(&tensors[0]), values(&tensors[1])), (vec![1.0, 2.0, 3.0], vec![1.0; 4]));
    if let Some(log) = log_of(&communicator) {
        assert_eq!(log, "waits; sums 3; sums 4; ends the group; records; is waited for; ");
    }
}

#[test]
fn a_group_of_one_keeps_its_gradients() {
    let device = cuda();
    let ranks = Nccl::join(Arc::new(Single), &device).unwrap();
    let pending = ranks.begin(vec![Tensor::new(&[1f32, 2.0], &device).unwrap()]).unwrap();
    assert_eq!(values(&pending.wait().unwrap()[0]), [1.0, 2.0]);
}

#[test]
fn ranks_sum_in_place_while_they_go_on() {
    let found = with_two("sums of two ranks", |control, device| {
        let rank = control.rank() as f32;
        let ranks = Nccl::join(control, device).unwrap();
        let new = |values: &[f32]| Tensor::new(values, device).unwrap();
        let (first, second) = ([new(&[rank, 1.0]), new(&[10.0 + rank; 5])], new(&[rank - 1.0]));
        let pending = [ranks.begin(first.to_vec()), ranks.begin(vec![second.clone()])];
        // Messages go their own way meanwhile.
        assert_eq!(ranks.gather(vec![3]).unwrap(), [[3], [3]]);
        let sums = pending.map(|pending| pending.unwrap().wait().unwrap());
        assert_eq!(sums.each_ref().map(Vec::len), [2, 1]);
        assert_eq!(values(&sums[0][1]), values(&first[1]), "the sums are elsewhere");
        [values(&first[0]), values(&first[1]), values(&second)]
    });
    for sums in found.into_iter().flatten() {
        assert_eq!(sums, [vec![1.0, 2.0], vec![21.0; 5], vec![-1.0]]);
    }
}

#[test]
fn an_error_of_nccl_is_named() {
    let Device::Cuda(device) = cuda() else { unreachable!() };
    let error = Communicator::join(&device, 2, 2, &Communicator::id().unwrap()).err().unwrap().to_string();
    assert_eq!(error, "ncclCommInitRank of NCCL failed (ncclInvalidArgument): NCCL_DEBUG=WARN says more");
}

#[test]
fn what_nccl_does_not_sum_is_refused() {
    let device = cuda();
    let ranks = Nccl::join(Arc::new(Single), &device).unwrap();
    for tensor in [
        Tensor::zeros(2, DType::F32, &Device::Cpu).unwrap(),
        Tensor::zeros(2, DType::F64, &device).unwrap(),
        Tensor::zeros((2, 3), DType::F32, &device).unwrap().t().unwrap(),
    ] {
        let error = ranks.begin(vec![tensor]).unwrap_err().to_string();
        assert!(error.starts_with("NCCL was given a tensor that it does not sum"), "{error}");
    }
}

/// How long a lost rank may hold up the others.
const PATIENCE: Duration = Duration::from_secs(8);

#[test]
fn a_rank_that_is_lost_holds_nobody_up() {
    let reasons = ["aborts", "leaves"];
    for reason in reasons {
        let found = with_two("a rank that is lost", |control, device| {
            let ranks = Nccl::join(Arc::clone(&control), device).unwrap();
            if ranks.rank() == 1 {
                if reason == "aborts" {
                    ranks.abort("the disk is full");
                }
                return None;
            }
            let begun = Instant::now();
            let tensor = Tensor::zeros(4, DType::F32, device).unwrap();
            let error = ranks.begin(vec![tensor.clone()]).and_then(PendingTensors::wait).unwrap_err();
            assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
            // Later ones fail at once.
            assert_eq!(ranks.begin(vec![tensor]).and_then(PendingTensors::wait).unwrap_err(), error);
            Some(error.to_string())
        });
        let Some(found) = found else { return };
        let error = found[0].as_ref().unwrap();
        let expected = if reason == "aborts" { "rank 1 ended the run: the disk is full" } else { "rank 1 is gone" };
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_rank_that_is_lost_before_it_has_joined_holds_nobody_up() {
    let found = with_two("a rank that is lost before it has joined", |control, device| {
        if control.rank() == 1 {
            // What `join` begins with.
            together::<_, Error>(control.as_ref(), Ok(())).unwrap();
            control.broadcast(Vec::new()).unwrap();
            control.abort("there is no GPU");
            return None;
        }
        let begun = Instant::now();
        let error = Nccl::join(control, device).err().unwrap();
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        Some(error)
    });
    let Some(found) = found else { return };
    assert_eq!(found[0], Some(Error::Aborted { rank: 1, reason: "there is no GPU".to_owned() }));
}

/// NCCL itself would wait for ever, or write past a buffer's end: it checks no sizes.
#[test]
fn a_sum_that_fails_on_the_device_fails_on_all_ranks() {
    if !is_emulated() {
        writeln!(std::io::stderr(), "NOT TESTED: sums that fail on the device, which need the stand-in for NCCL")
            .unwrap();
        return;
    }
    let found = with_two("sums that fail", |control, device| {
        let ranks = Nccl::join(control, device).unwrap();
        let tensor = Tensor::zeros(4 + ranks.rank(), DType::F32, device).unwrap();
        ranks.begin(vec![tensor]).and_then(PendingTensors::wait).unwrap_err().to_string()
    });
    for error in found.into_iter().flatten() {
        assert!(error.contains("a sum of NCCL failed (ncclInvalidUsage)"), "{error}");
    }
}
