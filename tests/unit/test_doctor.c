/* SPDX-License-Identifier: MIT */
/*
 * The checks of `authfence doctor` on root folders made for them: controls and stacks of PAM,
 * shared objects and their owners, the policy and its sources, and links that point out of the
 * root.  The trial of the plugin is in tests/integration/doctor.sh.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tools/doctor/doctor.h"
#include "../../tools/doctor/module.h"
#include "../../plugins/pam/control.h"
#include "../../tools/policy/build.h"
#include "compiled.h"

#define GOOD "[default=ignore perm_denied=die]"

static char root[4300];

/* ---- a root folder and what a check says of it ---- */

static void make_root(void)
{
	static unsigned number;

	snprintf(root, sizeof(root), "%s/root%u", af_scratch_dir(), number++);
	CU_ASSERT_EQUAL_FATAL(mkdir(root, 0755), 0);
}

/* A path below the root whose folders are made. */
static const char *place(const char *path)
{
	static char full[8600];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = full + strlen(root); (slash = strchr(slash + 1, '/')) != NULL;) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	return full;
}

static void put_bytes(const char *path, const void *bytes, size_t length, mode_t mode)
{
	FILE *file = fopen(place(path), "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, length, file), length);
	CU_ASSERT_EQUAL_FATAL(fchmod(fileno(file), mode), 0);
	CU_ASSERT_EQUAL_FATAL(fclose(file), 0);
}

static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text), 0644);
}

/* What the check says, a line a finding, without the root folder's name; to be freed. */
static char *run_check(void (*run)(struct af_doctor *doctor), struct af_doctor *doctor)
{
	static const char *const words[] = {"ok", "warning", "failed", "skipped"};
	struct af_doctor_check check = {"test", run, "mend it"};
	size_t length, first = doctor->count;
	char *text, *hit;
	FILE *out = open_memstream(&text, &length);

	af_doctor_run(doctor, &check);
	for (size_t i = first; i < doctor->count; i++)
		fprintf(out, "%s: %s\n", words[doctor->finding[i].result],
			doctor->finding[i].detail);
	fclose(out);
	while ((hit = strstr(text, root)) != NULL)
		memmove(hit, hit + strlen(root), strlen(hit + strlen(root)) + 1);
	return text;
}

static char *look(void (*run)(struct af_doctor *doctor))
{
	struct af_doctor doctor = {0};
	char *text;

	CU_ASSERT_FATAL(af_root_open(root, &doctor.root));
	text = run_check(run, &doctor);
	af_doctor_free(&doctor);
	return text;
}

static void check_look(const char *row, void (*run)(struct af_doctor *doctor), const char *want)
{
	char *got = look(run);

	CHECK_STRING(row, got, want);
	free(got);
}

/* ---- controls ---- */

static void test_controls(void)
{
	static const struct {
		const char *text;
		int denied, ignored;
		bool misspelt;
	} rows[] = {
		{"required", AFENCE_PAM_OTHER, AFENCE_PAM_IGNORE, false},
		{"REQUISITE", AFENCE_PAM_DIE, AFENCE_PAM_IGNORE, false},
		{"sufficient", AFENCE_PAM_IGNORE, AFENCE_PAM_IGNORE, false},
		{"optional", AFENCE_PAM_IGNORE, AFENCE_PAM_IGNORE, false},
		{"requird", AFENCE_PAM_OTHER, AFENCE_PAM_OTHER, true},
		{"", AFENCE_PAM_OTHER, AFENCE_PAM_OTHER, false},
		{"default=ignore perm_denied=die", AFENCE_PAM_DIE, AFENCE_PAM_IGNORE, false},
		{"perm_denied=die default=ignore", AFENCE_PAM_DIE, AFENCE_PAM_IGNORE, false},
		{"success=ignore ignore=ignore default=die", AFENCE_PAM_DIE, AFENCE_PAM_IGNORE,
			false},
		{"success=ok ignore=ignore default=die", AFENCE_PAM_DIE, AFENCE_PAM_IGNORE, false},
		{"ignore=ignore default=die", AFENCE_PAM_DIE, AFENCE_PAM_IGNORE, false},
		{"success=ok default=die", AFENCE_PAM_DIE, AFENCE_PAM_DIE, false},
		{"default=die", AFENCE_PAM_DIE, AFENCE_PAM_DIE, false},
		{"default=ignore default=die", AFENCE_PAM_IGNORE, AFENCE_PAM_IGNORE, false},
		{"perm_denied=die", AFENCE_PAM_DIE, AFENCE_PAM_OTHER, false},
		{"  perm_denied = die\tdefault =ignore ", AFENCE_PAM_DIE, AFENCE_PAM_IGNORE, false},
		{"perm_denied=diedefault=ignore", AFENCE_PAM_DIE, AFENCE_PAM_IGNORE, false},
		{"success=1 default=ignore", AFENCE_PAM_IGNORE, AFENCE_PAM_IGNORE, false},
		{"perm_denied=2 ignore=ignore", 2, AFENCE_PAM_IGNORE, false},
		{"perm_denied=die default=0", AFENCE_PAM_OTHER, AFENCE_PAM_OTHER, true},
		{"perm_denied=done default=ignore", AFENCE_PAM_OTHER, AFENCE_PAM_IGNORE, false},
		{"perm_denid=die default=ignore", AFENCE_PAM_OTHER, AFENCE_PAM_OTHER, true},
		{"perm_denied=die default=ignroe", AFENCE_PAM_OTHER, AFENCE_PAM_OTHER, true},
		{"default=ignore perm_denied die", AFENCE_PAM_OTHER, AFENCE_PAM_OTHER, true},
		{"default=ignore perm_denied=", AFENCE_PAM_OTHER, AFENCE_PAM_OTHER, true},
		{"default=ignore perm_denied", AFENCE_PAM_OTHER, AFENCE_PAM_OTHER, true},
	};
	struct af_pam_control control;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		af_pam_control_parse(rows[i].text, &control);
		CHECK_NUMBER(rows[i].text, control.action[AFENCE_PAM_CODE_DENIED], rows[i].denied);
		CHECK_NUMBER(rows[i].text, control.action[AFENCE_PAM_CODE_IGNORE], rows[i].ignored);
		CHECK_NUMBER(rows[i].text, control.misspelt, rows[i].misspelt);
	}
}

