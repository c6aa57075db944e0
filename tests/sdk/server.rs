//! A mirror on loopback: https with a certificate of an authority of its own, and answers that a test decides.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::real::succeed;

/// What a request asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) from: Option<usize>,
}

/// What the server answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// After how many bytes of the body the connection breaks.
    pub(crate) cut: Option<usize>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: &[u8]) -> Self {
        Self { status, headers: Vec::new(), body: body.to_vec(), cut: None }
    }

    /// Answers with a file, or the part of it that was asked for.
    pub(crate) fn file(asked: &Asked, body: &[u8]) -> Self {
        match asked.from {
            Some(from) if from >= body.len() => Self::new(416, b""),
            Some(from) => {
                let range = format!("bytes {from}-{}/{}", body.len() - 1, body.len());
                let headers = vec![("Content-Range", range)];
                Self { headers, ..Self::new(206, &body[from..]) }
            }
            None => Self::new(200, body),
        }
    }
}

pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) ca: PathBuf,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts a server that lives as long as the test program.
    pub(crate) fn start(
        directory: &Path,
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let (ca, certificate, key) = certificates(directory);
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(
                    vec![CertificateDer::from_pem_file(certificate).unwrap()],
                    PrivateKeyDer::from_pem_file(key).unwrap(),
                )
                .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("https://localhost:{}/go", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (config, log, answer) = (Arc::new(config), Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream.unwrap());
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                // A client that does not like our certificate is gone before it asks.
                std::thread::spawn(move || {
                    let Some(asked) = read(&mut stream) else { return };
                    log.lock().unwrap().push(asked.clone());
                    let _ = write(&mut stream, &answer(&asked));
                });
            }
        });
        Self { base, ca, asked }
    }

    /// Returns what was asked for so far, and forgets it.
    pub(crate) fn asked(&self) -> Vec<String> {
        let show = |asked: Asked| match asked.from {
            Some(from) => format!("{} from {from}", asked.path),
            None => asked.path,
        };
        std::mem::take(&mut *self.asked.lock().unwrap()).into_iter().map(show).collect()
    }
}

fn read(stream: &mut impl Read) -> Option<Asked> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let text = String::from_utf8(request).unwrap();
    let path = text.split(' ').nth(1).unwrap().to_owned();
    let range = text.to_lowercase();
    let from =
        range.split("range: bytes=").nth(1).and_then(|range| range.split('-').next()?.parse().ok());
    Some(Asked { path, from })
}

fn write(stream: &mut impl Write, answer: &Answer) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", answer.body.len());
    stream.write_all(head.as_bytes())?;
    let cut = answer.cut.unwrap_or(answer.body.len());
    stream.write_all(&answer.body[..cut])?;
    stream.flush()
}

/// Has openssl make an authority and a certificate for localhost.
fn certificates(directory: &Path) -> (PathBuf, PathBuf, PathBuf) {
    fs::create_dir_all(directory).unwrap();
    let path = |name: &str| directory.join(name);
    let openssl = |arguments: &[&str]| {
        succeed(Command::new("openssl").args(arguments).current_dir(directory));
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let mut authority = vec!["req", "-x509", "-days", "2", "-subj", "/CN=Test CA"];
    authority.extend(key);
    authority.extend(["-keyout", "ca.key", "-out", "ca.pem"]);
    openssl(&authority);
    let mut request = vec!["req", "-subj", "/CN=localhost"];
    request.extend(key);
    request.extend(["-keyout", "server.key", "-out", "server.csr"]);
    openssl(&request);
    fs::write(path("san"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl(&[
        "x509",
        "-req",
        "-days",
        "2",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-extfile",
        "san",
        "-out",
        "server.pem",
    ]);
    (path("ca.pem"), path("server.pem"), path("server.key"))
}
