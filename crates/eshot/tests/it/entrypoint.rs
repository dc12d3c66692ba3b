//! The container's entrypoint, run without a container.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ENTRYPOINT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docker/entrypoint.sh");

/// Starts the entrypoint as the image does, with the secrets in a folder.
fn start(folder: &Path, http: SocketAddr) -> Child {
    let program = Path::new(env!("CARGO_BIN_EXE_eshot")).parent().unwrap();
    Command::new("sh")
        .args([ENTRYPOINT, "serve"])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
        .env("ESHOT_KEYS__MASTER_FILE", folder.join("master_key"))
        .env("ESHOT_DATABASE__URL_FILE", folder.join("database_url"))
        .env("ESHOT_HTTP__LISTEN", http.to_string())
        .env("ESHOT_HTTP__BASE_URL", "https://news.example.com")
        .env("ESHOT_FEEDBACK__LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        .stderr(fs::File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap()
}

/// What a path answers, as soon as anybody answers.
fn get(http: SocketAddr, path: &str) -> String {
    let begun = Instant::now();
    loop {
        if let Ok(mut stream) = TcpStream::connect(http) {
            write!(stream, "GET {path} HTTP/1.1\r\nHost: eshot\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody answers");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_container_makes_its_key_once_serves_and_ends_when_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("database_url"), "sqlite:eshot.db\n").unwrap();
    let http = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let key = folder.path().join("master_key");
    let mut keys = Vec::new();
    for _ in 0..2 {
        let mut container = start(folder.path(), http);
        let ready = get(http, "/readyz");
        assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
        let metrics = get(http, "/metrics");
        assert!(metrics.contains("eshot_http_requests_total"), "{metrics}");
        keys.push(fs::read_to_string(&key).unwrap());
        // The shell has become the program: the container's signal reaches it.
        let told = Command::new("kill").args(["-TERM", &container.id().to_string()]).status().unwrap();
        assert!(told.success());
        let ended = container.wait().unwrap();
        assert!(ended.success(), "{}", fs::read_to_string(folder.path().join("log")).unwrap());
    }
    assert_eq!(keys[0], keys[1], "a second start keeps the key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
}
