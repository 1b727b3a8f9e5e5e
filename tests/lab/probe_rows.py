# SPDX-License-Identifier: MIT
"""What the probe's servers answer, row by row, and what the probe must make of it.

A row is a name, the records that its zone has beside the honest ones, the answers that the web server
gives instead of the honest ones, and the checks that must not end as honest: (domain, mechanism,
"F1" to "F3" or "?" for inconclusive, hosts).  Web answers are kept by URL without its query, or,
for a service that is asked about many domains, by its name and the domain.
"""
import base64
import json
from typing import NamedTuple

import autoconf

EXTERNAL, INTERNAL, NOBODY = '192.88.99.7', '10.9.8.7', '192.88.99.53'
FAR, SUBMIT = 'imapgms.jnet.sei.co.jp', 'smtpgms.jnet.sei.co.jp'
SITE = 'dev.acme.internal'  # reserved by the policy of the runs
CONTROLS = ('gmail.com', 'outlook.com')
SERVICES = {
    'autodetect': 'prod.autodetect.outlook.cloud.microsoft',
    'office365': 'outlook.office365.com',
    'ispdb': 'live.thunderbird.net',
}
SERVERS = ('autodiscover', 'autoconfig', 'ua-auto-config', 'mta-sts')
POX = '/autodiscover/autodiscover.xml'
V2 = '/autodiscover/autodiscover.json'
CONFIG = '/mail/config-v1.1.xml'
PACC = '/.well-known/user-agent-configuration.json'
STS = '/.well-known/mta-sts.txt'


class Answer(NamedTuple):
    status: int = 404
    body: bytes = b''
    headers: dict = {}
    pause: float = 0  # seconds between two bytes of the body
    late: float = 0  # seconds before the answer


class Row(NamedTuple):
    name: str
    expect: tuple = ()
    zone: tuple = ()
    web: dict = {}
    everywhere: Answer = None  # to all that is asked about SITE
    certificate: str = 'server'  # of all hosts of SITE
    domains: tuple = ('example.com', 'test', SITE)  # that are asked about


def as_json(value, status=200, **headers):
    return Answer(status, autoconf.compact(value), {'Content-Type': 'application/json', **headers})


def as_xml(text):
    return Answer(200, b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode(),
                  {'Content-Type': 'text/xml; charset=utf-8'})


def redirect(url):
    return Answer(302, b'', {'Location': url})


def detected(email, *hosts, services=()):
    return as_json({'email': email, 'services': list(services),
                    'protocols': [autoconf.protocol('imap', host, 993) for host in hosts]})


def pox(*servers):
    protocols = ''.join(f'<Protocol><Type>IMAP</Type><Server>{server}</Server><Port>993</Port>'
                        '<SSL>on</SSL></Protocol>' for server in servers)
    return as_xml('<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/'
                  'responseschema/2006"><Response xmlns="http://schemas.microsoft.com/exchange/'
                  'autodiscover/outlook/responseschema/2006a"><Account><AccountType>email'
                  f'</AccountType><Action>settings</Action>{protocols}</Account></Response>'
                  '</Autodiscover>')


POX_NOBODY = as_xml('<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/'
                    'responseschema/2006"><Response><Error Time="10:00:00" Id="1"><ErrorCode>500'
                    '</ErrorCode><Message>The email address can\'t be found.</Message></Error>'
                    '</Response></Autodiscover>')


def config(domain, *hosts):
    servers = ''.join(f'<incomingServer type="imap"><hostname>{host}</hostname><port>993</port>'
                      '<socketType>SSL</socketType><username>%EMAILADDRESS%</username>'
                      '<authentication>password-cleartext</authentication></incomingServer>'
                      for host in hosts)
    return as_xml(f'<clientConfig version="1.1"><emailProvider id="{domain}"><domain>{domain}'
                  f'</domain>{servers}</emailProvider></clientConfig>')


