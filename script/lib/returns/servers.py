"""The servers. Each takes mail for everybody at one port, as a relay does, and at another as the MX of its own domain."""

import os
import pathlib
import socket
import subprocess
import time

from .view import USERS


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """What all have in common."""

    # Whether it finds out only afterwards that it has no such mailbox, when it was told so little.
    accepts_strangers = True
    # Whether its mailboxes can be full.
    has_quota = True
    # Whether it refuses mail for what it says.
    refuses_content = True
    # What it says when it gives up.
    gives_up = "Action: failed"

    def __init__(self, folder):
        self.folder = folder / self.name
        self.folder.mkdir()
        self.mail = folder / "mail"
        self.port, self.mx = free_port(), free_port()

    def start(self, sink, everybody):
        """Configures it and waits until it answers."""
        routes = {f"{other.name}.example": other.mx for other in everybody if other is not self}
        routes |= {"example.com": sink.port, "neighbour.example": sink.port}
        command = self.configure(routes)
        out = (self.folder / "out").open("w")
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        for port in (self.port, self.mx):
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            else:
                raise SystemExit(f"{self.name} does not answer:\n{self.log()}")

    def hurry(self):
        """Has it try again at once, where it cannot be configured to."""

    def log(self):
        return "".join(file.read_text(errors="replace") for file in self.logs() if file.exists())

    def logs(self):
        return [self.folder / "out"]


class Postfix(Server):
    """postconf(5)."""

    name = "postfix"

    def configure(self, routes):
        conf, queue, data = (self.folder / part for part in ("conf", "queue", "data"))
        for made in (conf, queue, data):
            made.mkdir()
        parts = "active bounce corrupt defer deferred flush hold incoming private saved trace".split()
        for made in (queue / part for part in parts):
            made.mkdir(mode=0o700)
            subprocess.run(["chown", "postfix", made], check=True)
        subprocess.run(["chown", "postfix", data], check=True)
        for part in ("public", "maildrop"):
            (queue / part).mkdir()
            subprocess.run(["chown", "postfix:postdrop", queue / part], check=True)
            (queue / part).chmod(0o730)
        (queue / "pid").mkdir()
        full = self.mail / "full"
        full.write_bytes(b"x" * 51_200)
        os.chown(full, USERS["mailbox"], USERS["mailbox"])
        transports = " ".join(f"{{ {domain} = smtp:[127.0.0.1]:{port} }}" for domain, port in routes.items())
        owner = USERS["mailbox"]
        (conf / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.net
mydestination =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = inline:{{ {transports} }}
virtual_mailbox_domains = postfix.example
virtual_mailbox_base = {self.mail}
virtual_mailbox_maps = inline:{{ {{ ada@postfix.example = ada/ }} {{ full@postfix.example = full }} }}
virtual_mailbox_limit = 51200
message_size_limit = 40960
virtual_uid_maps = static:{owner}
virtual_gid_maps = static:{owner}
header_checks = regexp:{{ {{ /^Subject: Casino/ REJECT }} }}
maillog_file = {queue}/log
maillog_file_prefixes = {self.folder}
smtp_tls_security_level = none
smtpd_tls_security_level = none
smtpd_peername_lookup = no
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
delay_warning_time = 2s
maximal_queue_lifetime = 8s
""")
        plain = "smtp relay:smtp error retry:error discard"
        services = [tuple((service + ":" + service).split(":")[:2]) for service in plain.split()]
        (conf / "master.cf").write_text(
            f"127.0.0.1:{self.port} inet n - n - - smtpd -o smtpd_reject_unlisted_recipient=no"
            " -o receive_override_options=no_header_body_checks\n"
            f"127.0.0.1:{self.mx} inet n - n - - smtpd\n"
            "virtual unix - n n - - virtual\n"
            "cleanup unix n - n - 0 cleanup\nqmgr unix n - n 1 1 qmgr\nrewrite unix - - n - - trivial-rewrite\n"
            "proxymap unix - - n - - proxymap\nanvil unix - - n - 1 anvil\npostlog unix-dgram n - n - 1 postlogd\n"
            + "".join(f"{name} unix - - n - 0 bounce\n" for name in ("bounce", "defer", "trace"))
            + "".join(f"{name} unix - - n - - {program}\n" for name, program in services)
        )
        return ["/usr/lib/postfix/sbin/master", "-d", "-c", conf]

    def logs(self):
        return [self.folder / "queue/log", self.folder / "out"]


class Exim(Server):
    """The Exim specification."""

    name = "exim"

    def configure(self, routes):
        ways = " ; ".join(f"{domain} 127.0.0.1::{port}" for domain, port in routes.items())
        pathlib.Path("/etc/exim4/exim4.conf").write_text(f"""
primary_hostname = mx.example.net
exim_path = /usr/local/bin/exim4
local_interfaces = 127.0.0.1
daemon_smtp_ports = {self.port} : {self.mx}
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
keep_environment =
never_users = root
dsn_advertise_hosts = *
delay_warning = 2s
acl_smtp_rcpt = recipient
acl_smtp_data = content
begin acl
recipient:
  accept condition = ${{if eq{{$received_port}}{{{self.port}}}}}
  require verify = recipient
  accept
content:
  deny condition = ${{if eq{{$received_port}}{{{self.mx}}}}}
       condition = ${{if match{{$h_subject:}}{{Casino}}}}
  accept
begin routers
known:
  driver = manualroute
  route_list = {ways}
  self = send
  transport = smtp
here:
  driver = accept
  domains = exim.example
  local_parts = ada : full
  transport = ${{if eq{{$local_part}}{{full}}{{full}}{{keep}}}}
elsewhere:
  driver = dnslookup
  domains = ! exim.example
  transport = smtp
begin transports
smtp:
  driver = smtp
  allow_localhost
  hosts_try_fastopen =
keep:
  driver = appendfile
  directory = {self.mail}/ada
  maildir_format
  user = mailbox
  group = mailbox
full:
  driver = appendfile
  directory = {self.mail}/full-exim
  maildir_format
  quota = 1
  user = mailbox
  group = mailbox
begin retry
* quota
* * F,8s,1s
""")
        return ["/usr/local/bin/exim4", "-bdf", "-q1s"]

    def logs(self):
        return [pathlib.Path("/var/log/exim4", name) for name in ("mainlog", "paniclog")] + [self.folder / "out"]


class OpenSmtpd(Server):
    """smtpd.conf(5)."""

    name = "opensmtpd"
    accepts_strangers = False
    has_quota = False
    refuses_content = False
    # It calls that delayed as well.
    gives_up = "Status: 4.4.7"

    def configure(self, routes):
        actions = "".join(f'action "{domain}" relay host smtp://127.0.0.1:{port}\n' for domain, port in routes.items())
        matches = "".join(f'match from any for domain "{domain}" action "{domain}"\n' for domain in routes)
        pathlib.Path("/etc/smtpd.conf").write_text(
            'table people { "ada@opensmtpd.example" = "mailbox" }\n'
            "queue ttl 8s\nbounce warn-interval 2s\n"
            f"listen on 127.0.0.1 port {self.port} hostname mx.example.net\n"
            f"listen on 127.0.0.1 port {self.mx} hostname mx.example.net\n"
            f'{actions}action "here" maildir "{self.mail}/ada" virtual <people>\naction "elsewhere" relay\n'
            f'{matches}match from any for domain "opensmtpd.example" action "here"\n'
            'match from any for any action "elsewhere"\n'
        )
        return ["/usr/local/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"]

    def hurry(self):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["/usr/local/sbin/smtpctl", "schedule", "all"], check=False, **quiet)
