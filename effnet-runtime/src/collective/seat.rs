//! A process's place among the ranks of its host.

use effnet_kernels::threads::cores;

use super::{Collective, Result};

/// A process's place among the ranks of its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its number among them, from 0: a GPU's, where each rank has one.
    pub local_rank: usize,
    /// Its share of the cores, at least 1: how many threads it computes with by default.
    pub threads: usize,
}

/// What a rank tells the others of where it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    host: String,
    /// How many cores it may use at a time.
    cores: usize,
    /// Numbers of the cores that it may run on; a container's quota may allow fewer at a time.
    allowed: Vec<usize>,
}

impl Seat {
    /// Counts the ranks of this one's host, which all ranks do together.
    pub(super) fn count(ranks: &dyn Collective) -> Result<Self> {
        let here = Place { host: host_name(), cores: cores(), allowed: allowed() };
        let places: Vec<Place> = ranks.gather(here.to_bytes())?.iter().map(|place| Place::from_bytes(place)).collect();
        Ok(Self::among(&places, ranks.rank()))
    }

    fn among(places: &[Place], rank: usize) -> Self {
        let here = &places[rank];
        let of_host = |places: &[Place]| places.iter().filter(|place| place.host == here.host).count();
        // A core that several ranks may use counts as a part of one for each.
        let part = |core: &usize| {
            let users = places.iter().filter(|place| place.host == here.host && place.allowed.contains(core));
            1.0 / users.count() as f64
        };
        let share = here.allowed.iter().map(part).sum::<f64>() / here.allowed.len().max(1) as f64;
        // Parts of a third are no sum of one to the last bit.
        let threads = (here.cores as f64 * share + 1e-6) as usize;
        Self { local_rank: of_host(&places[..rank]), threads: threads.max(1) }
    }
}

impl Place {
    fn to_bytes(&self) -> Vec<u8> {
        let allowed: Vec<_> = self.allowed.iter().map(usize::to_string).collect();
        format!("{}\n{}\n{}", self.host, self.cores, allowed.join(" ")).into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split('\n');
        let host = lines.next().unwrap_or_default().to_owned();
        let cores = lines.next().and_then(|cores| cores.parse().ok()).unwrap_or(1);
        let allowed = lines.next().unwrap_or_default().split(' ').filter_map(|core| core.parse().ok()).collect();
        Self { host, cores, allowed }
    }
}

#[cfg(unix)]
fn host_name() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: the buffer is writable, and of the length that is said.
    let _ = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let len = name.iter().position(|byte| *byte == 0).unwrap_or(0);
    name[len..].fill(0);
    String::from_utf8_lossy(&name[..len]).replace('\n', " ")
}

#[cfg(windows)]
fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// The cores that the calling thread may run on: the first ones, where the system does not say.
fn allowed() -> Vec<usize> {
    #[cfg(target_os = "linux")]
    {
        let mut mask = [0_u64; 128];
        // SAFETY: the mask is writable, and of the length that is said; `cpu_set_t` is such words, and fewer.
        let len = unsafe { libc::sched_getaffinity(0, size_of_val(&mask), mask.as_mut_ptr().cast()) };
        if len == 0 {
            return (0..64 * mask.len()).filter(|core| mask[core / 64] >> (core % 64) & 1 == 1).collect();
        }
    }
    (0..cores()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: &str, cores: usize, allowed: &[usize]) -> Place {
        Place { host: host.to_owned(), cores, allowed: allowed.to_vec() }
    }

    fn seats(places: &[Place]) -> Vec<(usize, usize)> {
        let seat = |rank| Seat::among(places, rank);
        (0..places.len()).map(seat).map(|seat| (seat.local_rank, seat.threads)).collect()
    }

    #[test]
    fn ranks_share_the_cores_that_they_may_use() {
        let all: Vec<usize> = (0..64).collect();
        // Three ranks of one host, between them one of another.
        let [a, b] = [place("a", 64, &all), place("b", 4, &all[..4])];
        assert_eq!(seats(&[a.clone(), b.clone(), a.clone(), a]), [(0, 21), (0, 4), (1, 21), (2, 21)]);
        // More ranks than cores.
        assert_eq!(seats(&[b.clone(), b.clone(), b.clone(), b.clone(), b]), [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]);
        // As `mpirun` binds two ranks, and as it binds halves of a machine.
        assert_eq!(seats(&[place("a", 1, &[0]), place("a", 1, &[1])]), [(0, 1), (1, 1)]);
        assert_eq!(seats(&[place("a", 32, &all[..32]), place("a", 32, &all[32..])]), [(0, 32), (1, 32)]);
        // Three share three cores, and one has a fourth to itself.
        let three = place("a", 3, &[0, 1, 2]);
        assert_eq!(
            seats(&[three.clone(), three.clone(), three, place("a", 1, &[3])]),
            [(0, 1), (1, 1), (2, 1), (3, 1)]
        );
        // A container with a quota of 4 of 64 cores.
        let of_container = place("pod-1", 4, &all);
        assert_eq!(seats(&[of_container.clone(), of_container]), [(0, 2), (1, 2)]);
    }

    #[test]
    fn places_come_back_from_their_bytes() {
        for place in [place("node-1.cluster", 2, &[0, 5, 130]), place("", 1, &[])] {
            assert_eq!(Place::from_bytes(&place.to_bytes()), place);
        }
        assert!(allowed().len() >= cores());
        assert!(!host_name().is_empty());
    }
}
