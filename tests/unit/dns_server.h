/* SPDX-License-Identifier: MIT */
/*
 * A DNS server on the loopback that misbehaves as told: a stand-in, since real servers do not
 * lie, fall silent or forge on demand.  It speaks UDP and TCP on one port of 127.0.0.1, runs in
 * a thread of the test and keeps a record of every query.
 */
#ifndef DNS_SERVER_H
#define DNS_SERVER_H

#include <stddef.h>
#include <stdint.h>

enum {
	DNS_SILENT = 1,         /* no answer */
	DNS_LOSE_FIRST = 2,     /* no answer to the first query, one to the next */
	DNS_TRUNCATE = 4,       /* over UDP: no records and the flag; over TCP: all */
	DNS_RESET_TCP = 8,      /* TCP connections are closed and reset at once */
	DNS_TRUNCATE_TCP = 16,  /* the flag over TCP too, with all records */
	DNS_WRONG_ID = 32,      /* another id than asked with, nothing else */
	DNS_FORGE_FIRST = 64,   /* a record 6.6.6.6 under a wrong id, then the right answer */
	DNS_GARBAGE = 128,      /* id and question, then random bytes instead of records */
	DNS_FLOOD = 256,        /* garbage without end */
	DNS_EMPTY_PACKET = 512, /* a datagram of no bytes */
	DNS_REFERRAL = 1024,    /* neither authoritative nor recursive */
	DNS_FAIL_FIRST = 2048,  /* SERVFAIL to the first query */
	DNS_MISTAKE = 4096,     /* an answer to the question for another name */
	DNS_HOLD = 8192,        /* answers once there are no more queries for a moment */
};

struct dns_row {
	const char *name; /* asked for; one that is in no row does not exist (NXDOMAIN) */
	unsigned type;    /* ns_t_a, ns_t_aaaa; 0: any */
	unsigned rcode;
	unsigned flags;
	/* Lines "OWNER TYPE DATA" with the types A, AAAA, CNAME, MX (PREFERENCE:HOST), SRV
	 * (PRIORITY:WEIGHT:PORT:HOST) and TXT (strings with | between them); \DDD is a byte of a
	 * name or a string. */
	const char *records;
};

struct dns_server;

/* On PORT, 0: one that is free.  NULL: no socket, or no thread.  ROWS are borrowed until
 * dns_server_stop(). */
struct dns_server *dns_server_start(const struct dns_row *rows, size_t count, uint16_t port);
void dns_server_stop(struct dns_server *server);

uint16_t dns_server_port(const struct dns_server *server);

/* How many queries there were for NAME (NULL: for any), in all. */
size_t dns_server_queries(struct dns_server *server, const char *name);

/* The most queries that were held at once (DNS_HOLD). */
size_t dns_server_most_held(struct dns_server *server);

/* Writes a whole message that answers the question for TYPE of the row's name; returns its
 * length. */
size_t dns_message(const struct dns_row *row, unsigned type, uint8_t *out, size_t room);

#endif
