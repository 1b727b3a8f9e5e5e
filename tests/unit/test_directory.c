/* SPDX-License-Identifier: MIT */
/*
 * From krb5.conf, sssd.conf and smb.conf to servers and to the name that they would get: as shipped,
 * as people write it, and hostile.
 */
#include "reader_rows.h"

#define ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

#define KRB5 "/etc/krb5.conf"
#define SSSD "/etc/sssd/sssd.conf"
#define SMB  "/etc/samba/smb.conf"

#define TEN(text)      text text text text text text text text text text
#define HUNDRED(text)  TEN(TEN(text))
#define THOUSAND(text) TEN(HUNDRED(text))

#define UNTRUSTED "not trusted, must be a regular file of root that nobody else can write"
#define BROKEN    ": is no text"

/* krb5-config's; most of its realms left out. */
#define KRB5_SHIPPED                                  \
	"[libdefaults]\n"                             \
	"\tdefault_realm = ATHENA.MIT.EDU\n"          \
	"\tkdc_timesync = 1\n"                        \
	"\tccache_type = 4\n"                         \
	"\tforwardable = true\n"                      \
	"\tproxiable = true\n"                        \
	"        rdns = false\n"                      \
	"\tfcc-mit-ticketflags = true\n"              \
	"[realms]\n"                                  \
	"\tATHENA.MIT.EDU = {\n"                      \
	"\t\tkdc = kerberos.mit.edu\n"                \
	"\t\tkdc = kerberos-1.mit.edu\n"              \
	"\t\tkdc = kerberos-2.mit.edu:88\n"           \
	"\t\tadmin_server = kerberos.mit.edu\n"       \
	"\t\tdefault_domain = mit.edu\n"              \
	"\t}\n"                                       \
	"\tCSAIL.MIT.EDU = {\n"                       \
	"\t\tadmin_server = kerberos.csail.mit.edu\n" \
	"\t\tdefault_domain = csail.mit.edu\n"        \
	"\t}\n"                                       \
	"[domain_realm]\n"                            \
	"\t.mit.edu = ATHENA.MIT.EDU\n"

#define CORP                                                                  \
	"[libdefaults]\n default_realm = CORP.NET\n[realms]\n CORP.NET = {\n" \
	"  kdc = kdc1.corp.net:88\n  admin_server = adm.corp.net\n }\n"

