//! Fetches a repository's weights, and the `config.json` beside them, into the cache.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use ureq::http::{HeaderMap, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::choice;
use super::hub::Hub;
use super::repository::Repository;
use crate::weights::atomic::{TEMPORARY_PREFIX, write_atomically};

/// How long a server may take to be reached, and to answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Redirections that are followed: the hub's own, and one to the store of large files.
const REDIRECTIONS: usize = 5;

/// The longest list of a repository's files.
const MAX_LIST: u64 = 16 << 20;

type Result<T> = std::result::Result<T, String>;

/// What the hub says of a revision.
#[derive(Deserialize)]
struct Revision {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// Fetches what [`choice::among`] takes of a repository, and its `config.json`. What is there already stays.
pub(super) fn fetch(hub: &Hub, repository: &Repository) -> Result<PathBuf> {
    let client = Client { agent: agent(hub)?, hub };
    let Repository { owner, name, .. } = repository;
    let revision = repository.revision();
    let at = format!("{}/api/models/{owner}/{name}/revision/{}", hub.endpoint, revision.replace('/', "%2F"));
    let (mut answer, _) = client.get(&at)?;
    let list = answer.body_mut().with_config().limit(MAX_LIST).read_to_string();
    let list = list.map_err(|error| format!("`{at}` broke off: {error}"))?;
    let about: Revision =
        serde_json::from_str(&list).map_err(|error| format!("`{at}` answers what is no list of files: {error}"))?;
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex(&about.sha) {
        return Err(format!("`{at}` answers what is no commit, `{}`", about.sha));
    }
    // Files in folders are none that are looked for.
    let names: Vec<String> = about
        .siblings
        .into_iter()
        .map(|sibling| sibling.rfilename)
        .filter(|name| !name.contains(['/', '\\']))
        .collect();
    let weights = choice::among(&names)?
        .ok_or_else(|| format!("`{at}` lists {} files, and {}", names.len(), choice::LOOKED_FOR))?
        .to_owned();
    let folder = hub.folder_of(repository);
    let snapshot = folder.join("snapshots").join(&about.sha);
    for name in ["config.json", &weights].into_iter().filter(|wanted| names.iter().any(|name| name == wanted)) {
        let from = format!("{}/{owner}/{}/resolve/{}/{name}", hub.endpoint, repository.name, about.sha);
        client.download(&from, &folder, &snapshot.join(name))?;
    }
    if revision != about.sha {
        let reference = folder.join("refs").join(revision);
        make_parent(&reference)?;
        write_atomically(&reference, |file| file.write_all(about.sha.as_bytes())).map_err(unwritable(&reference))?;
    }
    Ok(snapshot.join(weights))
}

/// A client that trusts the system's certificates.
fn agent(hub: &Hub) -> Result<Agent> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() && hub.endpoint.starts_with("https:") {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        return Err(format!(
            "the system has no certificates to know the hub by{why}: set SSL_CERT_FILE to a file of them"
        ));
    }
    let roots: Vec<_> = found.certs.iter().map(|der| Certificate::from_der(der.as_ref()).to_owned()).collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .user_agent(concat!("effnet/", env!("CARGO_PKG_VERSION")))
        // The hub says what a file is before it redirects to the store.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_connect(Some(TIMEOUT))
        .timeout_recv_response(Some(TIMEOUT))
        .timeout_per_read(Some(TIMEOUT))
        .build();
    Ok(config.into())
}

struct Client<'a> {
    agent: Agent,
    hub: &'a Hub,
}

/// What the hub says of a file.
#[derive(Default)]
struct About {
    etag: Option<String>,
    size: Option<u64>,
}

impl About {
    /// Takes what is not known yet. The hub speaks before its store does.
    fn learn(&mut self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let etag = text("x-linked-etag").or_else(|| text("etag"));
        let etag = etag.map(|etag| etag.trim_start_matches("W/").trim_matches('"').to_owned());
        self.etag = self.etag.take().or(etag);
        self.size = self.size.or_else(|| text("x-linked-size")?.parse().ok());
    }
}