/* ---- services ---- */

static void put_module(mode_t mode)
{
	/* libpam itself is a shared object of this kind of machine, whatever that is. */
	struct af_libraries found = {0};
	struct af_root machine;
	char path[4400];
	static char bytes[1 << 16];
	size_t length = 0;
	FILE *file = NULL;

	CU_ASSERT_FATAL(af_root_open("/", &machine));
	af_libraries_find(&machine, "libpam.so.0", &found);
	CU_ASSERT_FATAL(found.count > 0);
	snprintf(path, sizeof(path), "%s/%s", found.list[0].folder, found.list[0].file);
	file = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	length = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	af_libraries_free(&found);
	af_root_close(&machine);
	put_bytes("/usr/lib/libpam.so.0", bytes, length, 0644);
	put_bytes("/usr/lib/security/pam_authfence.so", bytes, length, mode);
}

#define THERE "ok: /usr/lib/security/pam_authfence.so is there, and root's\n"

static void test_services(void)
{
	static const struct {
		const char *name, *service, *common, *want;
	} rows[] = {
		{"nothing sent", "auth required pam_unix.so\n", NULL,
			"skipped: not applicable: no PAM service sends a password away or has a guard\n"},
		{"guarded",
			"auth " GOOD
			" pam_authfence.so target=h\nauth required pam_radius_auth.so\n",
			NULL, THERE "ok: guarded services: s\n"},
		{"requisite",
			"auth requisite pam_authfence.so target=h\nauth required pam_ldap.so\n",
			NULL, THERE "ok: guarded services: s\n"},
		{"guard without sender",
			"auth requisite pam_authfence.so target=h\nauth required pam_unix.so\n",
			NULL, THERE "ok: guarded services: s\n"},
		{"no target",
			"auth requisite pam_authfence.so xtarget=h target\nauth required pam_duo.so\n",
			NULL,
			THERE
			"warning: where the password goes is not known: pam_duo.so: its servers "
			"cannot be known (s)\nok: guarded services: s\n"},
		{"no target, nothing sent",
			"auth requisite pam_authfence.so\nauth required pam_unix.so\n", NULL,
			THERE "ok: guarded services: s\n"},
		{"observes",
			"auth requisite pam_authfence.so target=h observe\nauth required pam_sss.so\n",
			NULL,
			THERE
			"warning: /etc/pam.d/s:2: pam_sss.so sends the password away, and the guard "
			"before it only observes (s)\nok: guarded services: s\n"},
		{"one of two observes",
			"auth requisite pam_authfence.so target=h observe\n"
			"auth requisite pam_authfence.so quiet [target=h]\nauth required pam_sss.so\n",
			NULL, THERE "ok: guarded services: s\n"},
		{"no guard", "auth required pam_sss.so\n", NULL,
			"failed: /etc/pam.d/s:1: pam_sss.so sends the password away, and no guard "
			"stands before it (s)\n"},
		{"by path", "auth sufficient /opt/x/pam_krb5.so\n", NULL,
			"failed: /etc/pam.d/s:1: /opt/x/pam_krb5.so sends the password away, and no "
			"guard stands before it (s)\n"},
		{"in an included file", "@include c\n",
			"auth required pam_unix.so\nauth required pam_winbind.so\n",
			"failed: /etc/pam.d/c:2: pam_winbind.so sends the password away, and no guard "
			"stands before it (s)\n"},
		{"guard in an included file", "@include c\nauth required pam_tacplus.so\n",
			"auth " GOOD " pam_authfence.so target=h\n",
			THERE "ok: guarded services: s\n"},
		{"after it", "auth required pam_ldap.so\nauth " GOOD " pam_authfence.so target=h\n",
			NULL,
			THERE
			"failed: /etc/pam.d/s:1: pam_ldap.so sends the password away, and the "
			"guard stands after it (s)\n"},
		{"between two",
			"auth sufficient pam_ldap.so\nauth " GOOD " pam_authfence.so target=h\n"
			"auth sufficient pam_sss.so\n",
			NULL,
			THERE
			"failed: /etc/pam.d/s:1: pam_ldap.so sends the password away, and the "
			"guard stands after it (s)\n"},
		{"required",
			"auth required pam_authfence.so target=h\nauth required pam_mysql.so\n",
			NULL,
			THERE
			"failed: /etc/pam.d/s:1: the control required of the guard does not end "
			"the stack, so the password is sent all the same (s)\n"
			"failed: /etc/pam.d/s:2: pam_mysql.so sends the password away, and the "
			"guard before it ends nothing (s)\n"},
		{"misspelt, nothing sent", "auth requisit pam_authfence.so\n", NULL,
			THERE
			"failed: /etc/pam.d/s:1: the control requisit of the guard is misspelt, "
			"so nothing ends there (s)\n"},
		{"denies everybody", "auth [default=die] pam_authfence.so\n", NULL,
			THERE "failed: /etc/pam.d/s:1: the control default=die of the guard denies "
			      "logins that the guard lets pass, for want of ignore=ignore (s)\n"},
		{"substack", "auth substack c\nauth required pam_imap.so\n",
			"auth requisite pam_authfence.so target=h\n",
			THERE
			"failed: /etc/pam.d/s:2: pam_imap.so sends the password away, and the "
			"guard before it can end its own substack only (s)\n"},
		{"both in a substack", "auth substack c\nauth required pam_unix.so\n",
			"auth requisite pam_authfence.so target=h\nauth required pam_imap.so\n",
			THERE "ok: guarded services: s\n"},
		{"sender in a substack",
			"auth requisite pam_authfence.so target=h\nauth substack c\n",
			"auth required pam_imap.so\n", THERE "ok: guarded services: s\n"},
		{"jumped over",
			"auth [success=1 default=ignore] pam_succeed_if.so\n"
			"auth requisite pam_authfence.so target=h\nauth required pam_duo.so\n",
			NULL,
			THERE "failed: /etc/pam.d/s:3: pam_duo.so sends the password away, and an "
			      "earlier line jumps over the guard (s)\n"},
		{"jump past both",
			"auth [success=2 default=ignore] pam_unix.so\n"
			"auth requisite pam_authfence.so target=h\nauth required pam_duo.so\n"
			"auth required pam_permit.so\n",
			NULL, THERE "ok: guarded services: s\n"},
		{"jump over a substack, not the guard",
			"auth [success=1 default=ignore] pam_unix.so\nauth substack c\n"
			"auth requisite pam_authfence.so target=h\nauth required pam_duo.so\n",
			"auth required pam_env.so\nauth required pam_permit.so\n",
			THERE "ok: guarded services: s\n"},
		{"a second guard helps",
			"auth [success=1 default=ignore] pam_succeed_if.so\n"
			"auth requisite pam_authfence.so target=h\nauth requisite pam_authfence.so target=h\n"
			"auth required pam_duo.so\n",
			NULL, THERE "ok: guarded services: s\n"},
		{"pam_exec without the password", "auth required pam_exec.so /bin/true\n", NULL,
			"skipped: not applicable: no PAM service sends a password away or has a guard\n"},
		{"opaque", "auth required pam_exec.so expose_authtok /bin/true\n", NULL,
			"warning: /etc/pam.d/s:1: pam_exec.so may send the password away, and no guard "
			"stands before it (s)\n"},
		{"opaque, in another case", "auth required pam_exec.so Expose_Authtok /bin/true\n",
			NULL,
			"warning: /etc/pam.d/s:1: pam_exec.so may send the password away, and no guard "
			"stands before it (s)\n"},
		{"like a sender", "auth required pam_ldapx.so\n", NULL,
			"warning: /etc/pam.d/s:1: pam_ldapx.so may send the password away, and no "
			"guard stands before it (s)\n"},
		{"password", "auth required pam_unix.so\npassword required pam_ldap.so\n", NULL,
			"warning: /etc/pam.d/s:2: pam_ldap.so sends the password away when it is "
			"changed, and no guard stands before it (s)\n"},
		{"password with a guard",
			"password requisite pam_authfence.so target=h\npassword required pam_ldap.so\n",
			NULL, THERE},
		{"session sends what auth kept",
			"auth required pam_unix.so\nsession optional pam_mount.so\n", NULL,
			"failed: /etc/pam.d/s:2: pam_mount.so sends the password away, and no guard "
			"stands before it (s)\n"},
		{"session behind a guarded auth",
			"auth requisite pam_authfence.so target=h\nsession optional pam_mount.so\n",
			NULL, THERE "ok: guarded services: s\n"},
		{"session alone sends nothing", "session optional pam_ldap.so\n", NULL,
			"skipped: not applicable: no PAM service sends a password away or has a guard\n"},
		{"found",
			"auth requisite pam_authfence.so\nauth required pam_tacplus.so "
			"server=192.88.99.7 server=tac.corp.net:50\n",
			NULL,
			THERE "ok: s: pam_tacplus.so sends to 192.88.99.7 (external) as user\n"
			      "ok: s: pam_tacplus.so sends to tac.corp.net port 50 (unknown) as "
			      "user\nok: guarded services: s\n"},
		{"two that are not known",
			"auth requisite pam_authfence.so\nauth required pam_x.so\n"
			"auth required pam_y.so\n",
			NULL,
			THERE
			"warning: where the password goes is not known: pam_x.so: a module that "
			"is not known (s)\nwarning: where the password goes is not known: "
			"pam_y.so: a module that is not known (s)\nok: guarded services: s\n"},
		{"nobody asks",
			"auth requisite pam_authfence.so target=h\n"
			"auth required pam_sss.so use_first_pass\n",
			NULL,
			THERE "warning: /etc/pam.d/s:2: pam_sss.so has use_first_pass, but nothing "
			      "before it asks for the password (s)\nok: guarded services: s\n"},
		{"somebody asks",
			"auth requisite pam_authfence.so target=h\nauth required pam_unix.so\n"
			"auth required pam_sss.so use_first_pass\n",
			NULL, THERE "ok: guarded services: s\n"},
		{"dash include", "-@include c\n", "auth required pam_ldap.so\n",
			"failed: /etc/pam.d/c:1: pam_ldap.so sends the password away, and no guard "
			"stands before it (s)\n"},
		{"not whole", "auth required pam_unix.so \\\n", NULL,
			"warning: /etc/pam.d/s cannot be read whole: it includes what is not there, "
			"or ends where a line was to go on (s)\n"},
		{"bytes", "auth required pam_authfence.so \x1b[2J\n", NULL,
			THERE
			"failed: /etc/pam.d/s:1: the control required of the guard does not end "
			"the stack, so the password is sent all the same (s)\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_root();
		put_module(0644);
		put("/etc/pam.d/s", rows[i].service);
		if (rows[i].common != NULL)
			put("/etc/pam.d/c", rows[i].common);
		check_look(rows[i].name, af_doctor_pam_stacks, rows[i].want);
	}
}

/* What stands beside PAM; no service is there. */
static void check_beside(const char *row, const char *path, const char *text, const char *want)
{
	static const char none[] =
		"skipped: not applicable: no PAM service sends a password away or has a guard\n";
	char all[2048];

	snprintf(all, sizeof(all), "%s%s", none, want);
	put(path, text);
	check_look(row, af_doctor_pam_stacks, all);
}

#define SASLAUTHD "/etc/default/saslauthd"
#define DOVECOT   "/etc/dovecot/dovecot.conf"

static void test_saslauthd(void)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{"no -r", "MECHANISMS=\"pam\"\nOPTIONS=\"-c -m /var/run/saslauthd\"\n",
			"warning: " SASLAUTHD
			": without -r in OPTIONS saslauthd hands names to PAM "
			"without their domain, so the guard sees none\n"},
		{"-r", "MECHANISMS=\"pam\"\nOPTIONS=\"-c -r -m /x\"\n", ""},
		{"among others", "OPTIONS='-cr'\nMECHANISMS=pam\n", ""},
		{"other mechanism", "MECHANISMS=\"sasldb\"\n", ""},
		{"commented", "#MECHANISMS=\"rimap\"\n", ""},
		{"beside PAM", "MECHANISMS=\"rimap\"\nMECH_OPTIONS=\"imap.corp.net\"\n",
			"warning: " SASLAUTHD ": saslauthd sends passwords on by rimap to "
			"imap.corp.net, and no guard can stand before that\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char want[2048];

		make_root();
		put_module(0644);
		put("/etc/pam.d/s", "auth requisite pam_authfence.so target=h\n");
		put(SASLAUTHD, rows[i].text);
		snprintf(want, sizeof(want), THERE "ok: guarded services: s\n%s", rows[i].want);
		check_look(rows[i].name, af_doctor_pam_stacks, want);
	}
	make_root();
	check_beside("no guard", SASLAUTHD, "MECHANISMS=\"pam\"\n", "");
}

