#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Logs in to an SMTP server with Net::SMTP and one of the implementations of Authen::SASL, Cyrus
# (libsasl2) or Perl (its own); a status that is not 0 if that fails.
#
# usage: smtp.pl IMPLEMENTATION HOST PORT MECHANISM USER SECRET [tls|starttls]
use strict;
use warnings;
use Authen::SASL;
use Net::SMTP;

my ($implementation, $host, $port, $mechanism, $user, $secret, $tls) = @ARGV;
$tls //= 'none';
Authen::SASL->import($implementation);
my $sasl = Authen::SASL->new(
	mechanism => $mechanism,
	callback  => { user => $user, authname => $user, pass => $secret },
);
my $smtp = Net::SMTP->new($host, Port => $port, Timeout => 20, SSL => $tls eq 'tls')
	or die "no connection: $@\n";
$smtp->starttls or die 'no TLS: ', $smtp->message if $tls eq 'starttls';
$smtp->auth($sasl) or die 'not logged in: ', $sasl->error // '', "\n";
$smtp->quit;
