use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

mod decode;

/// How many encodings may lie over each other: base64 in a JSON text in a column that a dump writes in hexadecimal.
const DEPTH: usize = 3;

/// Bytes as they are, and as every encoding that mail and databases use says them: made once, searched often.
#[derive(Debug)]
pub struct Layers(Vec<Layer>);

#[derive(Debug)]
struct Layer {
    /// The encodings that were taken off.
    name: String,
    /// What is under them, in small letters; what is no text is not of interest.
    text: String,
}

impl Layers {
    /// Takes off every encoding, alone and over each other.
    pub fn of(bytes: &[u8]) -> Self {
        let (mut layers, mut seen) = (Vec::new(), HashSet::new());
        let mut level = vec![("plain".to_owned(), bytes.to_vec())];
        for depth in 0..=DEPTH {
            let mut next = Vec::new();
            for (name, bytes) in level {
                if depth < DEPTH {
                    for (encoding, decode) in decode::ALL {
                        let decoded = decode(&bytes).filter(|decoded| seen.insert(decoded.clone()));
                        next.extend(decoded.map(|decoded| (format!("{name}, {encoding}"), decoded)));
                    }
                }
                layers.push(Layer { name, text: small(&bytes) });
            }
            level = next;
        }
        Self(layers)
    }

    /// Under which encodings a text is found, in any case of its letters. None: the bytes know nothing of it.
    pub fn traces(&self, needle: &str) -> Vec<&str> {
        let needle = needle.to_ascii_lowercase();
        self.0.iter().filter(|layer| layer.text.contains(&needle)).map(|layer| layer.name.as_str()).collect()
    }
}

/// Every file below a folder, one after the other: a database, its log, its index of the log, and whatever else lies there.
pub fn files(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            bytes.extend(files(&path));
        } else if path.is_file() {
            bytes.extend(fs::read(&path).expect("a file"));
        }
        bytes.push(b'\n');
    }
    bytes
}

/// What `pg_dump` writes for a database, or why it cannot.
pub fn postgres_dump(url: &str) -> Result<Vec<u8>, String> {
    let output = Command::new("pg_dump").arg(url).output().map_err(|error| format!("pg_dump: {error}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn small(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

    use super::*;

    const ADDRESS: &str = "quill.person@example.com";

    /// Every character as a decoder alone can read it.
    fn each(write: impl Fn(u8) -> String) -> String {
        ADDRESS.bytes().map(write).collect()
    }

    #[test]
    fn an_address_is_found_however_it_is_written() {
        let upper = ADDRESS.to_ascii_uppercase();
        let mut hidden = vec![
            format!("To: {upper}"),
            "To: quill.per\r\n son@example.com".to_owned(),
            "href=3D\"mailto:quill.per=\r\nson=40example.com\"".to_owned(),
            each(|byte| format!("={byte:02X}")),
            each(|byte| format!("={byte:02x}=\n")),
            "?to=quill.person%40example.com".to_owned(),
            each(|byte| format!("%{byte:02x}")),
            "{\"to\":\"quill.person\\u0040example.com\"}".to_owned(),
            each(|byte| format!("\\u{byte:04X}")),
            each(|byte| format!("\\\\u{byte:04x}")),
            format!("\\x{}", HEXLOWER.encode(format!("<{ADDRESS}>").as_bytes())),
            format!("blob=X'{}'", HEXUPPER.encode(format!("<{ADDRESS}>").as_bytes())),
            BASE64URL_NOPAD.encode(format!("???{ADDRESS}").as_bytes()),
        ];
        // Behind any number of letters, in capitals and small, wrapped anywhere, in JSON and as bytes of a dump.
        for before in 0..6 {
            for address in [ADDRESS, &upper] {
                let encoded = BASE64.encode(format!("{}{address}\r\n", "x".repeat(before)).as_bytes());
                for width in [4, 7, 76] {
                    let lines: Vec<&str> = (0..encoded.len())
                        .step_by(width)
                        .map(|at| &encoded[at..encoded.len().min(at + width)])
                        .collect();
                    hidden.push(lines.join("\r\n"));
                    hidden.push(format!("\"raw\":\"{}\"", lines.join("\\r\\n")));
                }
                hidden.push(format!("x{encoded}"));
                hidden.push(format!("\\x{}", HEXLOWER.encode(encoded.as_bytes())));
            }
        }
        for hidden in hidden {
            assert!(!Layers::of(hidden.as_bytes()).traces(ADDRESS).is_empty(), "{hidden}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let encoded = BASE64.encode(ADDRESS.as_bytes());
        // Other letters, although the same ones but for their case.
        let other = encoded.to_ascii_lowercase();
        assert_ne!(encoded, other);
        for text in ["somebody.else@example.com", &other, "quill.person at example.com", ""] {
            assert_eq!(Layers::of(text.as_bytes()).traces(ADDRESS), [""; 0], "{text}");
        }
    }
}