static void test_dovecot(void)
{
	static const char sends[] = "warning: " DOVECOT ": when PAM refuses, Dovecot sends the "
				    "password on by its passdb imap\n";
	static const char second[] = "passdb {\n  driver = imap\n  args = host=h\n}\n";

	make_root();
	check_beside("PAM alone", DOVECOT, "passdb {\n driver = pam\n}\n", "");
	put("/etc/dovecot/conf.d/10-auth.conf", "!include auth-imap.conf.ext\n");
	put("/etc/dovecot/conf.d/auth-imap.conf.ext", second);
	check_beside("not included", DOVECOT, "passdb {\n driver = pam\n}\n", "");
	check_beside("in a file of its own", DOVECOT,
		"passdb {\n driver = pam\n}\n!include conf.d/*.conf\n",
		"warning: /etc/dovecot/conf.d/auth-imap.conf.ext: when PAM refuses, Dovecot sends "
		"the password on by its passdb imap\n");
	check_beside("return-fail", DOVECOT,
		"passdb {\n driver = pam\n result_failure = return-fail\n}\n"
		"!include conf.d/*.conf\n",
		"");
	check_beside("before", DOVECOT, "!include conf.d/*.conf\npassdb {\n driver = pam\n}\n", "");
	check_beside("one after the other", DOVECOT,
		"passdb {\n driver = pam\n}\n#passdb {\n#}\npassdb {\n  driver = imap\n}\n", sends);
	check_beside("by name", DOVECOT, "passdb pam {\n}\npassdb imap {\n}\n", sends);
	check_beside("includes itself", DOVECOT, "!include dovecot.conf\n", "");
}