def v2(host):
    return as_json({'Protocol': 'AutodiscoverV1', 'Url': f'https://{host}{POX}'})


def jmap(host):
    return as_json({'capabilities': {}, 'accounts': {}, 'apiUrl': f'https://{host}/jmap/api/',
                    'downloadUrl': f'https://{host}/jmap/{{accountId}}/{{blobId}}/{{name}}'
                                   '?accept={type}',
                    'uploadUrl': f'https://{host}/jmap/{{accountId}}/',
                    'eventSourceUrl': f'https://{host}/jmap/events/?types={{types}}', 'state': '1'})


def pacc(host):
    return as_json({'protocols': {'imap': {'host': host}}, 'info': {'provider': {'name': 'Far'}},
                    'authentication': {'password': True}})


def a(name, address=EXTERNAL):
    return f'{name}. A {address}'


def mx(name, host, preference=10):
    return f'{name}. MX {preference} {host}.'


def srv(name, host, port=443):
    return f'{name}. SRV 0 1 {port} {host}.'


def txt(name, *strings):
    return f'{name}. TXT ' + ' '.join(f'"{string}"' for string in strings)


# Honest: three public zones with a web server that knows of no mail, a reserved domain of a house
# whose own servers answer from inside, services that know the controls and nobody else.
HONEST_ZONE = [
    *(a(host) for host in SERVICES.values()),
    *(record for name in ('example.com', 'example.net', 'example.org') for record in (
        a(name), f'{name}. MX 0 .', txt(name, 'v=spf1 -all'),
        f'_imaps._tcp.{name}. SRV 0 0 0 .')),
    *(record for name in CONTROLS for record in (
        mx(name, f'mx.{name}'), a(f'mx.{name}'), a(name), srv(f'_imaps._tcp.{name}', f'imap.{name}'))),
    *(a(name, INTERNAL) for name in (
        SITE, f'mail.{SITE}', 'mail.hub.acme.internal',
        *(f'{server}.{SITE}' for server in SERVERS),
        'autoconfig.acme.internal', 'autoconfig.hub.acme.internal')),
    mx(SITE, 'mail.hub.acme.internal'),
    *(srv(f'_{service}._tcp.{SITE}', f'mail.{SITE}')
      for service in ('autodiscover', 'jmap', 'imaps', 'submissions')),
    a(FAR), a(SUBMIT),
]

HONEST_WEB = {
    **{f'autodetect {name}': detected(f'0-authfence-probe@{name}', f'imap.{name}')
       for name in CONTROLS},
    'office365 outlook.com': v2('outlook.office365.com'),
    **{f'ispdb {name}': config(name, f'imap.{name}') for name in CONTROLS},
    f'https://autoconfig.{SITE}{CONFIG}': config(SITE, f'mail.{SITE}', 'mail.hub.acme.internal'),
    f'https://mail.{SITE}{POX}': pox(f'mail.{SITE}'),
    f'https://autodiscover.{SITE}{POX}': POX_NOBODY,
    f'https://{SITE}/.well-known/jmap': jmap(f'mail.{SITE}'),
    f'https://{SITE}/.well-known/caldav': redirect(f'https://mail.{SITE}/calendar/'),
    f'https://mta-sts.{SITE}{STS}': Answer(
        200, f'version: STSv1\r\nmode: enforce\r\nmx: mail.{SITE}\r\nmax_age: 86400\r\n'.encode()),
}
# Where nothing is known: what each service says of a stranger.
NOBODY_HERE = {
    'autodetect': Answer(204, b'', {'x-autodv2-error': 'ENOTFOUND'}),
    'office365': redirect(f'/autodiscover/autodiscover.json?Email=probe&Protocol=AutodiscoverV1'
                          '&RedirectCount=1'),
    'ispdb': Answer(404),
}

