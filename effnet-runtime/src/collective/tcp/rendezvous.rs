//! How the ranks of a group find each other.
//!
//! Rank 0 listens where all have been told. Each of the others goes there and says who it is and on which port it listens
//! itself; when all have come, rank 0 tells each where the others are, and each connects to those below it.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use super::super::{Error, Result};
use super::greeting::{Greeting, hear, say};

/// How long a process that has connected may take to say who it is.
const GREETING: Duration = Duration::from_secs(5);

/// How long ranks that have all come may take to connect to each other.
const MESH: Duration = Duration::from_secs(30);

/// Longest try to connect: who is not there yet may be there soon.
const TRY: Duration = Duration::from_secs(5);

/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Where the ranks of a group meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendezvous {
    /// This process's rank, from 0.
    pub rank: usize,
    /// Number of ranks.
    pub size: usize,
    /// Name or address of rank 0's host.
    pub host: String,
    /// Port on which rank 0 listens.
    pub port: u16,
    /// How long to wait for the others.
    pub patience: Duration,
}

/// A rank that has come to rank 0.
struct Guest {
    stream: TcpStream,
    /// Its address as rank 0 sees it, with the port on which it listens.
    address: SocketAddr,
}

impl Rendezvous {
    /// This rank's connections to the others, by rank, none to itself.
    pub(super) fn meet(&self) -> Result<Vec<Option<TcpStream>>> {
        if self.rank >= self.size || u32::try_from(self.size).is_err() {
            let of =
                format!("rank {} of {} ranks: ranks count from 0 and are less than their number", self.rank, self.size);
            return Err(Error::Unformed(of));
        }
        let streams = match (self.size, self.rank) {
            (1, _) => vec![None],
            (_, 0) => self.receive()?,
            _ => self.visit()?,
        };
        for stream in streams.iter().flatten() {
            let is_set = stream.set_read_timeout(None).and_then(|()| stream.set_nodelay(true));
            is_set.map_err(|error| self.unformed(format_args!("a connection cannot be set up: {error}")))?;
        }
        Ok(streams)
    }

    fn unformed(&self, reason: impl std::fmt::Display) -> Error {
        let Self { rank, size, host, port, .. } = self;
        Error::Unformed(format!("rank {rank} of {size}, which meet at {host}:{port}: {reason}"))
    }

