/* SPDX-License-Identifier: MIT */
/* Requests that several short ones depend on stand first: they are started in this order. */
#include "mechanisms.h"

#include <arpa/nameser.h>

#define POX_PATH "/autodiscover/autodiscover.xml"
#define POX_BODY                                                                                \
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"                                          \
	"<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/"     \
	"requestschema/2006\"><Request><EMailAddress>%A</EMailAddress>"                         \
	"<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/" \
	"responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
#define XML_HEADER "Content-Type: text/xml; charset=utf-8"
#define AUTOCONFIG "draft-ietf-mailmaint-autoconfig"

/* clang-format off */
#define SERVICE(n, s, reader, ...) \
	{.name = n, .service = (s), .url = "", .read = (reader), __VA_ARGS__}
#define POX(n, where, ...) \
	{.name = n, .url = where POX_PATH, .body = POX_BODY, .header = {XML_HEADER}, \
		.read = af_read_pox, .redirect = AFENCE_REDIRECT_NAMES, \
		.source = "MS-OXDSCLI s3.1.5", __VA_ARGS__}
#define WEB(n, where, reader, from, ...) \
	{.name = n, .url = where, .read = (reader), .source = from, __VA_ARGS__}
#define DNS(n, t, question, reader, l, from, ...) \
	{.name = n, .type = (t), .dns = question, .records = (reader), .level = (l), .source = from, __VA_ARGS__}
#define SRV(n, label, from, ...) \
	DNS(n, ns_t_srv, label ".%D", af_read_srv, AFENCE_LEVEL_F1, from, __VA_ARGS__)
#define HOST(n, question, from, ...) \
	DNS(n, ns_t_a, question, af_read_addresses, AFENCE_LEVEL_F2, from, __VA_ARGS__)
#define BY_MX(n, where, from) \
	{.name = (n), .type = ns_t_mx, .dns = "%D", .records = af_read_mx, .url = (where), \
		.read = af_read_autoconfig, .source = (from)}

