//! What the environment says of the group that this process belongs to.

use std::sync::Arc;
use std::time::Duration;

use super::seat::Seat;
use super::{Collective, Error, Exchange, Rendezvous, Result, Single, Tcp};

/// How long a rank waits for the others to be started.
const PATIENCE: Duration = Duration::from_secs(300);

/// Pairs of variables that say how many processes a launcher of MPI has started, and which of them this one is. Slurm's
/// PMIx says the number as Slurm does.
const OF_MPI: [[&str; 2]; 3] =
    [["OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"], ["PMI_SIZE", "PMI_RANK"], ["SLURM_NTASKS", "PMIX_RANK"]];

/// Variables that number the processes of one host.
const LOCAL: [&str; 4] = ["LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"];

/// How this process was started: by itself, or as one of a group.
///
/// | variables | group |
/// |---|---|
/// | `RANK`, `WORLD_SIZE`, `MASTER_ADDR`, `MASTER_PORT`, as torchrun and Kubernetes' PyTorchJob set them | [`Tcp`] |
/// | of OpenMPI, of MPICH and its relatives, of Slurm's PMIx | MPI, with the feature `mpi` |
/// | `SLURM_PROCID`, `SLURM_NTASKS` of `srun`, with `MASTER_ADDR` and `MASTER_PORT` | [`Tcp`] |
/// | none of them, or a group of one | [`Single`] |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    group: Group,
    local_rank: Option<usize>,
    /// Tasks that `srun` has started beside this one, which do not know of each other.
    strangers: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Group {
    Single,
    Tcp(Rendezvous),
    Mpi {
        rank: usize,
        size: usize,
        /// The variable that says so.
        variable: &'static str,
    },
}

/// Reads one variable.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Launch {
    /// Reads this process's environment.
    ///
    /// # Errors
    /// When a variable is missing beside others, or its value means nothing: by its name.
    pub fn from_environment() -> Result<Self> {
        Self::read(&|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Reads the variables that `lookup` knows.
    ///
    /// # Errors
    /// When a variable is missing beside others, or its value means nothing: by its name.
    pub fn read(lookup: Lookup<'_>) -> Result<Self> {
        let mut local_rank = None;
        for name in LOCAL {
            local_rank = local_rank.or(number(lookup, name)?);
        }
        let group = group(lookup)?;
        let strangers = match group {
            Group::Single => number(lookup, "SLURM_STEP_NUM_TASKS")?.filter(|tasks| *tasks > 1),
            Group::Tcp(_) | Group::Mpi { .. } => None,
        };
        Ok(Self { group, local_rank, strangers })
    }

    /// The rank that this process will be.
    pub fn rank(&self) -> usize {
        match &self.group {
            Group::Single => 0,
            Group::Tcp(at) => at.rank,
            Group::Mpi { rank, .. } => *rank,
        }
    }

    /// Joins the group, and waits until all of its ranks have.
    ///
    /// # Errors
    /// When a rank does not come or cannot be reached; when the group needs what this program is built without.
    pub fn join(&self) -> Result<Arc<dyn Collective>> {
        if let Some(tasks) = self.strangers {
            tracing::warn!(
                "this process is one of {tasks} of srun, and works by itself: to train together, set MASTER_ADDR to the host \
                 of the first and MASTER_PORT to a free port there"
            );
        }
        match &self.group {
            Group::Single => Ok(Arc::new(Single)),
            Group::Tcp(at) => {
                let at = at.clone();
                Ok(Arc::new(Exchange::start(move || Tcp::join(&at))?))
            }
            #[cfg(feature = "mpi")]
            &Group::Mpi { size, .. } => Ok(Arc::new(Exchange::start(move || super::mpi::Mpi::join(size))?)),
            #[cfg(not(feature = "mpi"))]
            Group::Mpi { rank, size, variable } => Err(Error::Unformed(format!(
                "this process was started as rank {rank} of {size} by a launcher of MPI ({variable}), and this program is \
                 built without MPI: build it with --features mpi, or set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT"
            ))),
        }
    }

    /// This process's place among those of its host. All ranks call this, as an operation of their group.
    ///
    /// # Errors
    /// When a rank has aborted or is dead.
    pub fn seat(&self, ranks: &dyn Collective) -> Result<Seat> {
        let counted = Seat::count(ranks)?;
        Ok(Seat { local_rank: self.local_rank.unwrap_or(counted.local_rank), ..counted })
    }
}

fn group(lookup: Lookup<'_>) -> Result<Group> {
    // What somebody has set by hand, too, goes before what a launcher sets.
    if let Some((rank, size)) = place(lookup, "RANK", "WORLD_SIZE")? {
        return tcp(lookup, rank, size, "RANK");
    }
    for [of_size, of_rank] in OF_MPI {
        if lookup(of_rank).is_some()
            && let Some((rank, size)) = place(lookup, of_rank, of_size)?
        {
            return Ok(if size == 1 { Group::Single } else { Group::Mpi { rank, size, variable: of_rank } });
        }
    }
    // Within a job's script, too, Slurm says how many tasks its `srun` would start.
    if lookup("MASTER_ADDR").is_some()
        && let Some((rank, size)) = place(lookup, "SLURM_PROCID", "SLURM_NTASKS")?
    {
        return tcp(lookup, rank, size, "SLURM_PROCID");
    }
    Ok(Group::Single)
}

fn tcp(lookup: Lookup<'_>, rank: usize, size: usize, because: &str) -> Result<Group> {
    if size == 1 {
        return Ok(Group::Single);
    }
    let host = lookup("MASTER_ADDR").filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| missing("MASTER_ADDR", because, "the name or address of rank 0's host"))?;
    let port = number::<u16>(lookup, "MASTER_PORT")?.filter(|port| *port != 0);
    let port = port.ok_or_else(|| missing("MASTER_PORT", because, "a free port of rank 0's host"))?;
    // torchrun then listens on the port itself.
    let is_taken = lookup("TORCHELASTIC_USE_AGENT_STORE").is_some_and(|value| value == "True");
    let port = if is_taken { port.checked_add(1).unwrap_or(port - 1) } else { port };
    Ok(Group::Tcp(Rendezvous { rank, size, host, port, patience: PATIENCE }))
}