    /// Whether all ranks are on this host, as the address says.
    fn is_local(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Listens for other ranks: for those of this host alone, where all are.
    fn listen(&self, port: u16) -> io::Result<TcpListener> {
        let addresses = if self.is_local() {
            (self.host.as_str(), port).to_socket_addrs()?.collect()
        } else {
            vec![(Ipv6Addr::UNSPECIFIED, port).into(), SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))]
        };
        let mut last = io::Error::other("it has no address");
        for address in addresses {
            match TcpListener::bind(address) {
                // Another address would be another place, where not all would come.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
                Err(error) => last = error,
                Ok(listener) => {
                    listener.set_nonblocking(true)?;
                    return Ok(listener);
                }
            }
        }
        Err(last)
    }

    fn greeting(&self, group: u64, port: u16) -> Greeting {
        Greeting { group, rank: self.rank as u32, size: self.size as u32, port }
    }

    /// Rank 0's part.
    fn receive(&self) -> Result<Vec<Option<TcpStream>>> {
        let listener = self.listen(self.port).map_err(|error| {
            self.unformed(format_args!(
                "it cannot listen there: {error}; where another program or another run has the port, set MASTER_PORT to a \
                 free one, and where rank 0 is not on this host, give each process its own RANK"
            ))
        })?;
        let mut guests: Vec<Option<Guest>> = (0..self.size).map(|_| None).collect();
        let until = Instant::now() + self.patience;
        while guests[1..].iter().any(Option::is_none) {
            let accepted = accept(&listener, until).map_err(|error| self.unformed(error))?;
            let outcome = match accepted {
                Some((stream, from)) => self.hear_out(stream, from, &mut guests),
                None => Err(self.missing(&guests)),
            };
            if let Err(error) = outcome {
                for guest in guests.iter().flatten() {
                    let _ = say(&guest.stream, &format!("refused\n{error}"));
                }
                return Err(error);
            }
        }
        let group = RandomState::new().build_hasher().finish();
        let place = |guest: &Option<Guest>| match guest {
            // Whoever comes by the loopback is where rank 0 is, which every rank knows by an address of its own.
            Some(Guest { address, .. }) if address.ip().is_loopback() => format!("\n- {}", address.port()),
            Some(Guest { address, .. }) => format!("\n{} {}", address.ip(), address.port()),
            None => String::new(),
        };
        let welcome = format!("{group}{}", guests.iter().map(place).collect::<String>());
        for (rank, guest) in guests.iter().enumerate() {
            if let Some(guest) = guest {
                say(&guest.stream, &welcome)
                    .map_err(|error| self.unformed(format_args!("rank {rank} is gone: {error}")))?;
            }
        }
        Ok(guests.into_iter().map(|guest| guest.map(|guest| guest.stream)).collect())
    }

    /// Hears who has come. A stranger is sent away.
    fn hear_out(&self, stream: TcpStream, from: SocketAddr, guests: &mut [Option<Guest>]) -> Result<()> {
        let heard = stream.set_read_timeout(Some(GREETING)).and_then(|()| self.greeting(0, 0).exchange(&stream));
        let why = match heard {
            Ok(Ok(greeting)) if greeting.group == 0 && greeting.rank > 0 => {
                let guest = Guest { stream, address: SocketAddr::new(from.ip().to_canonical(), greeting.port) };
                return self.admit(guest, &greeting, guests);
            }
            Ok(Ok(_)) => "it is a rank of another group".to_owned(),
            Ok(Err(why)) => why,
            Err(error) => format!("it does not say who it is: {error}"),
        };
        tracing::warn!("what has come from {from} was sent away: {why}");
        Ok(())
    }

    /// Gives a rank its place. One that cannot have it ends the group: no other will have it.
    fn admit(&self, guest: Guest, greeting: &Greeting, guests: &mut [Option<Guest>]) -> Result<()> {
        let (rank, ip) = (greeting.rank as usize, guest.address.ip());
        let refusal = match guests.get_mut(rank) {
            _ if greeting.size as usize != self.size => {
                let size = greeting.size;
                format!("rank {rank} at {ip} was started as one of {size}: give all ranks the same WORLD_SIZE")
            }
            None => format!("rank {rank} at {ip} is none of {}: give each process its own RANK", self.size),
            // One that died before all had come may have been started anew.
            Some(Some(other)) if !is_closed(&other.stream) => {
                let other = other.address.ip();
                format!("two processes are rank {rank}, at {other} and at {ip}: give each its own RANK")
            }
            Some(place) => {
                *place = Some(guest);
                return Ok(());
            }
        };
        let error = self.unformed(refusal);
        let _ = say(&guest.stream, &format!("refused\n{error}"));
        Err(error)
    }

    fn missing(&self, guests: &[Option<Guest>]) -> Error {
        let missing: Vec<_> =
            (1..self.size).filter(|rank| guests[*rank].is_none()).map(|rank| rank.to_string()).collect();
        let (ranks, have) = if missing.len() == 1 { ("rank", "has") } else { ("ranks", "have") };
        let Self { size, host, port, patience, .. } = self;
        let (missing, patience) = (missing.join(", "), patience.as_secs_f32());
        Error::Unformed(format!(
            "{ranks} {missing} of {size} {have} not come to {host}:{port} within {patience} s: see their own output"
        ))
    }

    /// The part of every other rank.
    fn visit(&self) -> Result<Vec<Option<TcpStream>>> {
        let listener = self.listen(0).and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
        let (port, listener) = listener.map_err(|error| self.unformed(format_args!("it cannot listen: {error}")))?;
        let first = self.greet_rank_0(self.greeting(0, port))?;
        let lost = |error| self.unformed(format_args!("rank 0 has gone before all ranks had come: {error}"));
        // Rank 0 may have come last itself, and then waits for its own time.
        first.set_read_timeout(Some(self.patience + GREETING)).map_err(lost)?;
        let answer = hear(&first).map_err(lost)?;
        if let Some(reason) = answer.strip_prefix("refused\n") {
            return Err(Error::Unformed(reason.to_owned()));
        }
        let (group, addresses) =
            self.welcome(&answer, &first).ok_or_else(|| self.unformed("rank 0 does not say where the others are"))?;

        let mut streams: Vec<Option<TcpStream>> = (0..self.size).map(|_| None).collect();
        streams[0] = Some(first);
        let until = Instant::now() + MESH;
        for rank in 1..self.rank {
            streams[rank] = Some(self.greet_lower(rank, addresses[rank - 1], group, until)?);
        }
        while let Some(missing) = (self.rank + 1..self.size).find(|rank| streams[*rank].is_none()) {
            let accepted = accept(&listener, until).map_err(|error| self.unformed(error))?;
            let Some((stream, from)) = accepted else {
                return Err(
                    self.unformed(format_args!("rank {missing} has not connected to it within {} s", MESH.as_secs()))
                );
            };
            let heard =
                stream.set_read_timeout(Some(GREETING)).and_then(|()| self.greeting(group, 0).exchange(&stream));
            match heard {
                Ok(Ok(greeting)) if greeting.group == group => {
                    // Rank 0 has let in one process of each rank, and only these know the group.
                    if let Some(place) = streams.get_mut(greeting.rank as usize) {
                        *place = Some(stream);
                    }
                }
                _ => tracing::warn!("what has come from {from} is no rank of this group, and was sent away"),
            }
        }
        Ok(streams)
    }

    /// Goes to rank 0, which may come later itself, or whose name may be known later.
    fn greet_rank_0(&self, greeting: Greeting) -> Result<TcpStream> {
        let until = Instant::now() + self.patience;
        loop {
            let greeted = connect((self.host.as_str(), self.port), until).and_then(|stream| {
                let heard = greeting.exchange(&stream)?;
                Ok((stream, heard))
            });
            match greeted {
                Ok((stream, Ok(heard))) if heard.rank == 0 && heard.group == 0 => {
                    if heard.size == greeting.size {
                        return Ok(stream);
                    }
                    let size = heard.size;
                    return Err(self.unformed(format_args!(
                        "rank 0 was started as one of {size}: give all ranks the same WORLD_SIZE"
                    )));
                }
                Ok((_, heard)) => {
                    let why = heard.err().unwrap_or_else(|| "it is another rank".to_owned());
                    return Err(self.unformed(format_args!("what listens there is not rank 0: {why}")));
                }
                Err(error) if Instant::now() >= until => {
                    let patience = self.patience.as_secs_f32();
                    return Err(self.unformed(format_args!(
                        "rank 0 has not answered there within {patience} s ({error}): see whether it runs, and whether \
                         MASTER_ADDR and MASTER_PORT are its own"
                    )));
                }
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    fn greet_lower(&self, rank: usize, address: SocketAddr, group: u64, until: Instant) -> Result<TcpStream> {
        let lost = |why: &dyn std::fmt::Display| {
            self.unformed(format_args!("rank {rank} is not reached at {address}, where rank 0 sees it: {why}"))
        };
        let stream = connect(address, until).map_err(|error| lost(&error))?;
        match self.greeting(group, 0).exchange(&stream) {
            Ok(Ok(heard)) if heard.group == group && heard.rank as usize == rank => Ok(stream),
            Ok(Ok(_)) => Err(lost(&"another process answers")),
            Ok(Err(why)) => Err(lost(&why)),
            Err(error) => Err(lost(&error)),
        }
    }

    /// The group's name, and the addresses of ranks 1 and up, of rank 0's answer.
    fn welcome(&self, answer: &str, first: &TcpStream) -> Option<(u64, Vec<SocketAddr>)> {
        let of_rank_0 = first.peer_addr().ok()?.ip();
        let mut lines = answer.lines();
        let group = lines.next()?.parse().ok()?;
        let address = |line: &str| {
            let (ip, port) = line.split_once(' ')?;
            let ip = if ip == "-" { of_rank_0 } else { ip.parse().ok()? };
            Some(SocketAddr::new(ip, port.parse().ok()?))
        };
        let addresses = lines.map(address).collect::<Option<Vec<_>>>()?;
        (addresses.len() + 1 == self.size).then_some((group, addresses))
    }
}

/// The next process that connects; none if `until` is past.
fn accept(listener: &TcpListener, until: Instant) -> io::Result<Option<(TcpStream, SocketAddr)>> {
    loop {
        match listener.accept() {
            Ok((stream, from)) => {
                // Some systems let it inherit the listener's.
                stream.set_nonblocking(false)?;
                return Ok(Some((stream, from)));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if Instant::now() >= until {
                    return Ok(None);
                }
                thread::sleep(PAUSE);
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Tries each address once. What is then read waits until `until`.
fn connect(to: impl ToSocketAddrs, until: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::other("it has no address");
    for address in to.to_socket_addrs()? {
        let left = until.saturating_duration_since(Instant::now()).max(PAUSE);
        match TcpStream::connect_timeout(&address, left.min(TRY)) {
            // A port that nobody listens on may be given to this end, and then connects to itself.
            Ok(stream) if stream.local_addr()? == stream.peer_addr()? => last = io::ErrorKind::ConnectionRefused.into(),
            Ok(stream) => {
                stream.set_read_timeout(Some(left))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Whether the process at the other end, which says nothing yet, has closed the connection.
fn is_closed(stream: &TcpStream) -> bool {
    let _ = stream.set_nonblocking(true);
    let peeked = stream.peek(&mut [0]);
    let _ = stream.set_nonblocking(false);
    !peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}
