# Verifies the DKIM signatures of messages with Mail::DKIM: `perl mail_dkim.pl RECORDS MESSAGE...`.
#
# RECORDS is a file with a DNS name and a TXT record on each line. Prints a line for each message, with `ALGORITHM pass` or
# `ALGORITHM fail` for each of its signatures, sorted. Debian 12's version does not know Ed25519; such ones are left out.
use strict;
use warnings;
use Mail::DKIM::Verifier;
use Mail::DKIM::PublicKey;

my %records;
my ($list, @messages) = @ARGV;
open my $file, '<', $list or die "$list: $!";
while (<$file>) {
    chomp;
    my ($name, $record) = split / /, $_, 2;
    $records{$name} = $record;
}

no warnings 'redefine';
*Mail::DKIM::PublicKey::fetch_async = sub {
    my ($class, %wanted) = @_;
    my $record = $records{"$wanted{Selector}._domainkey.$wanted{Domain}"};
    my $key = defined $record ? $class->parse($record) : undef;
    if ($key) {
        $key->{Selector} = $wanted{Selector};
        $key->{Domain}   = $wanted{Domain};
        $key->check;
    }
    my $success = $wanted{Callbacks}{Success};
    $key = $success->($key) if $success;
    return sub { $key };
};

for my $message (@messages) {
    my $verifier = Mail::DKIM::Verifier->new;
    open my $raw, '<:raw', $message or die "$message: $!";
    $verifier->PRINT($_) while <$raw>;
    $verifier->CLOSE;
    my @known = grep { $_->algorithm !~ /ed25519/ } $verifier->signatures;
    print join(', ', sort map { $_->algorithm . ' ' . ($_->result eq 'pass' ? 'pass' : 'fail') } @known), "\n";
}