static void test_secrets(void)
{
	make_root();
	put_bytes("/etc/nslcd.conf", "", 0, 0640);
	check_beside("open", "/etc/pam_radius_auth.conf", "x\n",
		"warning: /etc/pam_radius_auth.conf holds secrets and can be read by everybody "
		"(mode 0644)\n");
}

static void test_service_files(void)
{
	make_root();
	check_look("no PAM", af_doctor_pam_stacks,
		"skipped: not applicable: no PAM service sends a password away or has a guard\n");
	put("/etc/pam.d/b", "auth required pam_sss.so\n");
	put("/etc/pam.d/a.dpkg-old", "auth required pam_sss.so\n");
	put("/etc/pam.d/a~", "auth required pam_sss.so\n");
	put("/usr/lib/pam.d/b", "auth required pam_ldap.so\n");
	put("/usr/lib/pam.d/c", "auth required pam_ldap.so\n");
	check_look("leftovers and folders", af_doctor_pam_stacks,
		"failed: /etc/pam.d/b:1: pam_sss.so sends the password away, and no guard stands "
		"before it (b)\nfailed: /usr/lib/pam.d/c:1: pam_ldap.so sends the password away, and "
		"no guard stands before it (c)\n");
	make_root();
	put("/etc/pam.d/common-auth", "auth required pam_sss.so\n");
	for (char name[] = "/etc/pam.d/a"; name[11] <= 'h'; name[11]++)
		put(name, "@include common-auth\n");
	check_look("one line, many services", af_doctor_pam_stacks,
		"failed: /etc/pam.d/common-auth:1: pam_sss.so sends the password away, and no guard "
		"stands before it (a, b, c, d, e, f and 2 more)\n");
	make_root();
	put("/etc/pam.d/s", "auth requisite pam_authfence.so\n");
	check_look("no libpam", af_doctor_pam_stacks,
		"failed: pam_authfence.so: there is no libpam that would load it\n");
	put("/usr/lib/libpam.so.0", "");
	check_look("no module", af_doctor_pam_stacks,
		"failed: /usr/lib/security/pam_authfence.so: it is missing\n");
	put_module(0646);
	check_look("writable module", af_doctor_pam_stacks,
		"failed: /usr/lib/security/pam_authfence.so: it is writable by others (mode 0646)\n");
}

