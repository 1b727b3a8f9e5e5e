/* SPDX-License-Identifier: MIT */
/*
 * From the configuration of a forwarding module to its servers: as shipped, as people write it, as
 * the parsers of the modules take it when it is odd, and hostile.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader_rows.h"

#define ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

#define RADIUS      "pam_radius_auth.so"
#define RADIUS_CONF "/etc/pam_radius_auth.conf"
#define LDAP        "pam_ldap.so"
#define NSLCD       "/etc/nslcd.conf"
#define PADL        "/etc/pam_ldap.conf"
#define TACPLUS     "pam_tacplus.so"
#define IMAP        "pam_imap.so"
#define IMAP_CONF   "/etc/pam.d/pam_imap.conf"

#define TEN(text)      text text text text text text text text text text
#define HUNDRED(text)  TEN(TEN(text))
#define THOUSAND(text) TEN(HUNDRED(text))

#define UNTRUSTED "not trusted, must be a regular file of root that nobody else can write"

/* The lines of Debian's file that are no comments. */
#define RADIUS_SHIPPED                                                                                \
	"127.0.0.1                   secret             3\n"                                          \
	"other-server                other-secret       5            192.168.1.10         vrf-blue\n" \
	"[2001:0db8:85a3::4]:1812    other6-secret      3            [2001:0db8:85a3::3]  vrf-red\n"  \
	"other-other-server          other-other-secret 5            0                    vrf-blue\n"

static const struct reader_row radius_rows[] = {
	{"as shipped", RADIUS,
		{{.path = RADIUS_CONF,
			.text = "# server[:port] shared_secret timeout (s)\n" RADIUS_SHIPPED
				"#\n# having localhost is a Good Thing.\n"}},
		"127.0.0.1 other-server 2001:0db8:85a3::4:1812 other-other-server", NULL},
	{"typical", RADIUS " try_first_pass",
		{{.path = RADIUS_CONF,
			.text = "radius1.corp.net:1812 s3cr3t 3\nradius2.corp.net s3cr3t\n"}},
		"radius1.corp.net:1812 radius2.corp.net", NULL},
	{"a reserved name is a host", RADIUS, {{.path = RADIUS_CONF, .text = "example.com x\n"}},
		"example.com", NULL},
	{"conf=, the last one", RADIUS " conf=/a debug conf=/b",
		{{.path = RADIUS_CONF, .text = "no.net x\n"}, {.path = "/a", .text = "a.net x\n"},
			{.path = "/b", .text = "b.net x\n"}},
		"b.net", NULL},
	{"both builds", RADIUS,
		{{.path = RADIUS_CONF, .text = "new.net x\n"},
			{.path = "/etc/raddb/server", .text = "old.net x\n"}},
		"new.net old.net", NULL},
	{"old build", RADIUS, {{.path = "/etc/raddb/server", .text = "old.net x\n"}}, "old.net",
		NULL},
	{"blanks, CR, no newline", RADIUS,
		{{.path = RADIUS_CONF, .text = "\r\n \t a.net\tx\r\n  # b.net x\n\v\fc.net x"}},
		"a.net c.net", NULL},
	{"name of a port", RADIUS, {{.path = RADIUS_CONF, .text = "a.net:radius x\n"}}, "a.net",
		NULL},
	{"port too large", RADIUS, {{.path = RADIUS_CONF, .text = "a.net:65536 x\n"}}, "a.net",
		NULL},
	{"twice the same", RADIUS, {{.path = RADIUS_CONF, .text = "a.net x\na.net y\n"}}, "a.net",
		NULL},
	{"no secret: skipped by the module", RADIUS,
		{{.path = RADIUS_CONF, .text = "a.net\nb.net x\n"}}, "b.net", NULL},
	{"no server: nothing is sent", RADIUS, {{.path = RADIUS_CONF, .text = "#\n\n \n"}}, "",
		NULL},
	{"empty", RADIUS, {{.path = RADIUS_CONF}}, "", NULL},
	{"none", RADIUS, {{0}}, "?pam_radius_auth.so: /etc/pam_radius_auth.conf: no such file",
		NULL},
	{"conf= of nothing", RADIUS " conf=/none", {{.path = RADIUS_CONF, .text = "a.net x\n"}},
		"?pam_radius_auth.so: /none: no such file", NULL},
	{"conf= without /", RADIUS " conf=x", {{.path = "x", .text = "a.net x\n"}},
		"?pam_radius_auth.so: x: not a whole path, expected one from /", NULL},
	{"no host", RADIUS, {{.path = RADIUS_CONF, .text = "a.net x\nb!c x\n[::1 x\n"}},
		"a.net ?pam_radius_auth.so: a server that is neither name nor address", NULL},
	{"long line", RADIUS,
		{{.path = RADIUS_CONF,
			.text = "a.net x\n#" THOUSAND("#") TEN("##") "###\nb.net x\n"}},
		"a.net b.net ?pam_radius_auth.so: /etc/pam_radius_auth.conf: "
		"a line that is too long",
		NULL},
	{"link", RADIUS, {{.path = RADIUS_CONF, .text = "a.net x\n", .link = true}},
		"?pam_radius_auth.so: /etc/pam_radius_auth.conf: " UNTRUSTED, NULL},
	{"one of two cannot be read", RADIUS,
		{{.path = RADIUS_CONF, .status = AFENCE_ERR_SYSTEM},
			{.path = "/etc/raddb/server", .text = "old.net x\n"}},
		"old.net ?pam_radius_auth.so: /etc/pam_radius_auth.conf: cannot be read", NULL},
};