impl Client<'_> {
    /// An answer, behind redirections, and what was said on the way.
    fn get(&self, url: &str) -> Result<(Response<Body>, About)> {
        let mut url = url.to_owned();
        let mut about = About::default();
        for _ in 0..=REDIRECTIONS {
            let mut request = self.agent.get(&url);
            let is_hubs = origin(&url) == origin(&self.hub.endpoint);
            if let Some(token) = self.hub.token.as_ref().filter(|_| is_hubs) {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            let answer = request.call().map_err(|error| format!("`{url}` cannot be reached: {error}"))?;
            about.learn(answer.headers());
            let status = answer.status().as_u16();
            match status {
                200..=299 => return Ok((answer, about)),
                301 | 302 | 303 | 307 | 308 => {}
                401 | 403 if self.hub.token.is_none() => {
                    return Err(format!("`{url}` answers {status}: it does not exist, or needs a token in HF_TOKEN"));
                }
                401 | 403 => return Err(format!("`{url}` answers {status}: the token of HF_TOKEN may not read it")),
                404 => return Err(format!("`{url}` answers 404: there is no such repository, revision or file")),
                _ => return Err(format!("`{url}` answers {status}: try again later")),
            }
            let location = answer.headers().get("location").and_then(|location| location.to_str().ok());
            let location = location.ok_or_else(|| format!("`{url}` redirects nowhere"))?;
            let next =
                if location.starts_with('/') { format!("{}{location}", origin(&url)) } else { location.to_owned() };
            if url.starts_with("https:") && !next.starts_with("https:") {
                return Err(format!("`{url}` redirects to `{next}`, which is not encrypted"));
            }
            url = next;
        }
        Err(format!("`{url}` redirects again and again"))
    }

    /// Fetches a file to `snapshot`, by a blob of the repository's folder, unless it is there.
    fn download(&self, from: &str, folder: &Path, snapshot: &Path) -> Result<()> {
        if snapshot.exists() {
            return Ok(());
        }
        let (mut answer, about) = self.get(from)?;
        let size = about.size.or(answer.body().content_length());
        let megabytes = size.map_or_else(String::new, |size| format!(" ({:.1} MB)", size as f64 / 1e6));
        tracing::info!("fetching {from}{megabytes} into {}", folder.display());
        let blobs = folder.join("blobs");
        let unwritable_blobs = unwritable(&blobs);
        std::fs::create_dir_all(&blobs).map_err(&unwritable_blobs)?;
        let mut temporary =
            tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(&blobs).map_err(&unwritable_blobs)?;
        let (length, hash) = copy(&mut answer.body_mut().as_reader(), temporary.as_file_mut(), from, &blobs)?;
        if let Some(size) = size.filter(|size| *size != length) {
            return Err(format!("`{from}` broke off after {length} of {size} bytes: try again"));
        }
        // A large file's tag is its hash; that of a small one is git's.
        let blob = match about.etag {
            Some(etag) if etag.len() == hash.len() && etag != hash => {
                return Err(format!("`{from}` has the hash {hash}, and the hub says {etag}: try again"));
            }
            Some(etag) if !etag.is_empty() && etag.bytes().all(|byte| byte.is_ascii_alphanumeric()) => etag,
            _ => hash,
        };
        temporary.as_file().sync_all().map_err(&unwritable_blobs)?;
        let blob = blobs.join(blob);
        let file = temporary.persist(&blob).map_err(|error| unwritable_blobs(error.error))?;
        readable_by_others(&file).map_err(&unwritable_blobs)?;
        make_parent(snapshot)?;
        link(&blob, snapshot).map_err(unwritable(snapshot))
    }
}

/// Copies everything; says its length, and its hash in hexadecimal digits.
fn copy(from: &mut dyn Read, to: &mut File, url: &str, blobs: &Path) -> Result<(u64, String)> {
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(format!("`{url}` broke off after {length} bytes: {error}")),
        };
        hash.update(&buffer[..count]);
        to.write_all(&buffer[..count]).map_err(unwritable(blobs))?;
        length += count as u64;
    }
    Ok((length, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// Scheme and host of a URL.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    &url[..end]
}

fn make_parent(path: &Path) -> Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(parent).map_err(unwritable(parent))
}

fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("cannot write to the cache `{}`: {error}", path.display())
}

/// Temporary files are their owner's alone; the cache's are ordinary ones.
fn readable_by_others(file: &File) -> std::io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    let _ = file;
    Ok(())
}

/// Puts a blob into a snapshot: by a relative link, where the system has them for all users.
fn link(blob: &Path, snapshot: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let name = blob.file_name().unwrap_or_default();
        match std::os::unix::fs::symlink(Path::new("../../blobs").join(name), snapshot) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }
    #[cfg(not(unix))]
    std::fs::rename(blob, snapshot)
}
