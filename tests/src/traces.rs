use std::fs;
use std::path::Path;
use std::process::Command;

/// Where a text stands in bytes, in any of the ways that mail and databases write it: plain in any case, quoted-printable
/// with soft breaks, percent-encoded, base64 at any alignment and line width, hexadecimal as PostgreSQL dumps bytes.
///
/// Gives a word for each place found; none means that the bytes know nothing of it.
pub fn traces(haystack: &[u8], needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lower = haystack.to_ascii_lowercase();
    let unhexed = unhex(&lower);
    for (name, bytes) in [("plain", &lower), ("hexadecimal", &unhexed)] {
        let unfolded = without(bytes, &[b"=\r\n", b"=\n", b"\r\n ", b"\n "]);
        for (encoding, needle) in spellings(needle) {
            if contains(&unfolded, needle.as_bytes()) {
                found.push(format!("{name}, {encoding}"));
            }
        }
    }
    // base64 is case-sensitive and wrapped at will.
    let case = without(haystack, &[b"\r", b"\n", b"\\n", b"\\r"]);
    let unhexed = without(&unhex(haystack), &[b"\r", b"\n"]);
    for bytes in [case, unhexed] {
        for core in base64_cores(needle) {
            if contains(&bytes, core.as_bytes()) {
                found.push("base64".to_owned());
            }
        }
    }
    found.dedup();
    found
}

/// Everything that an SQLite database keeps in files: the database, its log, its index of the log.
pub fn sqlite_files(database: &Path) -> Vec<u8> {
    ["", "-wal", "-shm"]
        .iter()
        .filter_map(|ending| fs::read(format!("{}{ending}", database.display())).ok())
        .flatten()
        .collect()
}

/// What `pg_dump` writes for a database, or why it cannot.
pub fn postgres_dump(url: &str) -> Result<Vec<u8>, String> {
    let output = Command::new("pg_dump").arg(url).output().map_err(|error| format!("pg_dump: {error}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn spellings(needle: &str) -> [(&'static str, String); 3] {
    let needle = needle.to_ascii_lowercase();
    [
        ("as it is", needle.clone()),
        ("quoted-printable", needle.replace('@', "=40")),
        ("percent-encoded", needle.replace('@', "%40")),
    ]
}

/// The letters that base64 gives a text wherever it begins in a group of three, without those that its neighbours share.
fn base64_cores(needle: &str) -> Vec<String> {
    (0..3)
        .map(|shift| {
            let padded = [vec![0; shift], needle.as_bytes().to_vec()].concat();
            let encoded = data_encoding::BASE64_NOPAD.encode(&padded);
            let skip = [0, 2, 3][shift];
            let whole = padded.len() / 3 * 4;
            encoded[skip..whole].to_owned()
        })
        .collect()
}

/// Every run of hexadecimal behind `\x`, decoded.
fn unhex(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\\x") {
        rest = &rest[at + 2..];
        let run = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count() / 2 * 2;
        decoded.extend(data_encoding::HEXLOWER_PERMISSIVE.decode(&rest[..run]).unwrap_or_default());
        decoded.push(b'\n');
        rest = &rest[run..];
    }
    decoded
}

fn without(bytes: &[u8], cuts: &[&[u8]]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        match cuts.iter().find(|cut| rest.starts_with(cut)) {
            Some(cut) => rest = &rest[cut.len()..],
            None => {
                kept.push(*first);
                rest = tail;
            }
        }
    }
    kept
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_however_it_is_written() {
        let address = "quill.person@example.com";
        let base64 = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
        for hidden in [
            "To: Quill.Person@example.com".to_owned(),
            "href=3D\"mailto:quill.per=\r\nson=40example.com\"".to_owned(),
            "?to=quill.person%40example.com".to_owned(),
            base64(&format!("x{address}")),
            base64(&format!("xy{address}zzzz")).replace("3Bl", "3B\r\nl"),
            format!("\\x{}", data_encoding::HEXLOWER.encode(format!("<{address}>").as_bytes())),
            format!("\\x{}", data_encoding::HEXLOWER.encode(base64(&format!("ab{address}c")).as_bytes())),
        ] {
            assert!(!traces(hidden.as_bytes(), address).is_empty(), "{hidden}");
        }
        assert_eq!(traces(b"somebody.else@example.com", address), Vec::<String>::new());
    }
}