static const struct reader_row nslcd_rows[] = {
	{"as shipped", LDAP " minimum_uid=1000",
		{{.path = NSLCD,
			.text = "# nslcd configuration file.\n\nuid nslcd\ngid nslcd\n\n"
				"uri ldap://127.0.0.1/\n\nbase dc=example,dc=net\n\n"
				"#ldap_version 3\n#bindpw secret\n"
				"tls_cacertfile /etc/ssl/certs/ca-certificates.crt\n"}},
		"127.0.0.1", NULL},
	{"typical", LDAP,
		{{.path = NSLCD,
			.text = "uri ldap://ldap1.corp.net/ ldaps://ldap2.corp.net:1636/\n"
				"bindpw ldap://not.this.net/\nuri ldap://ldap3.corp.net\n"}},
		"ldap1.corp.net ldap2.corp.net:1636 ldap3.corp.net", NULL},
	{"any case, blanks, CR", LDAP,
		{{.path = NSLCD, .text = " URI\tLDAP://A.net/  LDAPI:///x\r\n # uri x\n\n"}},
		"A.net localhost", NULL},
	{"local socket", LDAP,
		{{.path = NSLCD, .text = "uri ldapi://%2fvar%2frun%2fslapd%2fldapi/\n"}},
		"localhost", NULL},
	{"SRV of a domain", LDAP,
		{{.path = NSLCD, .text = "uri DNS:corp.net dnsldaps:other.net\n"}},
		"corp.net other.net", NULL},
	{"SRV of the own domain", LDAP, {{.path = NSLCD, .text = "uri ldap://a.net/ DNS\n"}},
		"a.net ?pam_ldap.so: the servers of this host's own domain (DNS)", NULL},
	{"SRV of no domain", LDAP, {{.path = NSLCD, .text = "uri DNSLDAPS:\n"}},
		"?pam_ldap.so: a server that is neither name nor address", NULL},
	{"commas, literals", LDAP,
		{{.path = NSLCD,
			.text = "uri ldap://a.net,ldap://[2001:db8::1]:390/,ldap://10.1/\n"}},
		"a.net 2001:db8::1:390 10.1", NULL},
	{"escapes", LDAP, {{.path = NSLCD, .text = "uri ldap://a%2enet/\n"}},
		"?pam_ldap.so: a server that is neither name nor address", NULL},
	{"no URI", LDAP, {{.path = NSLCD, .text = "uri a.net\n"}},
		"?pam_ldap.so: a server that is no URI", NULL},
	{"no uri", LDAP, {{.path = NSLCD, .text = "uris x\nbase dc=x\nuri\n"}},
		"?pam_ldap.so: /etc/nslcd.conf: no server, expected \"uri\"", NULL},
	{"empty", LDAP, {{.path = NSLCD}},
		"?pam_ldap.so: /etc/nslcd.conf: no server, expected \"uri\"", NULL},
	{"no newline", LDAP, {{.path = NSLCD, .text = "uri ldap://a.net/"}},
		"a.net ?pam_ldap.so: /etc/nslcd.conf: no newline at the end", NULL},
	{"long line", LDAP,
		{{.path = NSLCD,
			.text = "uri ldap://a.net/\nuri ldap://b.net/" THOUSAND("    ")
				HUNDRED(" ") "\n"}},
		"a.net ?pam_ldap.so: /etc/nslcd.conf: a line that is too long", NULL},
	{"neither", LDAP, {{0}}, "?pam_ldap.so: /etc/nslcd.conf: no such file", NULL},
	{"link", LDAP, {{.path = NSLCD, .text = "uri ldap://a.net/\n", .link = true}},
		"?pam_ldap.so: /etc/nslcd.conf: " UNTRUSTED, NULL},
	{"PADL, hosts", LDAP,
		{{.path = PADL,
			.text = "host h1.net h2.net:390,10.0.0.1\nbase dc=x\nport 390\nSSL on"}},
		"h1.net h2.net:390 10.0.0.1", NULL},
	{"PADL, URI", LDAP, {{.path = PADL, .text = "@(#)$Id$\nuri ldap://h/ ldaps://i/\n"}}, "h i",
		NULL},
	{"PADL, another build", LDAP, {{.path = "/etc/ldap.conf", .text = "host h.net\n"}}, "h.net",
		NULL},
	{"PADL, no server: nothing is sent", LDAP, {{.path = PADL, .text = "base dc=x\n"}}, "",
		NULL},
	{"PADL, config=", LDAP " config=/x",
		{{.path = PADL, .text = "host p.net\n"}, {.path = "/x", .text = "host x.net\n"}},
		"x.net", NULL},
	{"PADL, config= of nothing", LDAP " config=/x", {{.path = PADL, .text = "host p.net\n"}},
		"?pam_ldap.so: /x: no such file", NULL},
	{"both", LDAP,
		{{.path = NSLCD, .text = "uri ldap://n.net/\n"},
			{.path = PADL, .text = "uri ldap://n.net/ ldap://p.net/\n"}},
		"n.net p.net", NULL},
	{"both, the same", LDAP,
		{{.path = PADL, .text = "uri ldap://n.net/\n"},
			{.path = NSLCD, .text = "uri ldap://n.net/\n"}},
		"n.net", NULL},
	{"both, with config=", LDAP " config=/x",
		{{.path = NSLCD, .text = "uri ldap://n.net/\n"},
			{.path = "/x", .text = "host x.net\n"}},
		"n.net x.net", NULL},
};