SRV_ROWS = {
    'srv-imaps': '_imaps._tcp', 'srv-imap': '_imap._tcp', 'srv-pop3s': '_pop3s._tcp',
    'srv-pop3': '_pop3._tcp', 'srv-submission': '_submission._tcp',
    'srv-submissions': '_submissions._tcp', 'srv-sieve': '_sieve._tcp',
    'srv-caldavs': '_caldavs._tcp', 'srv-caldav': '_caldav._tcp',
    'srv-carddavs': '_carddavs._tcp', 'srv-carddav': '_carddav._tcp', 'srv-jmap': '_jmap._tcp',
    'srv-xmpp-client': '_xmpp-client._tcp', 'srv-xmpps-client': '_xmpps-client._tcp',
    'srv-sip': '_sip._tcp', 'srv-sips': '_sips._tcp', 'srv-ldap': '_ldap._tcp',
    'srv-ldaps': '_ldaps._tcp', 'srv-kerberos-udp': '_kerberos._udp',
    'srv-kerberos-tcp': '_kerberos._tcp', 'autodiscover-srv': '_autodiscover._tcp',
}


def one(mechanism, level, *hosts, at='test', name=None, **answers):
    """A row with one finding."""
    return Row(name or mechanism, ((at, mechanism, level, hosts),), **answers)


def same_names(*kept):
    """Records that keep a wildcard below "test" from all names but random ones."""
    labels = {*SERVERS, 'imap', 'pop3', 'pop', 'mail', 'smtp', *kept}
    return tuple(txt(f'{label}.test', 'kept') for label in sorted(labels))