static const struct reader_row krb5_rows[] = {
	{"as shipped", "pam_krb5.so minimum_uid=1000", {{.path = KRB5, .text = KRB5_SHIPPED}},
		"kerberos.mit.edu+ATHENA.MIT.EDU kerberos-1.mit.edu+ATHENA.MIT.EDU "
		"kerberos-2.mit.edu:88+ATHENA.MIT.EDU",
		NULL},
	{"a realm with admin_server alone", "pam_krb5.so", {{.path = KRB5, .text = KRB5_SHIPPED}},
		"kerberos.csail.mit.edu CSAIL.MIT.EDU", "a@CSAIL.MIT.EDU"},
	{"typical", "pam_krb5.so", {{.path = KRB5, .text = CORP}},
		"kdc1.corp.net:88+CORP.NET adm.corp.net+CORP.NET", NULL},
	{"a mail address is a principal", "pam_krb5.so", {{.path = KRB5, .text = CORP}},
		"example.com", "alice@example.com"},
	{"a quoted @ is part of the name", "pam_krb5.so", {{.path = KRB5, .text = CORP}},
		"kdc1.corp.net:88+CORP.NET adm.corp.net+CORP.NET", "alice\\@sei.co.jp"},
	{"case of a realm", "pam_krb5.so", {{.path = KRB5, .text = CORP}}, "corp.net",
		"a@corp.net"},
	{"realm=", "pam_krb5.so realm=LAB.TEST", {{.path = KRB5, .text = CORP}},
		"LAB.TEST+LAB.TEST", NULL},
	{"user_realm= before realm=", "pam_krb5.so user_realm=A.TEST realm=B.TEST",
		{{.path = KRB5, .text = CORP}}, "A.TEST+A.TEST", NULL},
	{"appdefaults, closest first", "pam_krb5.so",
		{{.path = KRB5,
			.text = CORP "[appdefaults]\n user_realm = NO.TEST\n pam = {\n"
				     "  user_realm = NO.TEST\n  CORP.NET = {\n"
				     "   user_realm = YES.TEST\n  }\n }\n"}},
		"YES.TEST+YES.TEST", NULL},
	{"alt_auth_map", "pam_krb5.so alt_auth_map=%s@EXAMPLE.COM", {{.path = KRB5, .text = CORP}},
		"kdc1.corp.net:88+CORP.NET adm.corp.net+CORP.NET EXAMPLE.COM+EXAMPLE.COM", NULL},
	{"search_k5login", "pam_krb5.so search_k5login", {{.path = KRB5, .text = CORP}},
		"kdc1.corp.net:88+CORP.NET adm.corp.net+CORP.NET "
		"?pam_krb5.so: search_k5login: principals of the user's own",
		NULL},
	{"search_k5login of appdefaults", "pam_krb5.so",
		{{.path = KRB5, .text = CORP "[appdefaults]\npam = {\nsearch_k5login = true\n}\n"}},
		"kdc1.corp.net:88+CORP.NET adm.corp.net+CORP.NET "
		"?pam_krb5.so: search_k5login: principals of the user's own",
		NULL},
	{"search_k5login=false", "pam_krb5.so search_k5login=false", {{.path = KRB5, .text = CORP}},
		"kdc1.corp.net:88+CORP.NET adm.corp.net+CORP.NET", NULL},
	{"prompt_principal", "pam_krb5.so prompt_principal", {{.path = KRB5, .text = CORP}},
		"example.com ?pam_krb5.so: prompt_principal: a principal not yet typed",
		"a@example.com"},
	{"no DNS", "pam_krb5.so",
		{{.path = KRB5, .text = "[libdefaults]\ndns_lookup_kdc = false\n"}}, "",
		"a@example.com"},
	{"no default", "pam_krb5.so", {{.path = KRB5}},
		"?pam_krb5.so: /etc/krb5.conf: no default_realm, libkrb5 makes one of the host's name",
		NULL},
	{"no file", "pam_krb5.so", {{0}}, "example.com", "a@example.com"},
	{"include, brace on its own line, final, quotes", "pam_krb5.so",
		{{.path = KRB5, .text = "include /a\n[libdefaults]\ndefault_realm = B.TEST\n"},
			{.path = "/a",
				.text = "[realms]*\nA.TEST* =\n{\n kdc* = \"k.test\" x\n}*\n"
					"[libdefaults]\n default_realm = A.TEST \n"}},
		"k.test+A.TEST", NULL},
	{"includedir takes some names", "pam_krb5.so realm=A.TEST",
		{{.path = KRB5, .text = "includedir /d\n"},
			{.path = "/d/a.conf", .text = "[realms]\nA.TEST = {\nkdc = a.net\n}\n"},
			{.path = "/d/b_-9", .text = "[realms]\nA.TEST = {\nkdc = b.net\n}\n"},
			{.path = "/d/c.bak", .text = "[realms]\nA.TEST = {\nkdc = c.net\n}\n"}},
		"a.net+A.TEST b.net+A.TEST", NULL},
	{"what sssd has published", "pam_krb5.so",
		{{.path = KRB5, .text = CORP}, {.path = "/var/lib/sss/pubconf/kdcinfo.CORP.NET",
						       .text = "192.0.2.7:88\n"}},
		"kdc1.corp.net:88+CORP.NET adm.corp.net+CORP.NET 192.0.2.7:88+CORP.NET", NULL},
	{"sockets and proxies", "pam_krb5.so realm=A.TEST",
		{{.path = KRB5,
			.text = "[realms]\nA.TEST = {\nkdc = /run/kdc\nkdc = https://p.net/K\n}\n"}},
		"localhost+A.TEST p.net+A.TEST", NULL},
	{"included file is not there", "pam_krb5.so", {{.path = KRB5, .text = CORP "include /a\n"}},
		"?pam_krb5.so: /etc/krb5.conf: no such file", NULL},
	{"includes itself", "pam_krb5.so", {{.path = KRB5, .text = "include " KRB5 "\n" CORP}},
		"?pam_krb5.so: /etc/krb5.conf: over a built-in limit", NULL},
	{"module", "pam_krb5.so", {{.path = KRB5, .text = "module /a.so:x\n" CORP}},
		"?pam_krb5.so: " KRB5 BROKEN, NULL},
	{"open brace", "pam_krb5.so", {{.path = KRB5, .text = "[realms]\nA = {\n"}},
		"?pam_krb5.so: " KRB5 BROKEN, NULL},
	{"brace too many", "pam_krb5.so", {{.path = KRB5, .text = "[realms]\n}\n"}},
		"?pam_krb5.so: " KRB5 BROKEN, NULL},
	{"no relation", "pam_krb5.so", {{.path = KRB5, .text = "[realms]\nkdc\n"}},
		"?pam_krb5.so: " KRB5 BROKEN, NULL},
	{"deep", "pam_krb5.so", {{.path = KRB5, .text = "[a]\n" THOUSAND("b = {\n")}},
		"?pam_krb5.so: /etc/krb5.conf: over a built-in limit", NULL},
	{"long line", "pam_krb5.so", {{.path = KRB5, .text = "#" THOUSAND("   ") "\n" CORP}},
		"?pam_krb5.so: /etc/krb5.conf: over a built-in limit", NULL},
	{"many rows", "pam_krb5.so",
		{{.path = KRB5, .text = "[a]\n" THOUSAND("b=c\nd=e\nf=g\nh=i\nj=k\n")}},
		"?pam_krb5.so: /etc/krb5.conf: over a built-in limit", NULL},
	{"realm that is a path", "pam_krb5.so", {{.path = KRB5, .text = CORP}},
		"?pam_krb5.so: a realm that is no name", "a@../../x"},
	{"link", "pam_krb5.so", {{.path = KRB5, .text = CORP, .link = true}},
		"?pam_krb5.so: /etc/krb5.conf: " UNTRUSTED, NULL},
	{"binary", "pam_krb5.so", {{.path = KRB5, .text = "a\0b", .len = 3}},
		"?pam_krb5.so: " KRB5 BROKEN, NULL},
	{"unreadable", "pam_krb5.so", {{.path = KRB5, .status = AFENCE_ERR_SYSTEM}},
		"?pam_krb5.so: /etc/krb5.conf: cannot be read", NULL},
	{"no name for a server", "pam_krb5.so",
		{{.path = KRB5, .text = "[realms]\nA = {\nkdc = a!b\n}\n"}},
		"?pam_krb5.so: a server that is neither name nor address", "a@A"},
};