static const struct reader_row tacplus_rows[] = {
	{"typical", TACPLUS " server=tac1.corp.net:49 secret=x server=10.0.0.2 secret=y timeout=5",
		{{0}}, "tac1.corp.net:49 10.0.0.2", NULL},
	{"literal", TACPLUS " server=[2001:db8::1]:4949 server=[::1]", {{0}},
		"2001:db8::1:4949 ::1", NULL},
	{"no server: nothing is sent", TACPLUS " secret=x debug SERVER=x", {{0}}, "", NULL},
	{"empty", TACPLUS " server=", {{0}},
		"?pam_tacplus.so: a server that is neither name nor address", NULL},
	{"a file of servers", TACPLUS " include=/etc/tacplus_servers server=a.net", {{0}},
		"a.net ?pam_tacplus.so: servers from a file (include=)", NULL},
};

static const struct reader_row imap_rows[] = {
	{"as shipped", IMAP,
		{{.path = IMAP_CONF,
			.text = "#PAM_Server0 = imaps:localhost:6969\n"
				"PAM_PasswordString = Password: \n"
				"CertificateFile /usr/share/ssl/certs/imapd.pem\n"
				"PAM_Server0 = imaps:localhost:993\n#PAM_Domain = mydomain.com\n"
				"PAM_BlockList = root, admin\nPAM_HashEnable = no\n#Tunnel \"x\"\n"}},
		"localhost:993", NULL},
	{"typical", IMAP " conf=/etc/imap.conf",
		{{.path = "/etc/imap.conf",
			.text = "PAM_Server0 = imaps:mail.corp.net:993\n"
				"PAM_Server1 = 192.0.2.7:143\nPAM_Domain = corp.net\n"}},
		"mail.corp.net:993+corp.net 192.0.2.7:143+corp.net", NULL},
	{"any name of the argument", IMAP " x=/y", {{.path = "/y", .text = "PAM_Server0=a:1\n"}},
		"a:1", NULL},
	{"two arguments", IMAP " conf=/y debug", {{.path = "/y", .text = "PAM_Server0=a:1\n"}},
		"?pam_imap.so: its arguments, expected one, conf=FILE", NULL},
	{"no value", IMAP " conf", {{0}}, "?pam_imap.so: its arguments, expected one, conf=FILE",
		NULL},
	{"second place", IMAP,
		{{.path = "/usr/local/etc/pam_imap.conf", .text = "PAM_Server0 = a.net:143"}},
		"a.net:143", NULL},
	{"the reserved domain that is put behind", IMAP,
		{{.path = IMAP_CONF,
			.text = "PAM_Server0 = a.net:143\r\nPAM_Domain = \"example.com\" \r\n"
				"PAM_Domain = later.net\n"}},
		"a.net:143+example.com", NULL},
	{"domain that is too long to be sent", IMAP,
		{{.path = IMAP_CONF,
			.text = "PAM_Domain=" TEN("longer") ".net\nPAM_Server0=a.net:143\n"}},
		"a.net:143", NULL},
	{"keys inside a line", IMAP,
		{{.path = IMAP_CONF,
			.text = " # PAM_Server0 = a.net:1 PAM_Server1 = b.net:2\n"
				"x PAM_Domain = c.net\n"}},
		"a.net+c.net b.net:2+c.net", NULL},
	{"no equals sign", IMAP, {{.path = IMAP_CONF, .text = "PAM_Server0 a.net\n"}},
		"?pam_imap.so: /etc/pam.d/pam_imap.conf: PAM_Server without \"=\"", NULL},
	{"no host", IMAP, {{.path = IMAP_CONF, .text = "PAM_Server0 = imaps:\n"}},
		"?pam_imap.so: /etc/pam.d/pam_imap.conf: PAM_Server without a host", NULL},
	{"odd host", IMAP, {{.path = IMAP_CONF, .text = "PAM_Server0 = a b:1\n"}},
		"?pam_imap.so: a server that is neither name nor address", NULL},
	{"tunnel", IMAP,
		{{.path = IMAP_CONF, .text = "tunnel \"ssh x\"\nPAM_Server0 = localhost:1\n"}},
		"localhost:1 ?pam_imap.so: /etc/pam.d/pam_imap.conf: a command as server (Tunnel)",
		NULL},
	{"unknown servers, known domain", IMAP,
		{{.path = IMAP_CONF, .text = "Tunnel x\nPAM_Server0=a b:1\nPAM_Domain=c.net\n"}},
		"(unknown)+c.net ?pam_imap.so: /etc/pam.d/pam_imap.conf: a command as server "
		"(Tunnel)",
		NULL},
	{"none", IMAP, {{0}}, "?pam_imap.so: /etc/pam.d/pam_imap.conf: no such file", NULL},
};

