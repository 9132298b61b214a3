//! A connection to one other rank, which a thread reads and another writes.

use std::io::{self, BufWriter, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::super::transport::Arrived;

/// While a message comes that takes long, its receiver is told as often that its sender lives.
const TOLD: Duration = Duration::from_millis(500);

/// A connection to another rank. A message travels behind its length, 8 bytes in little endian.
#[derive(Debug)]
pub(super) struct Link {
    stream: TcpStream,
    /// What the writer takes from: a full socket must not stop who sends. None once nothing more is sent.
    queue: Option<Sender<Vec<u8>>>,
    threads: [JoinHandle<()>; 2],
}

impl Link {
    /// Begins to read and to write. What arrives goes to `arrived`; `runs` is dropped when both have ended.
    pub(super) fn start(
        peer: usize,
        stream: TcpStream,
        arrived: &Sender<Option<Arrived>>,
        runs: &Sender<()>,
    ) -> io::Result<Self> {
        let (queue, queued) = channel();
        let reading = (stream.try_clone()?, arrived.clone(), runs.clone());
        let reader = Builder::new().name(format!("from {peer}")).spawn(move || {
            let (stream, arrived, _runs) = reading;
            let reason = match read(peer, &stream, &arrived) {
                Ok(()) => "its connection has closed".to_owned(),
                Err(error) => format!("its connection has failed: {error}"),
            };
            let _ = arrived.send(Some(Arrived::Closed { from: peer, reason }));
            // Whoever sends nothing more reads nothing more than this end.
            let _ = stream.shutdown(Shutdown::Both);
        })?;
        let writing = (stream.try_clone()?, runs.clone());
        let writer = Builder::new().name(format!("to {peer}")).spawn(move || {
            let (stream, _runs) = writing;
            // What the connection's failure means is the reader's to tell.
            let _ = write(&stream, &queued);
            let _ = stream.shutdown(Shutdown::Write);
        })?;
        Ok(Self { stream, queue: Some(queue), threads: [reader, writer] })
    }

    pub(super) fn send(&self, message: Vec<u8>) {
        if let Some(queue) = &self.queue {
            // A writer that has ended has lost its connection, which the reader tells.
            let _ = queue.send(message);
        }
    }

    /// Lets the writer end once it has written what was sent.
    pub(super) fn finish(&mut self) {
        self.queue = None;
    }

    /// Ends both threads, whatever they wait for.
    pub(super) fn close(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

fn read(peer: usize, mut stream: &TcpStream, arrived: &Sender<Option<Arrived>>) -> io::Result<()> {
    loop {
        let mut len = [0; 8];
        match stream.read_exact(&mut len) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        }
        let len = usize::try_from(u64::from_le_bytes(len)).map_err(io::Error::other)?;
        let mut message = Vec::new();
        message.try_reserve_exact(len)?;
        message.resize(len, 0);
        let (mut at, mut told) = (0, Instant::now());
        while at < len {
            match stream.read(&mut message[at..]) {
                Ok(0) => return Ok(()),
                Ok(more) => at += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if told.elapsed() > TOLD {
                told = Instant::now();
                let _ = arrived.send(Some(Arrived::Part { from: peer }));
            }
        }
        if arrived.send(Some(Arrived::Message { from: peer, message })).is_err() {
            return Ok(());
        }
    }
}

fn write(stream: &TcpStream, queued: &Receiver<Vec<u8>>) -> io::Result<()> {
    // A small message leaves with its length in one packet, a large one as it lies.
    let mut stream = BufWriter::new(stream);
    for message in queued {
        stream.write_all(&(message.len() as u64).to_le_bytes())?;
        stream.write_all(&message)?;
        stream.flush()?;
    }
    Ok(())
}