#define DOMAIN(provider, rest) \
	"[sssd]\ndomains = lab\n[domain/lab]\nid_provider = " provider "\n" rest

static const struct reader_row sss_rows[] = {
	{"Debian's example has no domain", "pam_sss.so",
		{{.path = SSSD,
			.text = "[sssd]\nconfig_file_version = 2\nservices = nss, pam\n; domains = "
				"LDAP\n\n[nss]\n\n[pam]\n# Example LDAP domain\n; [domain/LDAP]\n"}},
		"", NULL},
	{"as shipped: a service of PAM", "pam_sss.so",
		{{.path = SSSD,
			 .text = "[sssd]\ndomains = shadowutils\n\n[nss]\n\n[pam]\n\n"
				 "[domain/shadowutils]\nid_provider = files\n\nauth_provider = proxy\n"
				 "proxy_pam_target = sssd-shadowutils\n\nproxy_fast_alias = True\n"},
			{.path = "/etc/pam.d/sssd-shadowutils",
				.text = "auth [success=done default=die] pam_unix.so nullok\n"
					"password required pam_unix.so\n"}},
		"", NULL},
	{"ldap", "pam_sss.so",
		{{.path = SSSD,
			.text = DOMAIN("ldap", "ldap_uri = ldap://a.net, ldaps://b.net:1636\n"
					       "ldap_backup_uri = ldap://c.net\n"
					       "ldap_chpass_uri = ldap://d.net\n")}},
		"a.net+lab b.net:1636+lab c.net+lab d.net+lab", NULL},
	{"krb5 for auth", "pam_sss.so",
		{{.path = SSSD,
			.text = DOMAIN("ldap", "ldap_uri = ldap://a.net\nauth_provider = krb5\n"
					       "krb5_server = k.net\nkrb5_realm = EXAMPLE.COM\n")}},
		"k.net+lab k.net+EXAMPLE.COM", NULL},
	{"chpass_provider", "pam_sss.so",
		{{.path = SSSD,
			.text = DOMAIN("ldap", "ldap_uri = ldap://a.net\nauth_provider = none\n"
					       "chpass_provider = ldap\n")}},
		"a.net+lab", NULL},
	{"snippets win", "pam_sss.so",
		{{.path = SSSD, .text = DOMAIN("ldap", "ldap_uri = ldap://a.net\n")},
			{.path = "/etc/sssd/conf.d/z.conf",
				.text = "[domain/lab]\nldap_uri = ldap://z.net\n"},
			{.path = "/etc/sssd/conf.d/y.conf",
				.text = "[domain/lab]\nldap_uri = ldap://y.net\n"},
			{.path = "/etc/sssd/conf.d/zz",
				.text = "[domain/lab]\nldap_uri = ldap://zz.net\n"}},
		"z.net+lab", NULL},
	{"ad: DNS", "pam_sss.so", {{.path = SSSD, .text = DOMAIN("ad", "ad_domain = corp.net\n")}},
		"corp.net+lab", NULL},
	{"ad: _srv_ and more", "pam_sss.so",
		{{.path = SSSD, .text = DOMAIN("ad", "ad_server = _srv_, dc1.net\n")}},
		"lab+lab dc1.net+lab", NULL},
	{"ipa", "pam_sss.so",
		{{.path = SSSD,
			.text = DOMAIN("ipa", "ipa_server = i.net\n[domain/lab/sub.test]\n"
					      "ipa_server = s.net\n")}},
		"i.net+lab s.net+sub.test", NULL},
	{"ldap: DNS of a domain", "pam_sss.so",
		{{.path = SSSD, .text = DOMAIN("ldap", "dns_discovery_domain = d.net\n")}},
		"d.net+lab", NULL},
	{"ldap: DNS of the host's domain", "pam_sss.so",
		{{.path = SSSD, .text = DOMAIN("ldap", "")}},
		"lab+lab ?pam_sss.so: /etc/sssd/sssd.conf: no server and no dns_discovery_domain, "
		"so that of the host's name",
		NULL},
	{"domains= and enabled", "pam_sss.so domains=b,c",
		{{.path = SSSD,
			.text = "[sssd]\ndomains = a, b\n"
				"[domain/a]\nid_provider = ldap\nldap_uri = ldap://a.net\n"
				"[domain/b]\nid_provider = ldap\nldap_uri = ldap://b.net\n"
				"[domain/c]\nenabled = true\nid_provider = ldap\n"
				"ldap_uri = ldap://c.net\n"
				"[domain/d]\nid_provider = ldap\nldap_uri = ldap://d.net\n"}},
		"c.net+c b.net+b", NULL},
	{"snippets alone", "pam_sss.so",
		{{.path = "/etc/sssd/conf.d/a.conf",
			.text = DOMAIN("ldap", "ldap_uri = ldap://a.net\n")}},
		"a.net+lab", NULL},
	{"a snippet that is gone", "pam_sss.so",
		{{.path = SSSD, .text = DOMAIN("ldap", "ldap_uri = ldap://a.net\n")},
			{.path = "/etc/sssd/conf.d/a.conf", .status = AFENCE_ERR_ABSENT}},
		"?pam_sss.so: /etc/sssd/sssd.conf: no such file", NULL},
	{"a suffix of none of the domains", "pam_sss.so",
		{{.path = SSSD,
			.text = "[sssd]\ndomains = a\ndefault_domain_suffix = ad.example.com\n"
				"[domain/a]\nid_provider = ldap\nldap_uri = ldap://a.net\n"}},
		"(unknown)+ad.example.com a.net+a "
		"?pam_sss.so: /etc/sssd/sssd.conf: default_domain_suffix is none of the domains",
		NULL},
	{"proxy", "pam_sss.so",
		{{.path = SSSD, .text = DOMAIN("proxy", "proxy_pam_target = inner\n")},
			{.path = "/etc/pam.d/inner", .text = "auth required pam_krb5.so\n"},
			{.path = KRB5, .text = CORP}},
		"kdc1.corp.net:88+CORP.NET adm.corp.net+CORP.NET", NULL},
	{"proxy to itself", "pam_sss.so",
		{{.path = SSSD, .text = DOMAIN("proxy", "proxy_pam_target = inner\n")},
			{.path = "/etc/pam.d/inner", .text = "auth required pam_sss.so\n"}},
		"?pam_sss.so: /etc/sssd/sssd.conf: no proxy_pam_target that can be followed", NULL},
	{"hundreds of domains", "pam_sss.so",
		{{.path = SSSD,
			.text = "[sssd]\ndomains = " HUNDRED(
				"lab ") "\n[domain/lab]\n"
					"id_provider = ldap\nldap_uri = ldap://a.net\n"}},
		"a.net+lab ?pam_sss.so: /etc/sssd/sssd.conf: too many domains", NULL},
	{"a service with hundreds of lines", "pam_sss.so",
		{{.path = SSSD, .text = DOMAIN("proxy", "proxy_pam_target = inner\n")},
			{.path = "/etc/pam.d/inner",
				.text = HUNDRED("auth required pam_krb5.so\n")},
			{.path = KRB5, .text = CORP}},
		"kdc1.corp.net:88+CORP.NET adm.corp.net+CORP.NET "
		"?pam_krb5.so: a service of proxy_pam_target asks it",
		NULL},
	{"a provider of tomorrow", "pam_sss.so", {{.path = SSSD, .text = DOMAIN("idp", "")}},
		"?pam_sss.so: /etc/sssd/sssd.conf: a provider that nothing is known of", NULL},
	{"a domain without a section", "pam_sss.so",
		{{.path = SSSD, .text = "[sssd]\ndomains = x\n"}},
		"?pam_sss.so: /etc/sssd/sssd.conf: a domain without id_provider and auth_provider",
		NULL},
	{"none", "pam_sss.so", {{0}}, "?pam_sss.so: /etc/sssd/sssd.conf: no such file", NULL},
	{"0600, not root", "pam_sss.so", {{.path = SSSD, .status = AFENCE_ERR_SYSTEM}},
		"?pam_sss.so: /etc/sssd/sssd.conf: cannot be read", NULL},
	{"link", "pam_sss.so", {{.path = SSSD, .text = "", .link = true}},
		"?pam_sss.so: /etc/sssd/sssd.conf: " UNTRUSTED, NULL},
	{"folder cannot be read", "pam_sss.so",
		{{.path = SSSD, .text = DOMAIN("ldap", "ldap_uri = ldap://a.net\n")},
			{.path = "/etc/sssd/conf.d", .status = AFENCE_ERR_SYSTEM}},
		"?pam_sss.so: /etc/sssd/conf.d: cannot be read", NULL},
	{"no form", "pam_sss.so", {{.path = SSSD, .text = "[sssd]\ndomains\n"}},
		"?pam_sss.so: " SSSD BROKEN, NULL},
};