static void test_radius(void)
{
	reader_rows_check(af_pam_read_radius, ROWS(radius_rows));
}

static void test_nslcd(void)
{
	reader_rows_check(af_pam_read_nslcd, ROWS(nslcd_rows));
}

static void test_tacplus(void)
{
	reader_rows_check(af_pam_read_tacplus, ROWS(tacplus_rows));
}

static void test_imap(void)
{
	reader_rows_check(af_pam_read_imap, ROWS(imap_rows));
}

/* Readers, and the one file that is made hostile for them. */
static const struct {
	const char *line, *path;
	af_pam_reader *read;
	const char *server; /* a line of the file, with numbers in it where "#" stands */
} hostiles[] = {
	{RADIUS, RADIUS_CONF, af_pam_read_radius, "r#.net x\n"},
	{RADIUS " conf=/etc/r", "/etc/r", af_pam_read_radius, "r#.net x\n"},
	{LDAP, NSLCD, af_pam_read_nslcd, "uri ldap://l#.net/\n"},
	{LDAP, PADL, af_pam_read_nslcd, "host l#.net\n"},
	{IMAP, IMAP_CONF, af_pam_read_imap, "PAM_Server# = a#.net:143\n"},
};

#define HOSTILES (sizeof(hostiles) / sizeof(hostiles[0]))