# Each mechanism, dishonest alone.
MECHANISMS = (
    one('autodetect', 'F1', FAR, web={'autodetect test': detected('probe@test', FAR)}),
    one('autodetect', 'F1', name='autodetect-services',
        web={'autodetect test': detected('probe@test', services=['office365'])}),
    one('office365', 'F1', 'outlook.office365.com',
        web={'office365 test': v2('outlook.office365.com')}),
    one('ispdb', 'F1', FAR, web={'ispdb test': config('test', FAR)}),
    one('ispdb', 'F1', 'mail.test', name='ispdb-domain',
        web={'ispdb test': config('test', 'mail.test')}),
    one('autodiscover-pox', 'F1', FAR, zone=(a('autodiscover.test'),),
        web={f'https://autodiscover.test{POX}': pox(FAR)}),
    one('autodiscover-pox', 'F2', FAR, name='autodiscover-pox-redirect',
        zone=(a('autodiscover.test'),),
        web={f'https://autodiscover.test{POX}': redirect(f'https://{FAR}{POX}')}),
    one('autodiscover-pox', 'F2', 'mail.test', name='autodiscover-pox-reserved',
        zone=(a('autodiscover.test'),), web={f'https://autodiscover.test{POX}': pox('mail.test')}),
    one('autodiscover-pox-domain', 'F1', FAR, at='example.com',
        web={f'https://example.com{POX}': pox(FAR)}),
    one('autodiscover-redirect', 'F2', FAR, zone=(a('autodiscover.test'),),
        web={f'http://autodiscover.test{POX}': redirect(f'https://{FAR}{POX}')}),
    one('autodiscover-srv', 'F1', FAR, at=SITE, name='autodiscover-srv-post',
        web={f'https://mail.{SITE}{POX}': pox(FAR)}),
    one('autodiscover-json', 'F1', FAR, zone=(a('autodiscover.test'),),
        web={f'https://autodiscover.test{V2}': v2(FAR)}),
    one('autoconfig', 'F1', FAR, zone=(a('autoconfig.test'),),
        web={f'https://autoconfig.test{CONFIG}': config('test', FAR)}),
    one('autoconfig', 'F1', 'mail.' + SITE, FAR, at=SITE, name='autoconfig-inside',
        web={f'https://autoconfig.{SITE}{CONFIG}': config(SITE, f'mail.{SITE}', FAR)}),
    one('autoconfig', 'F3', FAR, name='autoconfig-redirect', zone=(a('autoconfig.test'),),
        web={f'https://autoconfig.test{CONFIG}': redirect(f'https://{FAR}/x')}),
    one('autoconfig', 'F3', '127.0.0.1', name='autoconfig-redirect-inside',
        zone=(a('autoconfig.test'),),
        web={f'https://autoconfig.test{CONFIG}': redirect('http://127.0.0.1/x')}),
    one('autoconfig-http', 'F1', FAR, zone=(a('autoconfig.test'),),
        web={f'http://autoconfig.test{CONFIG}': config('test', FAR)}),
    *(one('autoconfig-wellknown' + suffix, 'F1', FAR, at='example.com',
          web={f'{scheme}://example.com/.well-known/autoconfig{CONFIG}': config('example.com', FAR)})
      for scheme, suffix in (('https', ''), ('http', '-http'))),
    one('autoconfig-mx', 'F1', FAR, at=SITE,
        web={f'https://autoconfig.acme.internal{CONFIG}': config('acme.internal', FAR)}),
    one('autoconfig-mx-parent', 'F1', FAR, at=SITE,
        web={f'https://autoconfig.hub.acme.internal{CONFIG}': config('hub.acme.internal', FAR)}),
    one('ispdb-mx', 'F1', FAR, at=SITE, web={'ispdb acme.internal': config('acme.internal', FAR)}),
    one('pacc', 'F1', FAR, zone=(a('ua-auto-config.test'),),
        web={f'https://ua-auto-config.test{PACC}': pacc(FAR)}),
    one('pacc-txt', 'F2', zone=(
        txt('_ua-auto-config.test', 'v=UAAC1; a=sha256; d=' + base64.b64encode(bytes(32)).decode()),)),
    one('mailconf', 'F1', FAR, zone=(txt('test', f'mailconf=https://{FAR}/config.xml'),)),
    *(one(name, 'F1', FAR, zone=(srv(f'{label}.test', FAR),)) for name, label in SRV_ROWS.items()),
    one('srv-submissions', 'F2', 'mail.test', name='srv-reserved',
        zone=(srv('_submissions._tcp.test', 'mail.test'),)),
    one('srv-jmap', 'F1', FAR, at=SITE, name='srv-jmap-session',
        web={f'https://mail.{SITE}/.well-known/jmap': jmap(FAR)}),
    one('caldav', 'F3', FAR, at='example.com',
        web={'https://example.com/.well-known/caldav': redirect(f'https://{FAR}/dav/')}),
    one('carddav', 'F3', FAR, at='example.com',
        web={'https://example.com/.well-known/carddav': redirect(f'https://{FAR}/dav/')}),
    one('jmap', 'F1', FAR, at='example.com',
        web={'https://example.com/.well-known/jmap': jmap(FAR)}),
    one('kerberos-txt', 'F1', 'sei.co.jp', zone=(txt('_kerberos.test', 'SEI.CO.JP'),)),
    one('mx', 'F2', FAR, zone=(mx('test', FAR),)),
    one('mta-sts', 'F2', zone=(txt('_mta-sts.test', 'v=STSv1; id=20251208T000000;'),)),
    one('mta-sts-policy', 'F2', FAR, zone=(a('mta-sts.test'),), web={
        f'https://mta-sts.test{STS}': Answer(
            200, f'version: STSv1\nmode: enforce\nmx: {FAR}\nmax_age: 86400\n'.encode())}),
    one('address', 'F2', EXTERNAL, zone=(a('test'),)),
    *(one(f'guess-{label}', 'F2', EXTERNAL, zone=(a(f'{label}.test'),))
      for label in ('imap', 'pop3', 'pop', 'mail', 'smtp')),
    one('wildcard', 'F2', EXTERNAL, zone=(*same_names(), a('*.test'))),
    one('wildcard-mx', 'F2', FAR, zone=(mx('*.test', FAR),)),
)

