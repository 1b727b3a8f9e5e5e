/* SPDX-License-Identifier: MIT */
/*
 * Readers of the configuration of forwarding modules: from a line of a stack to the servers that
 * would get the password, and to the name that they would get with it.
 *
 * L1  What a reader cannot read, understand or bound makes its module unknown, never absent: a
 *     server that is missed is a password that goes there.
 * L2  All servers that the module might ask are targets; it may go from one to the next.
 * L3  A server found by DNS (SRV) is judged by the domain that is asked for.
 * L4  A reader opens what the module itself (in one of its builds) would open and nothing else; no
 *     sockets, no DNS, no environment, no other users' files.
 */
#ifndef PAM_READER_H
#define PAM_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "files.h"
#include "stack.h"

#define AFENCE_PAM_FOUND_MAX 64
#define AFENCE_PAM_HOST_MAX  256
#define AFENCE_PAM_WHY_MAX   256

/* A server that a line of the stack would send the password to. */
struct af_pam_found {
	const struct af_pam_entry *entry;
	char host
		[AFENCE_PAM_HOST_MAX]; /* name, literal; "localhost" for a local socket; "" unknown */
	uint16_t port;                 /* 0: not said */
	/* What is put behind a name that carries no domain, or "" if nothing is. */
	char domain[AFENCE_PAM_HOST_MAX];
};

struct af_pam_discovery {
	struct af_pam_found found[AFENCE_PAM_FOUND_MAX];
	size_t count;
	/* A forwarding or opaque module of which a server could not be told; why, for the log:
	 * module, file and what was expected; no bytes of the file. */
	bool unknown;
	char why[AFENCE_PAM_WHY_MAX];
	const struct af_pam_entry *at; /* the line of that module; NULL: the stack itself */
	/* A forwarding module that stands before the guard, or NULL. */
	const struct af_pam_entry *before;
	/* Domains that unknown servers would see behind a bare name are in `found` with host "". */
};

struct af_pam_question {
	const struct af_pam_files *files;
	const struct af_pam_entry *entry; /* the line of the module */
	const char *user;                 /* PAM_USER */
	/* For a module that hands on to another service of PAM (sssd's proxy). */
	const char *confdir;
	unsigned depth;
};

/* Adds what the line sends where to *out. */
typedef void af_pam_reader(const struct af_pam_question *question, struct af_pam_discovery *out);

af_pam_reader af_pam_read_radius;  /* pam_radius_auth(8): conf=, /etc/pam_radius_auth.conf */
af_pam_reader af_pam_read_nslcd;   /* pam_ldap of nss-pam-ldapd, nslcd.conf(5); pam_ldap.conf(5) */
af_pam_reader af_pam_read_krb5;    /* pam_krb5(5), krb5.conf(5) */
af_pam_reader af_pam_read_sss;     /* pam_sss(8), sssd.conf(5) */
af_pam_reader af_pam_read_winbind; /* pam_winbind(8), smb.conf(5) */
af_pam_reader af_pam_read_tacplus; /* pam_tacplus: server= */
af_pam_reader af_pam_read_imap;    /* pam_imap: conf=, pam_imap.conf */

/* The "@" behind which a realm or domain stands in USER, or NULL: one behind a backslash is part of
 * the name before it (RFC 1964 s2.1.1). */
const char *af_pam_find_at(const char *user);

/* For the readers. */

/* Takes what TEXT, the configuration at PATH, says. */
typedef void af_pam_config(const struct af_pam_question *question, const char *path,
	const struct af_pam_text *text, struct af_pam_discovery *out);

/* Has READ take the file at PATH.  What cannot be read makes the module unknown; a file that is
 * not there too unless MAY_MISS is set.  False: there is none. */
bool af_pam_read_config(const struct af_pam_question *question, const char *path, bool may_miss,
	af_pam_config *read, struct af_pam_discovery *out);

/* All of PATHS (up to a NULL) that are there: which of them was compiled into the module, nobody
 * can tell (L2).  None makes the module unknown. */
void af_pam_read_configs(const struct af_pam_question *question, const char *const *paths,
	af_pam_config *read, struct af_pam_discovery *out);

/* Takes the next run of bytes from *pos to END that are none of DELIMITERS; false: none is left. */
bool af_pam_next_word(
	const char **pos, const char *end, const char *delimiters, const char **word, size_t *len);

/* The bytes are WORD (lower case), or begin with it, in any case of ASCII letters. */
bool af_pam_is_word(const char *text, size_t len, const char *word);
bool af_pam_begins(const char *text, size_t len, const char *word);

/* Adds a server; host (LEN bytes, any) and PORT as text or number are checked: what is no name and no
 * literal makes the module unknown.  DOMAIN may be NULL; it is kept even then. */
void af_pam_add_host(const struct af_pam_question *question, const char *host, size_t len,
	uint16_t port, const char *domain, struct af_pam_discovery *out);

/* "host", "host:port", "[v6]:port"; a bare IPv6 literal has no port. */
void af_pam_add_hostport(const struct af_pam_question *question, const char *text, size_t len,
	const char *domain, struct af_pam_discovery *out);

/* "scheme://host[:port][/...]"; ldapi: and file: are local sockets. */
void af_pam_add_uri(const struct af_pam_question *question, const char *text, size_t len,
	const char *domain, struct af_pam_discovery *out);

/* The servers of DOMAIN as DNS has them (L3). */
void af_pam_add_srv(const struct af_pam_question *question, const char *name, size_t len,
	const char *domain, struct af_pam_discovery *out);

/* The module can not be followed: FILE (or NULL) and what was wrong. */
void af_pam_add_unknown(const struct af_pam_question *question, const char *file, const char *wrong,
	struct af_pam_discovery *out);

/* af_pam_add_unknown() in the words of a status of af_pam_files. */
void af_pam_add_unreadable(const struct af_pam_question *question, const char *file,
	enum af_status status, struct af_pam_discovery *out);

#endif