const struct af_mechanism af_mechanisms[] = {
	SERVICE("autodetect", AFENCE_SERVICE_AUTODETECT, af_read_autodetect,
		.header = {"X-Email: %A"}, .headers = true, .source = "Microsoft"),
	SERVICE("office365", AFENCE_SERVICE_OFFICE365, af_read_autodiscover_json,
		.redirect = AFENCE_REDIRECT_NO, .lenient = true, .source = "Microsoft"),
	SERVICE("ispdb", AFENCE_SERVICE_ISPDB, af_read_ispdb, .source = AUTOCONFIG),
	POX("autodiscover-pox", "https://autodiscover.%D"),
	POX("autodiscover-pox-domain", "https://%D"),
	WEB("autodiscover-redirect", "http://autodiscover.%D" POX_PATH, af_read_pox, "MS-OXDSCLI s3.1.5",
		.redirect = AFENCE_REDIRECT_ANY),
	POX("autodiscover-srv", "https://%S",
		.type = ns_t_srv, .dns = "_autodiscover._tcp.%D", .records = af_read_srv),
	WEB("autodiscover-json",
		"https://autodiscover.%D/autodiscover/autodiscover.json?Email=%A&Protocol=AutodiscoverV1",
		af_read_autodiscover_json, "Microsoft", .redirect = AFENCE_REDIRECT_NO),
	WEB("autoconfig", "https://autoconfig.%D/mail/config-v1.1.xml?emailaddress=%A",
		af_read_autoconfig, AUTOCONFIG),
	WEB("autoconfig-http", "http://autoconfig.%D/mail/config-v1.1.xml?emailaddress=%A",
		af_read_autoconfig, AUTOCONFIG),
	WEB("autoconfig-wellknown", "https://%D/.well-known/autoconfig/mail/config-v1.1.xml",
		af_read_autoconfig, AUTOCONFIG),
	WEB("autoconfig-wellknown-http", "http://%D/.well-known/autoconfig/mail/config-v1.1.xml",
		af_read_autoconfig, "Thunderbird"),
	BY_MX("autoconfig-mx", "https://autoconfig.%B/mail/config-v1.1.xml?emailaddress=%A", AUTOCONFIG),
	BY_MX("autoconfig-mx-parent", "https://autoconfig.%F/mail/config-v1.1.xml?emailaddress=%A",
		AUTOCONFIG),
	SERVICE("ispdb-mx", AFENCE_SERVICE_ISPDB, af_read_autoconfig,
		.type = ns_t_mx, .dns = "%D", .records = af_read_mx, .source = AUTOCONFIG),
	WEB("pacc", "https://ua-auto-config.%D/.well-known/user-agent-configuration.json",
		af_read_pacc, "draft-ietf-mailmaint-pacc"),
	WEB("caldav", "https://%D/.well-known/caldav", af_read_any, "RFC 6764 s5"),
	WEB("carddav", "https://%D/.well-known/carddav", af_read_any, "RFC 6764 s5"),
	WEB("jmap", "https://%D/.well-known/jmap", af_read_jmap, "RFC 8620 s2.2"),
	WEB("mta-sts-policy", "https://mta-sts.%D/.well-known/mta-sts.txt", af_read_mta_sts,
		"RFC 8461 s3.2", .level = AFENCE_LEVEL_F2),
	SRV("srv-jmap", "_jmap._tcp", "RFC 8620 s2.2",
		.url = "https://%S/.well-known/jmap", .read = af_read_jmap),
	SRV("srv-caldavs", "_caldavs._tcp", "RFC 6764 s3"),
	SRV("srv-caldav", "_caldav._tcp", "RFC 6764 s3"),
	SRV("srv-carddavs", "_carddavs._tcp", "RFC 6764 s3"),
	SRV("srv-carddav", "_carddav._tcp", "RFC 6764 s3"),
	SRV("srv-imaps", "_imaps._tcp", "RFC 6186 s3.2"),
	SRV("srv-imap", "_imap._tcp", "RFC 6186 s3.2"),
	SRV("srv-pop3s", "_pop3s._tcp", "RFC 6186 s3.3"),
	SRV("srv-pop3", "_pop3._tcp", "RFC 6186 s3.3"),
	SRV("srv-submission", "_submission._tcp", "RFC 6186 s3.1"),
	SRV("srv-submissions", "_submissions._tcp", "RFC 8314 s5.1"),
	SRV("srv-sieve", "_sieve._tcp", "RFC 5804 s1.8"),
	SRV("srv-xmpp-client", "_xmpp-client._tcp", "RFC 6120 s3.2"),
	SRV("srv-xmpps-client", "_xmpps-client._tcp", "XEP-0368"),
	SRV("srv-sip", "_sip._tcp", "RFC 3263 s4"),
	SRV("srv-sips", "_sips._tcp", "RFC 3263 s4"),
	SRV("srv-ldap", "_ldap._tcp", "RFC 2782"),
	SRV("srv-ldaps", "_ldaps._tcp", "RFC 2782"),
	SRV("srv-kerberos-udp", "_kerberos._udp", "RFC 4120 s7.2.3"),
	SRV("srv-kerberos-tcp", "_kerberos._tcp", "RFC 4120 s7.2.3"),
	DNS("kerberos-txt", ns_t_txt, "_kerberos.%D", af_read_realm, AFENCE_LEVEL_F1, "MIT Kerberos"),
	DNS("pacc-txt", ns_t_txt, "_ua-auto-config.%D", af_read_pacc_txt, AFENCE_LEVEL_F1,
		"draft-ietf-mailmaint-pacc"),
	DNS("mailconf", ns_t_txt, "%D", af_read_mailconf, AFENCE_LEVEL_F1, "Pimalaya"),
	DNS("mta-sts", ns_t_txt, "_mta-sts.%D", af_read_mta_sts_txt, AFENCE_LEVEL_F2, "RFC 8461 s3.1"),
	DNS("mx", ns_t_mx, "%D", af_read_mx, AFENCE_LEVEL_F2, "RFC 5321 s5.1"),
	HOST("address", "%D", "RFC 6761 s6", .not_zone = true),
	HOST("guess-imap", "imap.%D", "Thunderbird"),
	HOST("guess-pop3", "pop3.%D", "Thunderbird"),
	HOST("guess-pop", "pop.%D", "Thunderbird"),
	HOST("guess-mail", "mail.%D", "Thunderbird"),
	HOST("guess-smtp", "smtp.%D", "Thunderbird"),
	HOST("wildcard", "%R.%D", "RFC 4592"),
	DNS("wildcard-mx", ns_t_mx, "%R.%D", af_read_mx, AFENCE_LEVEL_F2, "RFC 4592"),
};
/* clang-format on */

const size_t af_mechanism_count = sizeof(af_mechanisms) / sizeof(af_mechanisms[0]);

const struct af_probe_service_row af_services[AFENCE_PROBE_SERVICES] = {
	[AFENCE_SERVICE_DNS] = {"dns", NULL, NULL, "mx"},
	[AFENCE_SERVICE_AUTODETECT] = {"autodetect", "prod.autodetect.outlook.cloud.microsoft",
		"/autodetect/detect?app=outlookdesktopBasic", "autodetect"},
	[AFENCE_SERVICE_OFFICE365] = {"office365", "outlook.office365.com",
		"/autodiscover/autodiscover.json/v1.0/%A?Protocol=AutodiscoverV1", "office365"},
	[AFENCE_SERVICE_ISPDB] = {"ispdb", "live.thunderbird.net", "/autoconfig/v1.1/%D", "ispdb"},
};
