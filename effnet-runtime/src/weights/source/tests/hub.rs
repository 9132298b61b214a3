//! Fetching, from a server on this machine.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use super::*;

/// The weights' bytes.
const WEIGHTS: &[u8] = b"the weights, or so they say";

/// What the server gets wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// The hub says another hash than the file has.
    Hash,
    /// The store breaks off.
    Length,
    /// The repository needs a token.
    Private,
    /// Redirects to itself.
    Circle,
}

/// A hub, and its store on another port. Says each request's path and whether it had the token.
struct Server {
    endpoint: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(fault: Fault) -> Self {
        let [hub, store] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [endpoint, at] = [&hub, &store].map(|listener| format!("http://{}", listener.local_addr().unwrap()));
        let requests = Arc::new(Mutex::new(Vec::new()));
        for listener in [hub, store] {
            let (requests, at) = (requests.clone(), at.clone());
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    answer(stream.unwrap(), fault, &at, &requests);
                }
            });
        }
        Self { endpoint, requests }
    }
}

fn answer(mut stream: TcpStream, fault: Fault, store: &str, requests: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let has_token = headers.iter().any(|line| line.eq_ignore_ascii_case("authorization: Bearer secret"));
    requests.lock().unwrap().push(format!("{path}{}", if has_token { " with token" } else { "" }));
    let hash: String = Sha256::digest(WEIGHTS).iter().map(|byte| format!("{byte:02x}")).collect();
    let send = |stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]| {
        let length = body.len() + if fault == Fault::Length && path == "/store" { 5 } else { 0 };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).unwrap();
    };
    let list = format!(
        r#"{{"sha": "{COMMIT}", "siblings": [{{"rfilename": "README.md"}}, {{"rfilename": "config.json"}},
           {{"rfilename": "onnx/model.safetensors"}}, {{"rfilename": "net.safetensors"}}]}}"#
    );
    match path.as_str() {
        _ if fault == Fault::Private && !has_token => send(&mut stream, "401 Unauthorized", "", b""),
        _ if fault == Fault::Circle => send(&mut stream, "302 Found", &format!("Location: {path}\r\n"), b""),
        "/api/models/timm/tiny.in1k/revision/main" => send(&mut stream, "200 OK", "", list.as_bytes()),
        path if path.ends_with(&format!("/resolve/{COMMIT}/config.json")) => {
            send(&mut stream, "307 Temporary Redirect", "Location: /cached/config.json\r\n", b"");
        }
        "/cached/config.json" => send(&mut stream, "200 OK", "ETag: \"abc123\"\r\n", b"{}"),
        path if path.ends_with(&format!("/resolve/{COMMIT}/net.safetensors")) => {
            let hash = if fault == Fault::Hash { "0".repeat(64) } else { hash };
            let headers = format!(
                "X-Linked-Etag: \"{hash}\"\r\nX-Linked-Size: {}\r\nETag: \"other\"\r\nLocation: {store}/store\r\n",
                WEIGHTS.len()
            );
            send(&mut stream, "302 Found", &headers, b"");
        }
        "/store" => send(&mut stream, "200 OK", "ETag: \"the-stores\"\r\n", WEIGHTS),
        _ => send(&mut stream, "404 Not Found", "", b""),
    }
}

#[test]
fn a_repository_is_fetched_once_and_lies_as_python_would_lay_it() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(Fault::None);
    let variables = [
        ("HF_HUB_CACHE", cache.path()),
        ("HF_ENDPOINT", Path::new(&server.endpoint)),
        ("HF_TOKEN", Path::new("secret")),
    ];
    let found = find("hf:timm/tiny.in1k", &variables).unwrap();
    assert_eq!(fs::read(&found).unwrap(), WEIGHTS);
    let folder = cache.path().join("models--timm--tiny.in1k");
    assert_eq!(found, folder.join("snapshots").join(COMMIT).join("net.safetensors"));
    assert_eq!(fs::read_to_string(found.with_file_name("config.json")).unwrap(), "{}");
    assert_eq!(fs::read_to_string(folder.join("refs/main")).unwrap(), COMMIT);
    let mut blobs: Vec<_> = fs::read_dir(folder.join("blobs")).unwrap().map(|blob| blob.unwrap().file_name()).collect();
    blobs.sort();
    let hash: String = Sha256::digest(WEIGHTS).iter().map(|byte| format!("{byte:02x}")).collect();
    // Without links, a snapshot holds the files themselves.
    assert_eq!(blobs.len(), if cfg!(unix) { 2 } else { 0 });
    assert!(!cfg!(unix) || blobs.contains(&hash.into()) && blobs.contains(&"abc123".into()), "{blobs:?}");
    // The store is another's, and is told no secret.
    let requests = server.requests.lock().unwrap().clone();
    assert!(requests.iter().all(|path| path.ends_with(" with token") == (path != "/store")), "{requests:?}");

    let again = find("hf:timm/tiny.in1k", &variables).unwrap();
    assert_eq!((again, server.requests.lock().unwrap().len()), (found, requests.len()));
}

#[test]
fn what_fails_leaves_nothing_behind_and_says_why() {
    for (fault, says) in [
        (Fault::Hash, "and the hub says 0000"),
        (Fault::Length, "broke off"),
        (Fault::Private, "needs a token in HF_TOKEN"),
        (Fault::Circle, "redirects again and again"),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let server = Server::start(fault);
        let variables = [("HF_HUB_CACHE", cache.path()), ("HF_ENDPOINT", Path::new(&server.endpoint))];
        let error = find("hf:timm/tiny.in1k", &variables).unwrap_err();
        assert!(error.contains(says) && error.contains("there is no folder") && !error.contains('\n'), "{error}");
        let folder = cache.path().join("models--timm--tiny.in1k");
        assert!(!folder.join("refs").exists(), "{error}");
        let weights = folder.join("snapshots").join(COMMIT).join("net.safetensors");
        assert!(!weights.exists(), "{error}");
        if let Ok(blobs) = fs::read_dir(folder.join("blobs")) {
            assert!(blobs.count() <= 1, "{error}");
        }
    }
    let server = Server::start(Fault::None);
    let cache = tempfile::tempdir().unwrap();
    let variables = [("HF_HUB_CACHE", cache.path()), ("HF_ENDPOINT", Path::new(&server.endpoint))];
    let error = find("hf:timm/unknown", &variables).unwrap_err();
    assert!(error.contains("answers 404"), "{error}");
    let nobody = [("HF_HUB_CACHE", cache.path()), ("HF_ENDPOINT", Path::new("http://127.0.0.1:1"))];
    assert!(find("hf:timm/tiny.in1k", &nobody).unwrap_err().contains("cannot be reached"));
}