/* ---- the plugin's file ---- */

static void put_plugin(const char *triplet, size_t length)
{
	static char bytes[1 << 16];
	char path[4400];
	FILE *file;
	size_t room;

	snprintf(path, sizeof(path), "%s/sasl2/libauthfence.so", af_build_dir);
	file = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	room = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	snprintf(path, sizeof(path), "/usr/lib/%slibsasl2.so.2", triplet);
	put_bytes(path, bytes, room, 0644);
	snprintf(path, sizeof(path), "/usr/lib/%ssasl2/libauthfence.so", triplet);
	put_bytes(path, bytes, length < room ? length : room, 0644);
}

/* Both checks, since the second relies on the first. */
static void check_plugin(const char *row, const char *want)
{
	struct af_doctor doctor = {0};
	char *text;

	CU_ASSERT_FATAL(af_root_open(root, &doctor.root));
	free(run_check(af_doctor_sasl_library, &doctor));
	text = run_check(af_doctor_sasl_plugin, &doctor);
	CHECK_STRING(row, text, want);
	free(text);
	af_doctor_free(&doctor);
}

#define PLUGIN_PATH "/usr/lib/sasl2/libauthfence.so"

static void test_plugin_file(void)
{
	make_root();
	check_plugin("no libsasl2", "skipped: not applicable: no libsasl2\n");
	put_plugin("", SIZE_MAX);
	check_plugin("there", "ok: " PLUGIN_PATH " is there, and root's\n");
	CU_ASSERT_EQUAL(chmod(place(PLUGIN_PATH), 0600), 0);
	check_plugin(
		"closed", "failed: " PLUGIN_PATH ": only some users can read it (mode 0600)\n");
	CU_ASSERT_EQUAL(chmod(place(PLUGIN_PATH), 0666), 0);
	check_plugin("writable", "failed: " PLUGIN_PATH ": it is writable by others (mode 0666)\n");
	CU_ASSERT_EQUAL(chmod(place(PLUGIN_PATH), 0644), 0);
	CU_ASSERT_EQUAL(chmod(place("/usr/lib/sasl2"), 0777), 0);
	check_plugin("writable folder",
		"failed: " PLUGIN_PATH ": its folder is writable by others (mode 0777)\n");
	CU_ASSERT_EQUAL(chmod(place("/usr/lib/sasl2"), 0755), 0);
	if (geteuid() == 0) {
		CU_ASSERT_EQUAL(chown(place(PLUGIN_PATH), 7, 0), 0);
		check_plugin(
			"another's", "failed: " PLUGIN_PATH ": it belongs to uid 7, not to root\n");
		CU_ASSERT_EQUAL(chown(root, 7, 0), 0);
		check_plugin("the owner of all", "ok: " PLUGIN_PATH " is there, and root's\n");
	}
	make_root();
	put_plugin("", 12);
	check_plugin("cut", "failed: " PLUGIN_PATH ": it is no shared object (ELF)\n");
	put(PLUGIN_PATH, "not a library at all, but long enough to be one");
	check_plugin("text", "failed: " PLUGIN_PATH ": it is no shared object (ELF)\n");
	CU_ASSERT_EQUAL(unlink(place(PLUGIN_PATH)), 0);
	check_plugin("missing", "failed: " PLUGIN_PATH ": it is missing\n");
	CU_ASSERT_EQUAL(mkfifo(place(PLUGIN_PATH), 0644), 0);
	check_plugin("FIFO", "failed: " PLUGIN_PATH ": it is no regular file\n");
}

static void test_machine_types(void)
{
	static const char other_path[] = "/usr/lib/b-linux-gnu/libsasl2.so.2";
	unsigned char header[64] = {0};
	int fd;

	make_root();
	put_plugin("a-linux-gnu/", SIZE_MAX);
	put_plugin("b-linux-gnu/", SIZE_MAX);
	check_plugin("both",
		"ok: /usr/lib/a-linux-gnu/sasl2/libauthfence.so is there, and root's\n"
		"ok: /usr/lib/b-linux-gnu/sasl2/libauthfence.so is there, and root's\n");
	CU_ASSERT_EQUAL(symlink("usr/lib", place("/lib")), 0);
	check_plugin("once by its link",
		"ok: /usr/lib/a-linux-gnu/sasl2/libauthfence.so is there, and root's\n"
		"ok: /usr/lib/b-linux-gnu/sasl2/libauthfence.so is there, and root's\n");
	fd = open(place(other_path), O_RDWR);
	CU_ASSERT_EQUAL(pread(fd, header, sizeof(header), 0), sizeof(header));
	header[18] ^= 0xff;
	CU_ASSERT_EQUAL(pwrite(fd, header, sizeof(header), 0), sizeof(header));
	close(fd);
	check_plugin("wrong machine",
		"ok: /usr/lib/a-linux-gnu/sasl2/libauthfence.so is there, and root's\n"
		"failed: /usr/lib/b-linux-gnu/sasl2/libauthfence.so: it is built for another kind of "
		"machine than /usr/lib/b-linux-gnu/libsasl2.so.2\n");
	CU_ASSERT_EQUAL(unlink(place("/usr/lib/b-linux-gnu/sasl2/libauthfence.so")), 0);
	check_plugin("one of two",
		"ok: /usr/lib/a-linux-gnu/sasl2/libauthfence.so is there, and root's\n"
		"warning: /usr/lib/b-linux-gnu/sasl2/libauthfence.so: it is missing\n");
}