/* The running system's way to read, below a folder. */
static enum af_status read_below(
	void *context, const char *path, enum af_pam_trust trust, struct af_pam_text *out)
{
	char below[8400];

	snprintf(below, sizeof(below), "%s%s", (const char *)context, path);
	return af_pam_system_files.read(NULL, below, trust, out);
}

static void fill_file(const char *path, const char *text, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(write(fd, text, len) == (ssize_t)len);
	CU_ASSERT(fchmod(fd, mode) == 0);
	CU_ASSERT(close(fd) == 0);
}

static void make_huge(const char *path)
{
	fill_file(path, "", 0, 0644);
	CU_ASSERT(truncate(path, AFENCE_PAM_TEXT_MAX + 1) == 0);
}

static void make_binary(const char *path)
{
	fill_file(path, "a.net x\n\0b.net y\n", 17, 0644);
}

static void make_link(const char *path)
{
	CU_ASSERT(symlink("/dev/null", path) == 0);
}

static void make_fifo(const char *path)
{
	CU_ASSERT(mkfifo(path, 0644) == 0);
}

static void make_folder(const char *path)
{
	CU_ASSERT(mkdir(path, 0755) == 0);
}

static void make_writable(const char *path)
{
	fill_file(path, "", 0, 0666);
}

static void make_others(const char *path)
{
	fill_file(path, "", 0, 0644);
	CU_ASSERT(chown(path, 65534, 65534) == 0);
}

static void make_secret(const char *path)
{
	fill_file(path, "", 0, 0600);
}

static const struct {
	const char *name;
	void (*make)(const char *path);
	const char *want;
	bool as_nobody;
} makers[] = {
	{"huge", make_huge, "over a built-in limit", false},
	{"binary", make_binary, "is no text", false},
	{"link", make_link, UNTRUSTED, false},
	{"FIFO", make_fifo, UNTRUSTED, false},
	{"folder", make_folder, UNTRUSTED, false},
	{"writable by all", make_writable, UNTRUSTED, false},
	{"of another user", make_others, UNTRUSTED, false},
	{"unreadable", make_secret, "cannot be read", true},
};

