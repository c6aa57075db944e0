#![expect(clippy::disallowed_methods, reason = "writing what was downloaded is this file's work")]
//! Fetches files from a mirror, over https or from a directory, into files of our own.
//!
//! https only, through the proxy of the environment where there is one, TLS verified against the public roots or the organisation's CA file alone, at most three redirects and
//! those to a mirror's own host only (go.dev hands over to dl.google.com). Sizes are bounded, a stalled connection ends,
//! an interrupted one is resumed where it stopped. What comes is worth nothing until its digest was compared.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::header::{CONTENT_RANGE, LOCATION, RANGE};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy, ProxyProtocol, http::Response};

use super::mirror::{Mirror, host_of};

/// The most that an archive may weigh; a release has 80 MB.
pub const ARCHIVE_LIMIT: u64 = 512 * 1024 * 1024;

/// The most of a mirror's list that is read; the full one of go.dev has 6 MB.
pub const LIST_LIMIT: u64 = 64 * 1024 * 1024;

/// How long a connection may say nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often an interrupted download is taken up again.
const ATTEMPTS: usize = 5;

const REDIRECTS: usize = 3;

/// Why a file was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The mirror does not answer.
    #[error("cannot reach {address}: {why}")]
    Unreachable {
        /// The address.
        address: String,
        /// What the network said.
        why: String,
    },
    /// The mirror answers with an error.
    #[error("{address} answers with status {status}")]
    Status {
        /// The address.
        address: String,
        /// The status.
        status: u16,
    },
    /// The mirror sends us to another host.
    #[error("{address} redirects to {to}, which is no configured mirror")]
    Elsewhere {
        /// The address.
        address: String,
        /// Where to.
        to: String,
    },
    /// The file is larger than any release.
    #[error("{address} is larger than {limit} bytes")]
    TooLarge {
        /// The address.
        address: String,
        /// The limit.
        limit: u64,
    },
    /// The CA file is not one.
    #[error("cannot use the CA file {}: {why}", path.display())]
    Authority {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The proxy is of a kind that is not spoken here; to go without it is not what was asked for.
    #[error(
        "the proxy that ALL_PROXY, HTTPS_PROXY or HTTP_PROXY names speaks SOCKS: expected one as http://HOST:PORT"
    )]
    Socks,
    /// A file of ours, or of a mirror's directory, failed.
    #[error("cannot {what} {}: {}", path.display(), crate::files::said(source))]
    File {
        /// The verb.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DownloadError {
    /// Returns whether another mirror may do better; a full disk or a bad CA file is the same for all of them.
    pub fn is_the_mirrors(&self) -> bool {
        !matches!(self, Self::Authority { .. } | Self::Socks | Self::File { what: "write", .. })
    }
}

/// Fetches from mirrors.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    /// The hosts that may answer.
    hosts: Vec<String>,
}

