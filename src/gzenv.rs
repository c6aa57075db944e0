//! direnv's form for values in one word: base64url, padded, of zlib of JSON.
//!
//! Values in, text out, and back. What is unpacked is not trusted: its size is bounded, and a text of another form gives
//! nothing. Pure. JSON cannot hold bytes that are not UTF-8, which whoever reads an environment back has to allow for.

use std::io::{Read as _, Write as _};

use base64ct::{Base64Url, Encoding};
use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::env::Bytes;

/// The most that a text unpacks to.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Returns a value in direnv's form.
pub fn pack(value: &impl Serialize) -> Bytes {
    // Into memory: nothing of it can fail to be written.
    let json = serde_json::to_vec(value).unwrap_or_default();
    let mut packed = ZlibEncoder::new(Bytes::new(), Compression::default());
    let packed = packed.write_all(&json).and_then(|()| packed.finish()).unwrap_or_default();
    Base64Url::encode_string(&packed).into_bytes()
}

/// Returns what a text in direnv's form holds, where that is what is asked for.
pub fn unpack<T: DeserializeOwned>(text: &[u8]) -> Option<T> {
    let packed = Base64Url::decode_vec(std::str::from_utf8(text).ok()?).ok()?;
    let mut json = Bytes::new();
    let unpacked =
        ZlibDecoder::new(packed.as_slice()).take(LIMIT + 1).read_to_end(&mut json).ok()?;
    // What is larger is refused, and not what is left of it read.
    if unpacked as u64 > LIMIT {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_to_more_than_the_limit_is_refused_whole() {
        let padded = |size: u64| {
            let mut packed = ZlibEncoder::new(Bytes::new(), Compression::fast());
            let json = format!("{{}}{}", " ".repeat(usize::try_from(size).unwrap() - 2));
            packed.write_all(json.as_bytes()).unwrap();
            Base64Url::encode_string(&packed.finish().unwrap())
        };
        let read = |size| unpack::<serde_json::Value>(padded(size).as_bytes());
        assert_eq!(read(LIMIT), Some(serde_json::json!({})));
        assert_eq!(read(LIMIT + 1), None);
    }
}