INCIDENT = one('autodetect', 'F1', FAR, SUBMIT, at='example.com', name='incident', web={
    'autodetect example.com': Answer(200, autoconf.BODY, autoconf.HEADERS)})

# Every request about SITE.
WEB = ('autodetect', 'office365', 'ispdb', 'autodiscover-pox', 'autodiscover-pox-domain',
       'autodiscover-redirect', 'autodiscover-srv', 'autodiscover-json', 'autoconfig',
       'autoconfig-http', 'autoconfig-wellknown', 'autoconfig-wellknown-http', 'autoconfig-mx',
       'autoconfig-mx-parent', 'ispdb-mx', 'pacc', 'caldav', 'carddav', 'jmap', 'mta-sts-policy',
       'srv-jmap')
SERVICE_WEB = ('autodetect', 'office365', 'ispdb', 'ispdb-mx')
PLAIN = ('autodiscover-redirect', 'autoconfig-http', 'autoconfig-wellknown-http')


def all_of(level, *without):
    return tuple((SITE, name, level, ()) for name in WEB if name not in without)


def broken(name, answer, level, *without):
    """Everything that is asked about SITE gets the same answer."""
    return Row(f'broken-{name}', all_of(level, *without), everywhere=answer)


def certified(name):
    return Row(f'broken-{name}', all_of('?', *SERVICE_WEB, *PLAIN), certificate=name)


def poisoned(value):
    return {'autodetect test': Answer(204, b'', {'x-debug-support': value})}


def recorded(provider, host):
    """The debug header of a record with such values."""
    record = json.loads(json.dumps(autoconf.DEBUG))
    record['db']['provider'].update(Id=provider, Protocols=[{'Protocol': 'imap', 'Hostname': host}])
    return base64.b64encode(autoconf.compact(record)).decode()


def rewritten(domain, public):
    """What a name server that knows every name does to DOMAIN: its address for all that is asked
    about addresses, and no trusted certificate behind it."""
    hosts = () if public else ('address',)
    found = (*hosts, 'guess-imap', 'guess-pop3', 'guess-pop', 'guess-mail', 'guess-smtp', 'wildcard')
    asked = ('autodiscover-pox', 'autodiscover-json', 'autoconfig', 'pacc', 'mta-sts-policy')
    at_domain = () if public else ('autodiscover-pox-domain', 'autoconfig-wellknown', 'caldav',
                                   'carddav', 'jmap')
    return (*((domain, name, 'F2', (EXTERNAL,)) for name in found),
            *((domain, name, '?', ()) for name in (*asked, *at_domain)))


ESCAPES = '\x1b]0;owned\x07\x1b[2j\x9b31m\u202e'
GARBAGE = '\x1b]0;owned\x07\x1b[2J' + '=%%%' * 40 + '\x9b31m'
HTML = Answer(200, b'<!DOCTYPE html>\n<html><head><title>Example Domain</title></head><body><p>This '
                   b'domain is for use in documentation examples.</p></body></html>\n',
              {'Content-Type': 'text/html'})
