#!/bin/sh
# Writes Postfix's configuration from two variables and runs it in the foreground.
set -eu
: "${RELAY_HOSTNAME:?the name that this relay greets with, such as mail.example.com; its PTR record must lead back}"
: "${BOUNCE_DOMAIN:?the domain of return paths, such as bounce.example.com}"

touch /etc/postfix/main.cf
cat >/etc/postfix/main.cf <<END
compatibility_level = 3.6
maillog_file = /dev/stdout
myhostname = $RELAY_HOSTNAME
mydestination =
inet_interfaces = all
# Whoever reaches this container is eshot: its port is not published.
mynetworks = 127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_tls_security_level = may
smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt
# What this relay itself returns goes to eshot directly, not out and in again.
transport_maps = inline:{ { $BOUNCE_DOMAIN = smtp:[eshot]:2525 } }
# eshot knows how long a mail is worth trying.
maximal_queue_lifetime = 3d
END
exec postfix start-fg
