"""A view of the file system in which servers find what they look for, and change nothing of this machine's."""

import os
import pathlib
import shutil
import subprocess
import sys

# Who the servers run as, and who owns mail that was delivered.
USERS = {"opensmtpd": 64101, "opensmtpq": 64102, "Debian-exim": 64103, "mailbox": 64104}

ROOT = pathlib.Path(__file__).resolve().parents[3]
UNPACKED = pathlib.Path(os.environ.get("ESHOT_TEST_MAIL_SERVERS", ROOT / "target/mail-servers"))

# Where servers look for programs of their own.
PLACES = {
    UNPACKED / "opensmtpd/usr/sbin": "/usr/local/sbin",
    UNPACKED / "opensmtpd/usr/libexec": "/usr/libexec",
    UNPACKED / "exim4-daemon-light/usr/sbin": "/usr/local/bin",
}


def reenter(script, arguments):
    """Runs the script once more, as the first process of namespaces of its own: what it started ends with it."""
    if os.getuid() != 0:
        sys.exit("only root can give servers a view of their own")
    for place in PLACES:
        if not place.exists():
            sys.exit(f"{place} is not there: script/test unpacks it, or ESHOT_TEST_MAIL_SERVERS says where it is")
    os.environ["ESHOT_RETURNS_VIEW"] = "own"
    own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
    os.execvp(own[0], [*own, sys.executable, script, *arguments])


def enter(folder):
    """Puts an /etc, a /var and a /run over this machine's."""
    for name in ("etc/exim4", "var/spool/exim4", "var/log/exim4", "var/lib/opensmtpd/empty", "run", "mail"):
        (folder / name).mkdir(parents=True)
    (folder / "var/run").symlink_to("/run")
    etc = folder / "etc"
    for name in ("ld.so.cache", "nsswitch.conf", "services", "protocols", "localtime", "passwd", "group"):
        if pathlib.Path("/etc", name).exists():
            shutil.copy(f"/etc/{name}", etc / name)
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    (etc / "resolv.conf").write_text("nameserver 127.53.0.1\noptions timeout:1 attempts:1\n")
    (etc / "mailname").write_text("mx.example.net\n")
    with (etc / "passwd").open("a") as passwd, (etc / "group").open("a") as group:
        for name, number in USERS.items():
            passwd.write(f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n")
            group.write(f"{name}:x:{number}:\n")
    for name in ("var/spool/exim4", "var/log/exim4"):
        os.chown(folder / name, USERS["Debian-exim"], USERS["Debian-exim"])
    os.chown(folder / "mail", USERS["mailbox"], USERS["mailbox"])
    mounts = PLACES | {folder / name: f"/{name}" for name in ("etc", "var", "run")}
    for source, target in mounts.items():
        subprocess.run(["mount", "--bind", source, target], check=True)
