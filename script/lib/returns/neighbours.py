"""Who the servers talk to: somebody who hands them mail and waits for the return, a neighbour who refuses, and a DNS without names."""

import collections
import smtplib
import socket
import socketserver
import threading
import time
from email.message import EmailMessage

# What the neighbour says to RCPT, by the name before the @, in words of large providers.
REFUSALS = {
    "full": "552 5.2.2 The email account that you tried to reach is over quota. Please direct the recipient to clear space.",
    "later": "451 4.3.0 Mail server temporarily rejected message; try again later",
}

# A return is there after so many seconds, or never. OpenSMTPD leaves half a minute between connections to one host.
PATIENCE = 90


def answer_dns():
    """Answers every question that there is no such name, RFC 1035 §4.1.1."""
    questions = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    questions.bind(("127.53.0.1", 53))

    def answer():
        while True:
            asked, client = questions.recvfrom(4096)
            end = asked.index(b"\0", 12) + 5
            questions.sendto(asked[:2] + b"\x81\x83\0\x01\0\0\0\0\0\0" + asked[12:end], client)

    threading.Thread(target=answer, daemon=True).start()


class Sink:
    """An SMTP server (RFC 5321) that keeps what comes back, and refuses as the neighbour does. It offers no DSN."""

    def __init__(self):
        self.lock = threading.Lock()
        # By whom each was sent to: every mail has a return path of its own.
        self.returned = collections.defaultdict(list)
        socketserver.ThreadingTCPServer.daemon_threads = True
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), lambda *given: Session(self, *given))
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def keep(self, recipients, mail):
        with self.lock:
            for recipient in recipients:
                self.returned[recipient].append(mail)


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    def __init__(self, sink, *given):
        self.sink = sink
        super().__init__(*given)

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        recipients = []
        self.say("220 mx.neighbour.example ESMTP")
        for line in self.rfile:
            command = line.decode().strip()
            verb = command.upper()
            if verb.startswith("EHLO"):
                self.say("250-mx.neighbour.example\r\n250-8BITMIME\r\n250 SIZE 10000000")
            elif verb.startswith("RCPT"):
                address = command.split("<")[1].split(">")[0]
                refusal = REFUSALS.get(address.split("@")[0])
                if refusal is None:
                    recipients.append(address)
                self.say(refusal or "250 2.1.5 OK")
            elif verb == "DATA":
                self.say("354 Go ahead")
                mail = b""
                for line in iter(self.rfile.readline, b".\r\n"):
                    mail += line.removeprefix(b".") if line.startswith(b"..") else line
                self.sink.keep(recipients, mail)
                recipients = []
                self.say("250 2.0.0 OK")
            elif verb == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                self.say("250 2.0.0 OK")


def letter(to, subject):
    """A mail as a newsletter is."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Example News <news@example.com>", to, subject
    mail["Date"], mail["Message-ID"] = "Mon, 30 Nov 2026 09:00:00 +0000", "<autumn.1@example.com>"
    mail["List-Unsubscribe"] = "<https://news.example.com/u/1>"
    mail.set_content("Dear Ada,\n\nour autumn offers are here.\n")
    mail.add_alternative("<p>Dear Ada,</p><p>our autumn offers are here.</p>\n", subtype="html")
    mail.set_boundary("==letter==")
    return mail.as_bytes()


def return_of(server, sink, return_path, to, subject, line):
    """Hands a server a mail, and waits for the return that says so of it."""
    with smtplib.SMTP("127.0.0.1", server.port, local_hostname="news.example.com") as client:
        client.ehlo()
        options = ["NOTIFY=SUCCESS"] if line in ("Action: delivered", "Action: relayed") else []
        client.sendmail(return_path, [to], letter(to, subject), ["RET=HDRS", "ENVID=e-1"], options)
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        time.sleep(0.5)
        server.hurry()
        with sink.lock:
            # That it is late is told before that it was given up.
            for mail in sink.returned[return_path]:
                if line.lower().encode() in mail.lower():
                    return mail
    return None