/* A link in an image must not lead to this machine's file. */
static void test_links(void)
{
	struct af_root below;
	struct stat st;
	char *text;

	make_root();
	put("/inside", "inside");
	CU_ASSERT_EQUAL(symlink("/etc/passwd", place("/outside")), 0);
	CU_ASSERT_EQUAL(symlink("../../../../../../../../etc/passwd", place("/up")), 0);
	CU_ASSERT_EQUAL(symlink("/inside", place("/link")), 0);
	CU_ASSERT_EQUAL(mkfifo(place("/fifo"), 0644), 0);
	CU_ASSERT_FATAL(af_root_open(root, &below));
	CHECK_NUMBER("out", af_root_read(&below, "/outside", &text), AFENCE_ERR_ABSENT);
	CHECK_NUMBER("up", af_root_read(&below, "/up", &text), AFENCE_ERR_ABSENT);
	CHECK_NUMBER("stat out", af_root_stat(&below, "/outside", &st), false);
	CHECK_NUMBER("link", af_root_read(&below, "/link", &text), AFENCE_OK);
	CHECK_STRING("link", text, "inside");
	free(text);
	CHECK_NUMBER("folder", af_root_read(&below, "/", &text), AFENCE_ERR_UNTRUSTED);
	CHECK_NUMBER("FIFO", af_root_read(&below, "/fifo", &text), AFENCE_ERR_UNTRUSTED);
	CU_ASSERT_EQUAL(truncate(place("/inside"), AFENCE_TEXT_MAX), 0);
	CHECK_NUMBER("just not too long", af_root_read(&below, "/inside", &text), AFENCE_OK);
	free(text);
	CU_ASSERT_EQUAL(truncate(place("/inside"), AFENCE_TEXT_MAX + 1), 0);
	CHECK_NUMBER("too long", af_root_read(&below, "/inside", &text), AFENCE_ERR_LIMIT);
	af_root_close(&below);
}

static void test_guard(void)
{
	make_root();
	check_look("nothing", af_doctor_guard,
		"failed: nothing is guarded: there is neither a libsasl2 nor a PAM service that has "
		"the module\n");
}

static void check_config(const char *row, const char *want)
{
	struct af_doctor doctor = {0};
	char *text;

	CU_ASSERT_FATAL(af_root_open(root, &doctor.root));
	free(run_check(af_doctor_sasl_library, &doctor));
	text = run_check(af_doctor_sasl_config, &doctor);
	CHECK_STRING(row, text, want);
	free(text);
	af_doctor_free(&doctor);
}

static void test_config(void)
{
	static const char fine[] =
		"ok: no configuration of libsasl2 names another canon_user_plugin\n";

	make_root();
	check_config("no libsasl2", "skipped: not applicable: no libsasl2\n");
	put_plugin("", SIZE_MAX);
	check_config("none", fine);
	put("/etc/sasl2/a.conf",
		"mech_list: plain\n#canon_user_plugin: x\ncanon_user_plugin: INTERNAL\n"
		"xcanon_user_plugin: y\ncanon_user_plugins: z\n");
	put("/etc/sasl2/b.txt", "canon_user_plugin: x\n");
	check_config("none in files", fine);
	put("/usr/lib/sasl2/slapd.conf", "\n CANON_user_plugin :  ldapdb \r\n");
	check_config("another",
		"warning: /usr/lib/sasl2/slapd.conf:2: canon_user_plugin is ldapdb, so programs that "
		"read this file ask that plugin and not the guard\n");
}

/* ---- the policy ---- */

#define BIN "/etc/authfence/policy.bin"

static void put_policy(const char *path, const char *text, mode_t mode)
{
	struct af_compiled compiled;

	compile_text(text, 3, &compiled);
	put_bytes(path, compiled.bytes, compiled.length, mode);
	free(compiled.bytes);
}

static void set_time(const char *path, time_t seconds)
{
	struct timespec times[2] = {{seconds, 0}, {seconds, 0}};

	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, place(path), times, 0), 0);
}

static void test_policy_file(void)
{
	make_root();
	check_look("none", af_doctor_policy_file, "ok: the built-in policy: there is no " BIN "\n");
	put_policy(BIN, "policy 1;\n", 0644);
	check_look("whole", af_doctor_policy_file, "ok: " BIN ", generation 3, whole and root's\n");
	CU_ASSERT_EQUAL(chmod(place(BIN), 0666), 0);
	check_look("writable", af_doctor_policy_file,
		"failed: " BIN
		" is writable by others (mode 0666); in force is the built-in policy\n");
	put_policy(BIN ".prev", "policy 1;\n", 0644);
	check_look("writable, with a former one", af_doctor_policy_file,
		"failed: " BIN
		" is writable by others (mode 0666); in force is the previous policy\n");
	CU_ASSERT_EQUAL(unlink(place(BIN)), 0);
	check_look("only the former one", af_doctor_policy_file,
		"failed: " BIN " is missing; in force is the previous policy\n");
	CU_ASSERT_EQUAL(symlink("policy.bin.prev", place(BIN)), 0);
	check_look("link", af_doctor_policy_file,
		"failed: " BIN " is a symbolic link; in force is the previous policy\n");
	make_root();
	put_policy(BIN, "policy 1;\n", 0600);
	check_look("closed", af_doctor_policy_file,
		"failed: " BIN " is closed to ordinary users (mode 0600), whose programs then have "
		"the built-in policy\n");
	CU_ASSERT_EQUAL(chmod(place(BIN), 0644), 0);
	CU_ASSERT_EQUAL(truncate(place(BIN), 100), 0);
	check_look("cut", af_doctor_policy_file,
		"failed: " BIN " is refused: damaged; in force is the built-in policy\n");
	put_policy(BIN, "policy 1;\n", 0644);
	CU_ASSERT_EQUAL(chmod(place("/etc/authfence"), 0777), 0);
	check_look("folder", af_doctor_policy_file,
		"ok: " BIN ", generation 3, whole and root's\n"
		"failed: /etc/authfence is writable by others (mode 0777)\n");
}