/* One file of the kind MAKER at the place that the reader HOSTILE looks at. */
static void check_hostile(const char *folder, size_t maker, size_t hostile)
{
	const struct af_pam_files files = {read_below, NULL, (void *)(uintptr_t)folder};
	char path[8400], name[256], want[512], said[8192];
	struct af_pam_discovery found;

	snprintf(path, sizeof(path), "%s%s", folder, hostiles[hostile].path);
	makers[maker].make(path);
	CU_ASSERT(!makers[maker].as_nobody || seteuid(65534) == 0);
	reader_run(&files, hostiles[hostile].read, hostiles[hostile].line, "alice", &found);
	CU_ASSERT(!makers[maker].as_nobody || seteuid(0) == 0);
	snprintf(name, sizeof(name), "%s, %s", makers[maker].name, hostiles[hostile].line);
	snprintf(want, sizeof(want), "?%.*s: %s: %s", (int)strcspn(hostiles[hostile].line, " "),
		hostiles[hostile].line, hostiles[hostile].path, makers[maker].want);
	CHECK_STRING(name, reader_say(&found, said, sizeof(said)), want);
	CU_ASSERT(remove(path) == 0);
}

static void test_hostile_files(void)
{
	const char *folders[] = {"/etc", "/etc/pam.d"};
	char folder[4300], path[4400];

	if (geteuid() != 0) {
		printf("hostile files: skipped, needs root\n");
		return;
	}
	snprintf(folder, sizeof(folder), "%s/root", af_scratch_dir());
	CU_ASSERT(mkdir(folder, 0755) == 0 && chmod(af_scratch_dir(), 0755) == 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s", folder, folders[i]);
		CU_ASSERT(mkdir(path, 0755) == 0);
	}
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		for (size_t j = 0; j < HOSTILES; j++)
			check_hostile(folder, i, j);
}

static size_t write_line(const char *line, unsigned number, char *out)
{
	size_t len = 0;

	for (; *line != '\0'; line++)
		if (*line == '#')
			len += (size_t)sprintf(out + len, "%u", number);
		else
			out[len++] = *line;
	out[len] = '\0';
	return len;
}

/* Hundreds of servers: as many as there is room for, and the module is unknown. */
static void test_many(void)
{
	struct af_pam_discovery found;
	char text[16384];

	for (size_t i = 0; i < HOSTILES; i++) {
		const struct memory_file file = {.path = hostiles[i].path, .text = text};
		struct memory_files memory = {.file = &file, .count = 1};
		const struct af_pam_files files = MEMORY_FILES(&memory);
		size_t len = 0;

		for (unsigned n = 0; n < 300; n++)
			len += write_line(hostiles[i].server, n, text + len);
		reader_run(&files, hostiles[i].read, hostiles[i].line, "alice", &found);
		CHECK_NUMBER(hostiles[i].path, found.count, AFENCE_PAM_FOUND_MAX);
		CHECK_NUMBER(hostiles[i].path, found.unknown, true);
	}
}

/* What a file may hold must not reach the log; which files there are may. */
static void test_why_holds_no_bytes(void)
{
	struct af_pam_discovery found;

	for (size_t i = 0; i < HOSTILES; i++) {
		const struct memory_file file = {.path = hostiles[i].path,
			.text = "s3cr!t s3cr!t\nuri s3cr!t\nhost s3cr!t\nPAM_Server0=s3cr!t:1\n"};
		struct memory_files memory = {.file = &file, .count = 1};
		const struct af_pam_files files = MEMORY_FILES(&memory);

		reader_run(&files, hostiles[i].read, hostiles[i].line, "alice", &found);
		CHECK_NUMBER(hostiles[i].path, found.unknown, true);
		CU_ASSERT(strstr(found.why, "s3cr!t") == NULL);
	}
}

static CU_TestInfo tests[] = {
	{"pam_radius_auth", test_radius},
	{"pam_ldap", test_nslcd},
	{"pam_tacplus", test_tacplus},
	{"pam_imap", test_imap},
	{"hostile files", test_hostile_files},
	{"hundreds of servers", test_many},
	{"no bytes of a file in the log", test_why_holds_no_bytes},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"reader", NULL, NULL, NULL, NULL, tests};
