//! Verifiers of DKIM signatures that share no code with us: dkimpy and Mail::DKIM.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::fmt::Display;
use std::path::Path;
use std::process::{Command, Stdio};

/// A verifier, and how to get it.
#[derive(Debug)]
pub struct Verifier {
    /// Where it may be, the first that has it is asked: the path's Python may be another than Debian's, whose packages it does not see.
    programs: &'static [&'static str],
    script: &'static str,
    probe: &'static [&'static str],
    install: &'static str,
    knows_ed25519: bool,
}

/// Both of them.
pub const VERIFIERS: [Verifier; 2] = [
    Verifier {
        programs: &["python3", "/usr/bin/python3"],
        script: "dkimpy.py",
        probe: &["-c", "import dkim, nacl"],
        install: "pip install dkimpy pynacl",
        knows_ed25519: true,
    },
    Verifier {
        programs: &["perl"],
        script: "mail_dkim.pl",
        probe: &["-MMail::DKIM", "-e", "1"],
        install: "apt-get install libmail-dkim-perl",
        knows_ed25519: false,
    },
];

impl Verifier {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.script
    }

    /// What it says of each message's signatures, in the messages' order; none where it is not installed. The records are the keys'
    /// DNS names and TXT values.
    pub fn verify(&self, messages: &[Vec<u8>], records: &[(impl Display, impl Display)]) -> Option<Vec<String>> {
        let program = self.installed()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify").join(self.script);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let list = folder.path().join("records");
        let lines: String = records.iter().map(|(name, value)| format!("{name} {value}\n")).collect();
        std::fs::write(&list, lines).expect("the records");
        let files = messages.iter().enumerate().map(|(number, message)| {
            let file = folder.path().join(number.to_string());
            std::fs::write(&file, message).expect("a message");
            file
        });
        let output = Command::new(program).arg(script).arg(&list).args(files).output().expect("a verifier that starts");
        assert!(output.status.success(), "{}: {}", self.script, String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    /// What it says of a message with a signature by each kind of key where all of them come to this result, `pass` or `fail`.
    pub fn expected(&self, result: &str) -> String {
        let algorithms: &[_] = if self.knows_ed25519 { &["ed25519-sha256", "rsa-sha256"] } else { &["rsa-sha256"] };
        algorithms.iter().map(|algorithm| format!("{algorithm} {result}")).collect::<Vec<_>>().join(", ")
    }

    /// The program that has it.
    fn installed(&self) -> Option<&'static str> {
        let found = self.programs.iter().copied().find(|program| {
            let probed = Command::new(program).args(self.probe).stderr(Stdio::null()).status();
            probed.is_ok_and(|status| status.success())
        });
        if found.is_none() {
            eprintln!("skipped: {} is missing ({})", self.script, self.install);
        }
        found
    }
}