/// A rank and the number of ranks; none where neither is set.
fn place(lookup: Lookup<'_>, of_rank: &'static str, of_size: &'static str) -> Result<Option<(usize, usize)>> {
    match (number(lookup, of_rank)?, number(lookup, of_size)?) {
        (None, None) => Ok(None),
        (Some(rank), Some(size)) if rank < size => Ok(Some((rank, size))),
        (Some(rank), Some(size)) => Err(Error::Unformed(format!(
            "the environment variable {of_rank} is {rank}, and {of_size} is {size}: ranks count from 0, and are less than \
             their number"
        ))),
        (Some(_), None) => Err(missing(of_size, of_rank, "the number of ranks")),
        (None, Some(_)) => Err(missing(of_rank, of_size, "this process's rank, from 0")),
    }
}

fn missing(name: &str, because: &str, legal: &str) -> Error {
    Error::Unformed(format!(
        "the environment variable {name} is not set, and {because} is: set {name} to {legal}, or unset {because}"
    ))
}

fn number<N: std::str::FromStr>(lookup: Lookup<'_>, name: &str) -> Result<Option<N>> {
    let Some(value) = lookup(name) else { return Ok(None) };
    value.trim().parse().map(Some).map_err(|_| {
        Error::Unformed(format!("the environment variable {name} is `{value}`: set it to a number, or unset it"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of `NAME=value …`.
    fn read(variables: &str) -> std::result::Result<Launch, String> {
        let lookup = |name: &str| {
            let pairs = variables.split(' ').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned())
        };
        Launch::read(&lookup).map_err(|error| error.to_string())
    }

    fn tcp(rank: usize, size: usize, host: &str, port: u16) -> Group {
        Group::Tcp(Rendezvous { rank, size, host: host.to_owned(), port, patience: PATIENCE })
    }

    #[test]
    fn each_launcher_is_understood() {
        let torchrun = "RANK=1 WORLD_SIZE=4 MASTER_ADDR=node-0 MASTER_PORT=29500";
        let openmpi = "OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_LOCAL_RANK=0 PMIX_RANK=2";
        let srun = "SLURM_PROCID=3 SLURM_NTASKS=8 SLURM_LOCALID=1 SLURM_STEP_NUM_TASKS=8";
        let mpi = |rank, size, variable| Group::Mpi { rank, size, variable };
        let cases = [
            ("", Group::Single, None),
            ("MASTER_ADDR=node-0 MASTER_PORT=29500", Group::Single, None),
            (torchrun, tcp(1, 4, "node-0", 29_500), None),
            (
                &format!("{torchrun} LOCAL_RANK=1 TORCHELASTIC_USE_AGENT_STORE=True"),
                tcp(1, 4, "node-0", 29_501),
                Some(1),
            ),
            ("RANK=0 WORLD_SIZE=1 LOCAL_RANK=0", Group::Single, Some(0)),
            (openmpi, mpi(2, 4, "OMPI_COMM_WORLD_RANK"), Some(0)),
            // A script of `mpirun` may set them, where a program is built without MPI.
            (&format!("{openmpi} {torchrun}"), tcp(1, 4, "node-0", 29_500), Some(0)),
            ("OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0", Group::Single, None),
            ("PMI_SIZE=2 PMI_RANK=1 MPI_LOCALRANKID=1", mpi(1, 2, "PMI_RANK"), Some(1)),
            (&format!("{srun} PMIX_RANK=3"), mpi(3, 8, "PMIX_RANK"), Some(1)),
            (&format!("{srun} MASTER_ADDR=10.0.0.1 MASTER_PORT=4000"), tcp(3, 8, "10.0.0.1", 4000), Some(1)),
            (srun, Group::Single, Some(1)),
            ("SLURM_NTASKS=8 SLURM_PROCID=0", Group::Single, None),
        ];
        for (variables, group, local_rank) in cases {
            let strangers = (variables == srun).then_some(8);
            assert_eq!(read(variables), Ok(Launch { group, local_rank, strangers }), "{variables}");
        }
    }

    #[test]
    fn what_is_missing_or_means_nothing_is_named() {
        let cases = [
            ("RANK=1", "WORLD_SIZE is not set, and RANK is: set WORLD_SIZE to the number of ranks, or unset RANK"),
            ("WORLD_SIZE=2 MASTER_ADDR=a", "RANK is not set, and WORLD_SIZE is"),
            ("RANK=1 WORLD_SIZE=2", "MASTER_ADDR is not set, and RANK is"),
            (
                "RANK=1 WORLD_SIZE=2 MASTER_ADDR=a",
                "MASTER_PORT is not set, and RANK is: set MASTER_PORT to a free port",
            ),
            ("RANK=1 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=70000", "MASTER_PORT is `70000`: set it to a number"),
            ("RANK=2 WORLD_SIZE=2", "RANK is 2, and WORLD_SIZE is 2: ranks count from 0"),
            ("RANK=-1 WORLD_SIZE=2", "RANK is `-1`: set it to a number, or unset it"),
            ("RANK= WORLD_SIZE=2", "RANK is ``: set it to a number"),
            ("RANK=0 WORLD_SIZE=0", "RANK is 0, and WORLD_SIZE is 0"),
            ("OMPI_COMM_WORLD_RANK=1", "OMPI_COMM_WORLD_SIZE is not set"),
            ("SLURM_PROCID=0 SLURM_NTASKS=2 MASTER_ADDR=a", "MASTER_PORT is not set, and SLURM_PROCID is"),
            ("LOCAL_RANK=gpu", "LOCAL_RANK is `gpu`"),
        ];
        for (variables, expected) in cases {
            let error = read(variables).unwrap_err();
            assert!(error.starts_with(&format!("the environment variable {expected}")), "{variables}: {error}");
        }
    }

    #[cfg(not(feature = "mpi"))]
    #[test]
    fn a_program_without_mpi_says_so_where_mpi_has_started_it() {
        let error = read("OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=2").unwrap().join().unwrap_err().to_string();
        assert!(error.starts_with("this process was started as rank 2 of 4 by a launcher of MPI"), "{error}");
        assert!(error.contains("build it with --features mpi"), "{error}");
    }

    #[test]
    fn a_process_by_itself_has_its_host_for_itself() {
        let launch = read("").unwrap();
        let ranks = launch.join().unwrap();
        let seat = launch.seat(&*ranks).unwrap();
        assert_eq!((ranks.size(), seat.local_rank, seat.threads), (1, 0, effnet_kernels::threads::cores()));
        assert_eq!(read("LOCAL_RANK=3").unwrap().seat(&*ranks).unwrap().local_rank, 3);
    }
}