# Slow ones are apart: they need a deadline.
BROKEN = (
    broken('html200', HTML, 'F3'),
    one('autodetect', 'F1', FAR, SUBMIT, name='broken-header204-record',
        web=poisoned(autoconf.HEADERS['x-debug-support'])),
    one('autodetect', 'F1', f'imap{ESCAPES}.sei.co.jp', name='broken-header204-escapes',
        web=poisoned(recorded(f'seeatest{ESCAPES}', f'imap{ESCAPES}.sei.co.jp'))),
    one('autodetect', 'F1', FAR, name='broken-header-garbage', web={
        'autodetect test': detected('probe@test', FAR)._replace(
            headers={'x-debug-support': GARBAGE})}),
    Row('broken-header204-garbage', web=poisoned(GARBAGE)),
    Row('broken-header204-long', web=poisoned('A' * 40000)),
    broken('redirect', redirect('?and=again'), '?'),
    broken('json', Answer(200, b'{"services":[],"protocols":[', {
        'Content-Type': 'application/json'}), 'F3'),
    broken('xml', Answer(200, b'<?xml version="1.0"?>\n<!DOCTYPE clientConfig [<!ENTITY a "aaaa">'
                              b'<!ENTITY b "&a;&a;&a;">]><clientConfig version="1.1">&b;',
                         {'Content-Type': 'text/xml'}), 'F3'),
    broken('big', Answer(200, b'{"services":[' + b'"a",' * 2500000 + b'"a"],"protocols":[]}'), 'F3'),
    certified('expired'),
    certified('stranger'),
    certified('unknown'),
    Row('broken-dns', (*rewritten('example', False), *rewritten('example.com', True)),
        zone=(f'*. A {EXTERNAL}', a('*.example.com')), domains=('example', 'example.com')),
    one('mx', 'F3', 'mail.test', name='broken-null-mx',
        zone=('test. MX 0 .', mx('test', 'mail.test'))),
    Row('broken-refused', (('test', 'autoconfig', '?', ()), ('test', 'autoconfig-http', '?', ())),
        zone=(a('autoconfig.test', NOBODY),)),
    broken('503', Answer(503), '?'),
    broken('401', Answer(401, b'', {'WWW-Authenticate': 'Basic realm="mail"'}), '?'),
)
SLOW = (
    broken('body', HTML._replace(pause=1), '?'),
    broken('late', HTML._replace(late=30), '?'),
    Row('broken-late-one', ((SITE, 'autoconfig', '?', ()),), everywhere=HTML._replace(late=30)),
)
# All services take their time, so that requests are under way together.
PATIENT = Row('patient', web={
    f'{service} {name}': (HONEST_WEB.get(f'{service} {name}') or nobody)._replace(late=1)
    for service, nobody in NOBODY_HERE.items()
    for name in (*CONTROLS, 'example.com', 'test', SITE)})
# Nobody knows the controls.
UNCONTROLLED = Row(
    'no-control',
    tuple((domain, name, '?', ()) for domain in ('example.com', 'test', SITE)
          for name in SERVICE_WEB) +
    tuple(('RANDOM.example.com', name, '?', ()) for name in SERVICES),
    web={f'{service} {name}': Answer(404) for service in SERVICES for name in CONTROLS})

ROWS = {row.name: row for row in (
    Row('honest'), INCIDENT, *MECHANISMS, *BROKEN, *SLOW, PATIENT, UNCONTROLLED)}
GROUPS = {'mechanisms': MECHANISMS, 'broken': BROKEN}


def records(row):
    """The lines of ROW's zone.  A name that ROW has something for loses its honest records of that
    type."""
    changed = {tuple(record.split()[:2]) for record in row.zone}
    return ['. 60 SOA ns.lab. root.lab. 1 3600 600 86400 60', '. 60 NS ns.lab.',
            f'ns.lab. 60 A {NOBODY}', f'row.lab. 60 TXT "{row.name}"',
            *(line.replace(' ', ' 60 ', 1) for line in (
                *(record for record in HONEST_ZONE if tuple(record.split()[:2]) not in changed),
                *row.zone))]


def names():
    """All hosts that have a certificate."""
    hosts = {line.split()[0].rstrip('.') for row in ROWS.values() for line in records(row)
             if line.split()[2] == 'A'}
    return sorted(host for host in hosts if '*' not in host and host)


def of_site(host):
    return f'.{host}'.endswith('.acme.internal')


def about(key):
    """True if the question KEY, as in Row.web, is one about SITE."""
    service, _, domain = key.partition(' ')
    return of_site(domain) if domain else of_site(service.split('/')[2])


def answer(row, key):
    """What ROW says to the question KEY."""
    if row.everywhere is not None and about(key):
        return row.everywhere
    service = key.partition(' ')[0]
    return row.web.get(key) or HONEST_WEB.get(key) or NOBODY_HERE.get(service) or Answer()