/* The two checks that rely on the one before. */
static void check_policy(const char *row, void (*run)(struct af_doctor *doctor), const char *want)
{
	struct af_doctor doctor = {0};
	char *text;

	CU_ASSERT_FATAL(af_root_open(root, &doctor.root));
	free(run_check(af_doctor_policy_file, &doctor));
	text = run_check(run, &doctor);
	CHECK_STRING(row, text, want);
	free(text);
	af_doctor_free(&doctor);
}

#define VENDOR "/usr/lib/authfence/policy.d/"
#define LOCAL  "/etc/authfence/policy.d/"

static void test_policy_sources(void)
{
	static const char none[] = "skipped: not applicable: there are no policy sources\n";

	make_root();
	check_policy("none", af_doctor_policy_sources, none);
	put(LOCAL "a.txt", "");
	put(LOCAL ".policy", "");
	check_policy("nothing of ours", af_doctor_policy_sources, none);
	put(VENDOR "a.policy", "policy 1;\n");
	check_policy("not compiled", af_doctor_policy_sources,
		"failed: 1 policy source, " VENDOR "a.policy for one, but nothing compiled\n");
	put_policy(BIN, "policy 1;\n", 0644);
	set_time(BIN, 1000);
	set_time(VENDOR "a.policy", 1000);
	check_policy(
		"as old", af_doctor_policy_sources, "ok: the policy is as new as its 1 source\n");
	set_time(VENDOR "a.policy", 1001);
	check_policy("newer", af_doctor_policy_sources,
		"failed: " VENDOR "a.policy was changed after the policy was compiled\n");
	put(LOCAL "a.policy", "policy 1;\n");
	set_time(LOCAL "a.policy", 999);
	check_policy(
		"replaced", af_doctor_policy_sources, "ok: the policy is as new as its 1 source\n");
	put(LOCAL "b.policy", "policy 1;\n");
	check_policy("the newest of two", af_doctor_policy_sources,
		"failed: " LOCAL "b.policy was changed after the policy was compiled\n");
}

static void test_policy_mode(void)
{
	make_root();
	check_policy("built in", af_doctor_policy_mode, "ok: mode enforce: logins are refused\n");
	put_policy(BIN, "policy 1;\nmode observe;\n", 0644);
	check_policy("observe", af_doctor_policy_mode,
		"warning: mode observe: logins that should be refused are only logged\n");
	put_policy(BIN, "policy 1;\nmode off;\n", 0644);
	check_policy("off", af_doctor_policy_mode, "failed: mode off: nothing is looked at\n");
}

/* What an activation leaves in an image, for the tests to change. */
struct activation {
	int64_t now;
	uint64_t generation;
	const char *action; /* NULL: nobody activated it */
	uint8_t sources[32];
	enum af_mode mode;
	int64_t mode_until;
	uint8_t life; /* of the first rule and the first clause */
};

/* Makes the policy of TEXT the active one. */
static void activate(const char *text, const struct activation *how)
{
	struct af_image_origin origin = {.who = "alice"};
	const struct af_stamp stamp = {.generation = how->generation,
		.created = how->now,
		.origin = how->action != NULL ? &origin : NULL};
	struct af_diagnostics diagnostics = {0};
	struct af_compiled compiled;
	struct af_source source;
	struct af_rules rules;

	snprintf(origin.action, sizeof(origin.action), "%s", how->action ? how->action : "");
	memcpy(origin.sources, how->sources, sizeof(origin.sources));
	af_source_copy("test.policy", text, strlen(text), &source);
	af_rules_start(&rules, &diagnostics, how->now);
	af_compile_read(&source, 1, &rules);
	CHECK_NUMBER(text, diagnostics.errors, 0);
	rules.settings.mode = (uint8_t)how->mode;
	rules.settings.mode_until = how->mode_until;
	rules.settings.on_trial = how->life != AFENCE_LIFE_FULL;
	if (rules.row_count > 0)
		rules.row[0].life = how->life;
	if (rules.clause.count > 0)
		rules.clause.row[0].life = how->life;
	CHECK_NUMBER(text, af_compile_write(&rules, &stamp, &compiled), AFENCE_OK);
	put_bytes(BIN, compiled.bytes, compiled.length, 0644);
	free(compiled.bytes);
	af_rules_free(&rules);
	af_diagnostics_free(&diagnostics);
	af_source_free(&source);
}

#define WHEN 4000000000 /* 2096-10-02T07:06:40Z: no clock is ahead of it, so it is now */

static void test_policy_origin(void)
{
	struct activation how = {.now = WHEN, .generation = 7, .action = "apply"};

	make_root();
	activate("policy 1;\n", &how);
	check_look("origin", af_doctor_policy_file,
		"ok: " BIN ", generation 7, apply by alice at 2096-10-02T07:06:40Z, whole and "
		"root's\n");
	how.mode = AFENCE_MODE_OFF;
	how.mode_until = WHEN + 3600;
	activate("policy 1;\n", &how);
	check_policy("off for an hour", af_doctor_policy_mode,
		"failed: mode off until 2096-10-02T08:06:40Z, set by alice, then mode enforce: "
		"nothing is looked at\n");
	how.mode = AFENCE_MODE_OBSERVE;
	activate("policy 1;\n", &how);
	check_policy("observe for an hour", af_doctor_policy_mode,
		"warning: mode observe until 2096-10-02T08:06:40Z, set by alice, then mode "
		"enforce: logins that should be refused are only logged\n");
	how.mode_until = WHEN - 1;
	activate("policy 1;\n", &how);
	check_policy("over", af_doctor_policy_mode, "ok: mode enforce: logins are refused\n");
	how.mode = AFENCE_MODE_ENFORCE;
	how.mode_until = 0;
	activate("policy 1;\nservice ldap { mode off; }\nservice imap { mode enforce; }\n", &how);
	check_policy("one service", af_doctor_policy_mode,
		"ok: mode enforce: logins are refused\n"
		"warning: service ldap has mode off: nothing is looked at\n");
}