static const struct reader_row winbind_rows[] = {
	{"as shipped", "pam_winbind.so",
		{{.path = SMB,
			.text = "#======= Global Settings =======\n\n[global]\n\n## Browsing/"
				"Identification ###\n   workgroup = WORKGROUP\n;   interfaces = "
				"127.0.0.0/8 eth0\n   log file = /var/log/samba/log.%m\n   max log size "
				"= 1000\n   server role = standalone server\n   passwd chat = "
				"*Enter\\snew\\s*\\spassword:* %n\\n .\n[printers]\n   path = "
				"/var/tmp\n"}},
		"?pam_winbind.so: /etc/samba/smb.conf: no \"realm\", so domain controllers are found by "
		"NetBIOS",
		NULL},
	{"typical", "pam_winbind.so",
		{{.path = SMB,
			.text = "[global]\nrealm = CORP.NET\npassword server = dc1.corp.net, dc2:445 *\n"}},
		"dc1.corp.net dc2:445 CORP.NET", NULL},
	{"krb5_auth", "pam_winbind.so krb5_auth",
		{{.path = SMB, .text = "Realm = CORP.NET\nPasswordServer = dc1.corp.net\n"}},
		"dc1.corp.net+CORP.NET CORP.NET+CORP.NET", NULL},
	{"krb5_auth in another case", "pam_winbind.so KRB5_Auth",
		{{.path = SMB, .text = "Realm = CORP.NET\nPasswordServer = dc1.corp.net\n"}},
		"dc1.corp.net+CORP.NET CORP.NET+CORP.NET", NULL},
	{"krb5_auth of its own file, a principal", "pam_winbind.so",
		{{.path = SMB, .text = "[global]\nrealm = CORP.NET\n"},
			{.path = "/etc/security/pam_winbind.conf",
				.text = "[global]\nkrb5_auth = yes\n"}},
		"CORP.NET+CORP.NET example.com", "a@example.com"},
	{"a NetBIOS domain", "pam_winbind.so krb5_auth",
		{{.path = SMB, .text = "[global]\nrealm = CORP.NET\n"}},
		"CORP.NET+CORP.NET ?pam_winbind.so: krb5_auth: the realm of a NetBIOS domain",
		"OTHER\\a"},
	{"a share is not global", "pam_winbind.so",
		{{.path = SMB, .text = "[global]\nrealm = CORP.NET\n[x]\nrealm = NO.NET\n"}},
		"CORP.NET", NULL},
	{"include", "pam_winbind.so", {{.path = SMB, .text = "[global]\ninclude = /a\n"}},
		"?pam_winbind.so: /etc/samba/smb.conf: another file or the registry is included",
		NULL},
	{"macro", "pam_winbind.so",
		{{.path = SMB, .text = "[global]\nrealm = A.NET\npassword server = %L\n"}},
		"?pam_winbind.so: /etc/samba/smb.conf: a macro (%) in a server or realm", NULL},
	{"joined lines", "pam_winbind.so",
		{{.path = SMB, .text = "[global]\npassword server = a \\\n b\n"}},
		"?pam_winbind.so: " SMB BROKEN, NULL},
	{"none", "pam_winbind.so", {{0}}, "?pam_winbind.so: /etc/samba/smb.conf: no such file",
		NULL},
	{"link", "pam_winbind.so", {{.path = SMB, .text = "", .link = true}},
		"?pam_winbind.so: /etc/samba/smb.conf: " UNTRUSTED, NULL},
};

static void test_krb5(void)
{
	reader_rows_check(af_pam_read_krb5, ROWS(krb5_rows));
}

static void test_sss(void)
{
	reader_rows_check(af_pam_read_sss, ROWS(sss_rows));
}

static void test_winbind(void)
{
	reader_rows_check(af_pam_read_winbind, ROWS(winbind_rows));
}

static CU_TestInfo tests[] = {
	{"pam_krb5", test_krb5},
	{"pam_sss", test_sss},
	{"pam_winbind", test_winbind},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"directory", NULL, NULL, NULL, NULL, tests};