impl Client {
    /// Returns a client for these mirrors, which trusts the CA file alone where there is one.
    pub fn new(mirrors: &[Mirror], ca: Option<&Path>) -> Result<Self, DownloadError> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = ca {
            tls = tls.root_certs(authority(path)?);
        }
        let config = Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            // Redirects are followed here, where the hosts are known.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(PATIENCE))
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .user_agent(concat!("goenv/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build();
        let mut hosts: Vec<_> =
            mirrors.iter().filter_map(|mirror| mirror.host().map(str::to_owned)).collect();
        if hosts.iter().any(|host| host == "go.dev") {
            hosts.push("dl.google.com".to_owned());
        }
        let proxy = Proxy::try_from_env().filter(|_| !hosts.is_empty()).map(|it| it.protocol());
        if !matches!(proxy, None | Some(ProxyProtocol::Http | ProxyProtocol::Https)) {
            return Err(DownloadError::Socks);
        }
        Ok(Self { agent: config.new_agent(), hosts })
    }

    /// Fetches a small file; `None` where the mirror has none.
    pub fn small(
        &self,
        mirror: &Mirror,
        name: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, DownloadError> {
        match mirror {
            Mirror::Directory(directory) => small_file(directory, name, limit),
            Mirror::Web(base) => {
                let address = format!("{base}/{name}");
                let Some(mut response) = self.get(&address, None)? else { return Ok(None) };
                let body = response.body_mut().with_config().limit(limit).read_to_vec();
                body.map(Some).map_err(|error| failed(&address, limit, &error))
            }
        }
    }

    /// Returns whether the mirror has a file of that name.
    pub fn has(&self, mirror: &Mirror, name: &str) -> Result<bool, DownloadError> {
        match mirror {
            Mirror::Directory(directory) => Ok(directory.join(name).is_file()),
            // The answer's head is enough: what follows it is not read.
            Mirror::Web(base) => Ok(self.get(&format!("{base}/{name}"), None)?.is_some()),
        }
    }

    /// Fetches an archive into `part`, after what is there already; `None` where the mirror has none.
    pub fn archive(
        &self,
        mirror: &Mirror,
        name: &str,
        part: &Path,
        report: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Option<()>, DownloadError> {
        match mirror {
            Mirror::Directory(directory) => copy(&directory.join(name), part, report),
            Mirror::Web(base) => {
                let address = format!("{base}/{name}");
                let mut attempt = 1;
                loop {
                    let before = length(part);
                    match self.stretch(&address, part, report) {
                        // Some of it came: whatever broke the connection, the rest may come too.
                        Err(DownloadError::Unreachable { .. })
                            if attempt < ATTEMPTS && length(part) > before =>
                        {
                            attempt += 1;
                        }
                        outcome => return outcome,
                    }
                }
            }
        }
    }

    /// Fetches what is missing of `part` in one go.
    fn stretch(
        &self,
        address: &str,
        part: &Path,
        report: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Option<()>, DownloadError> {
        let have = length(part);
        let from = (have > 0).then_some(have);
        let Some(response) = self.get(address, from)? else { return Ok(None) };
        if response.status().as_u16() == 416 {
            // It has no more than we have: the digest decides.
            return Ok(Some(()));
        }
        let resumed = from.is_some_and(|from| starts_at(&response, from));
        let mut done = if resumed { have } else { 0 };
        let total = response.body().content_length().map(|length| length.saturating_add(done));
        let too_large =
            || DownloadError::TooLarge { address: address.to_owned(), limit: ARCHIVE_LIMIT };
        if total.is_some_and(|total| total > ARCHIVE_LIMIT) {
            return Err(too_large());
        }
        let mut file = open_part(part, resumed)?;
        let (_, body) = response.into_parts();
        let mut body = body.into_with_config().limit(ARCHIVE_LIMIT).reader();
        let mut buffer = vec![0; 64 * 1024];
        report(done, total);
        loop {
            let count = body.read(&mut buffer).map_err(|error| DownloadError::Unreachable {
                address: address.to_owned(),
                why: error.to_string(),
            })?;
            let read = buffer.get(..count).unwrap_or_default();
            if read.is_empty() {
                break;
            }
            done += count as u64;
            if done > ARCHIVE_LIMIT {
                return Err(too_large());
            }
            file.write_all(read).map_err(about("write", part))?;
            report(done, total);
        }
        match total {
            Some(total) if done < total => Err(DownloadError::Unreachable {
                address: address.to_owned(),
                why: format!("it ended after {done} of {total} bytes"),
            }),
            _ => Ok(Some(())),
        }
    }

    /// Gets an address, from a byte on where one is given; `None` where there is nothing.
    fn get(
        &self,
        address: &str,
        from: Option<u64>,
    ) -> Result<Option<Response<Body>>, DownloadError> {
        let mut at = address.to_owned();
        for _ in 0..=REDIRECTS {
            let mut request = self.agent.get(&at);
            if let Some(from) = from {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let response = request.call().map_err(|error| failed(&at, ARCHIVE_LIMIT, &error))?;
            let status = response.status().as_u16();
            match status {
                200 | 206 => return Ok(Some(response)),
                416 if from.is_some() => return Ok(Some(response)),
                404 | 410 => return Ok(None),
                301 | 302 | 303 | 307 | 308 => at = self.redirected(&at, &response)?,
                _ => return Err(DownloadError::Status { address: at, status }),
            }
        }
        Err(DownloadError::Unreachable {
            address: address.to_owned(),
            why: format!("more than {REDIRECTS} redirects"),
        })
    }

    fn redirected(&self, at: &str, response: &Response<Body>) -> Result<String, DownloadError> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.unwrap_or_default();
        let to = match (location.strip_prefix('/'), host_of(at)) {
            (Some(path), Some(host)) if !path.starts_with('/') => format!("https://{host}/{path}"),
            _ => location.to_owned(),
        };
        match host_of(&to) {
            Some(host) if self.hosts.iter().any(|known| known == host) => Ok(to),
            // What follows the path is often a key to what lies there.
            _ => {
                let to = to.split(['?', '#']).next().unwrap_or_default().to_owned();
                Err(DownloadError::Elsewhere { address: at.to_owned(), to })
            }
        }
    }
}

/// Reads a small file of a mirror that is a directory; its list is its index.json alone.
fn small_file(directory: &Path, name: &str, limit: u64) -> Result<Option<Vec<u8>>, DownloadError> {
    if !directory.is_dir() {
        let why = "it is no directory".to_owned();
        return Err(DownloadError::Unreachable { address: directory.display().to_string(), why });
    }
    let path = directory.join(name);
    match fs::metadata(&path) {
        Ok(metadata) if !metadata.is_file() => Ok(None),
        Ok(metadata) if metadata.len() > limit => {
            Err(DownloadError::TooLarge { address: path.display().to_string(), limit })
        }
        Ok(_) => fs::read(&path).map(Some).map_err(about("read", &path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(about("read", &path)(error)),
    }
}

/// Returns whether the answer continues at the byte that was asked for.
fn starts_at(response: &Response<Body>, from: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    response.status().as_u16() == 206
        && range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}

fn failed(address: &str, limit: u64, error: &ureq::Error) -> DownloadError {
    let address = address.to_owned();
    match error {
        ureq::Error::BodyExceedsLimit(_) => DownloadError::TooLarge { address, limit },
        _ => DownloadError::Unreachable { address, why: error.to_string() },
    }
}

fn about<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> DownloadError + use<'a> {
    move |source| DownloadError::File { what, path: path.to_owned(), source }
}

/// Reads the certificates of an organisation's CA file, which is PEM.
fn authority(path: &Path) -> Result<RootCerts, DownloadError> {
    let refuse = |why: String| DownloadError::Authority { path: path.to_owned(), why };
    let bytes = fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let mut certificates: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(&bytes) {
        if let PemItem::Certificate(certificate) =
            item.map_err(|error| refuse(error.to_string()))?
        {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(refuse("it holds no certificate".to_owned()));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

fn length(part: &Path) -> u64 {
    fs::symlink_metadata(part).map_or(0, |metadata| metadata.len())
}

/// Opens the file that is downloaded to: to continue, or a new one in the place of whatever is there.
fn open_part(part: &Path, resumed: bool) -> Result<File, DownloadError> {
    let mut options = File::options();
    options.mode(0o600).custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
    if resumed {
        options.append(true);
    } else {
        let _ = fs::remove_file(part);
        options.write(true).create_new(true);
    }
    options.open(part).map_err(about("write", part))
}

/// Copies an archive from a directory; what is hashed and unpacked afterwards is our copy.
pub fn copy(
    archive: &Path,
    part: &Path,
    report: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Option<()>, DownloadError> {
    // Opened so that a FIFO does not make whoever waits for the store wait for ever.
    let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
    let mut from = match File::options().read(true).custom_flags(flags).open(archive) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(about("read", archive)(error)),
    };
    let metadata = from.metadata().map_err(about("read", archive))?;
    if !metadata.is_file() {
        return Err(about("read", archive)(io::Error::other("it is not a regular file")));
    }
    if metadata.len() > ARCHIVE_LIMIT {
        let address = archive.display().to_string();
        return Err(DownloadError::TooLarge { address, limit: ARCHIVE_LIMIT });
    }
    let mut to = open_part(part, false)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut done = 0;
    loop {
        let count = from.read(&mut buffer).map_err(about("read", archive))?;
        let read = buffer.get(..count).unwrap_or_default();
        if read.is_empty() {
            return Ok(Some(()));
        }
        to.write_all(read).map_err(about("write", part))?;
        done += count as u64;
        report(done, Some(metadata.len()));
    }
}