/* The time of a file says less than the hash of what was read. */
static void test_policy_digest(void)
{
	struct activation how = {.now = WHEN, .generation = 7, .action = "apply"};
	struct af_policy_request request = {.verb = "test", .now = WHEN};
	struct af_build build;

	make_root();
	put(LOCAL "a.policy", "policy 1;\n");
	CU_ASSERT_FATAL(af_root_open(root, &request.root));
	af_build_read(&request, &build);
	memcpy(how.sources, build.digest, sizeof(how.sources));
	af_build_free(&build);
	af_root_close(&request.root);
	activate("policy 1;\n", &how);
	set_time(BIN, 1000);
	check_policy("same, but touched", af_doctor_policy_sources,
		"ok: the policy is made from its 1 source\n");
	put(LOCAL "a.policy", "policy 1;\nmode off;\n");
	set_time(LOCAL "a.policy", 1);
	check_policy("other, but old", af_doctor_policy_sources,
		"failed: " LOCAL "a.policy was changed after the policy was compiled, or another "
		"source went\n");
	how.action = "rollback";
	activate("policy 1;\n", &how);
	check_policy("rolled back", af_doctor_policy_sources,
		"warning: the policy was rolled back, and its sources say something else: the next "
		"apply takes them\n");
	put(LOCAL "a.policy", "policy 1;\nmod off;\n");
	check_policy("wrong", af_doctor_policy_sources,
		"warning: 1 error in the policy sources: they cannot be made active as they are\n");
}

#define EXCEPTION                                                                       \
	"policy 1;\nexception lab { identity \"*@example.com\"; target \"a.corp.net\";" \
	" reason \"r\"; owner \"ops\"; expires 2096-10-20; }\n"
#define DAY 86400

static void test_policy_rules(void)
{
	static const struct {
		const char *name;
		int64_t now;
		const char *want;
	} rows[] = {
		{"far", WHEN,
			"ok: no exception has ended or will within 14 days, and no rule is on trial\n"},
		{"near", WHEN + 5 * DAY,
			"warning: exception:lab of ops at test.policy:2 ends on 2096-10-20\n"},
		{"last day", WHEN + 18 * DAY,
			"warning: exception:lab of ops at test.policy:2 ends on 2096-10-20\n"},
		{"over", WHEN + 19 * DAY,
			"warning: exception:lab of ops at test.policy:2 ended on 2096-10-20 and lifts "
			"nothing any more\n"},
	};
	struct activation how = {.generation = 7, .action = "apply"};

	make_root();
	check_policy("built in", af_doctor_policy_rules,
		"skipped: not applicable: the built-in policy has no rules that end\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		how.now = rows[i].now;
		activate(EXCEPTION, &how);
		check_policy(rows[i].name, af_doctor_policy_rules, rows[i].want);
	}
	how.now = WHEN;
	how.life = AFENCE_LIFE_TRIAL;
	activate("policy 1;\nreserve \"a.corp.net\", \"b.corp.net\";\n"
		 "protect fin { identity \"*@c.corp.net\"; target \"d.corp.net\";"
		 " reason \"r\"; owner \"ops\"; }\n",
		&how);
	check_policy("trial", af_doctor_policy_rules,
		"warning: 2 rules on trial, which only observe, as of generation 7 of "
		"2096-10-02T07:06:40Z: reserve:a.corp.net, protect:fin\n");
}

#define HISTORY "/var/lib/authfence/history/"

static void test_policy_history(void)
{
	make_root();
	put_policy(BIN, "policy 1;\n", 0644);
	check_policy("none", af_doctor_policy_history,
		"skipped: not applicable: there is no earlier generation in /var/lib/authfence/history\n");
	put(HISTORY "policy.2", "");
	put(HISTORY "policy.3", "");
	put(HISTORY "policy.4.new", "");
	put(HISTORY "policy.", "");
	check_policy(
		"newest", af_doctor_policy_history, "ok: generation 3 is the newest there is\n");
	put(HISTORY "policy.10", "");
	check_policy("lost", af_doctor_policy_history,
		"warning: in force is generation 3, but /var/lib/authfence/history has generation 10: an "
		"activation did not finish, or the newer file was lost\n");
}

static CU_TestInfo tests[] = {
	{"controls of PAM lines", test_controls},
	{"services", test_services},
	{"files of services and the module", test_service_files},
	{"saslauthd", test_saslauthd},
	{"Dovecot", test_dovecot},
	{"open secrets", test_secrets},
	{"file of the plugin", test_plugin_file},
	{"plugins of several kinds of machine", test_machine_types},
	{"nothing to guard", test_guard},
	{"links and bounds", test_links},
	{"configuration of libsasl2", test_config},
	{"policy file", test_policy_file},
	{"policy sources", test_policy_sources},
	{"policy mode", test_policy_mode},
	{"origin of the policy", test_policy_origin},
	{"hash of the sources", test_policy_digest},
	{"exceptions and trials", test_policy_rules},
	{"history", test_policy_history},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"doctor", NULL, NULL, NULL, NULL, tests};
