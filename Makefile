# SPDX-License-Identifier: MIT
# authfence: `make help` lists the targets.  What a packager may set stands first.

VERSION    = 0.1.0
CC        ?= cc
CFLAGS    ?= -O2 -g
LDFLAGS   ?=
PKGCONFIG ?= pkg-config
INSTALL   ?= install
prefix     ?= /usr
sysconfdir ?= /etc
bindir     ?= $(prefix)/bin
mandir     ?= $(prefix)/share/man
vendordir  ?= $(prefix)/lib/authfence
libdir     ?= $(shell $(PKGCONFIG) --variable=libdir libsasl2)
sasldir    ?= $(libdir)/sasl2
pamdir     ?= $(shell $(PKGCONFIG) --variable=libdir pam)/security
guarddir   ?= $(libdir)/authfence
unitdir    ?= $(prefix)/lib/systemd/system
completiondir ?= $(prefix)/share/bash-completion/completions
docdir     ?= $(prefix)/share/doc/authfence
B          ?= build

# What the code needs, kept apart so that a user's CFLAGS survive.
AF_CPPFLAGS = -D_GNU_SOURCE -DAFENCE_VERSION='"$(VERSION)"' -Iinclude -Icommon -I$(B)/gen
AF_CFLAGS   = -std=c11 -fPIC -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wmissing-prototypes \
              -Wstrict-prototypes -Wvla -Wswitch -fstack-protector-strong $(WERROR)
GUEST_LD    = -shared -Wl,-z,defs -Wl,-z,now -Wl,-z,relro -Wl,--as-needed -Wl,-z,nodelete
PROGRAM_LD  = -pie -Wl,-z,now -Wl,-z,relro -Wl,--as-needed
GUEST_LIBS   = -lcares -lidn2
PROGRAM_LIBS = -lcares -lcurl -lexpat -lidn2 -lpsl -ljansson -lsasl2 -lnettle

ifeq ($(V),1)
Q =
else
Q = @
MAKEFLAGS += --no-print-directory
endif

COMMON  = af_status af_utf8 af_siphash af_descriptor af_hostport af_domain af_registry af_identity \
          af_identity_text af_identity_login af_identity_realm af_identity_dn af_identity_uri \
          af_address af_resolver af_resolver_answer af_resolver_cache af_resolver_dns \
          af_resolver_hosts af_image af_image_check af_image_clauses af_policy af_policy_clause \
          af_policy_file af_policy_watch af_target af_decide af_report af_limit
SASL    = plugin guard canon report
SOCKET  = connection cut evidence resolvers
PAM     = module guard options
PRELOAD = preload real watch guard name hooks_socket hooks_stdio hooks_name hooks_tls hooks_bio \
          hooks_gsasl hooks_http2 stream line word sasl ntlm smtp imap pop3 ftp ldap http \
          socks
STACK   = control files stack reader read_radius read_nslcd read_tacplus read_imap settings \
          krb5_conf read_krb5 read_sss read_winbind modules discover
OUTPUT  = text json clause psl
DOCTOR  = findings module sasl canary trial pam pam_judge pam_files pam_beside policy \
          policy_rules
POLICY  = source diagnostics lexer parser statements reading clauses services modules cases lists \
          check_words review review_rows check rules compile compile_rules compile_clauses \
          compile_modules writer store store_images store_sign revise trial activation verb_apply \
          verb_mode verb_history verb_promote set request build expect verb_compile facts \
          verb_diff format verb_fmt print print_json verb_show
PROBE   = mechanisms subjects expand connect judge task task_verdict task_web engine list dns dns_answer \
          web web_request web_transfer words print_text print_json state metrics replace progress reading \
          read_autodetect read_json read_xml read_pox read_autoconfig read_text read_records
TOOL    = main arguments inforce memory names root suggest check batch policy doctor probe run \
          $(OUTPUT:%=output/%) $(DOCTOR:%=doctor/%) $(POLICY:%=policy/%) $(PROBE:%=probe/%)
UNIT    = domain identity registry address resolver image policy watch target decide report compile \
          plugin cut stream guard preload pam stack reader directory doctor format expect property \
          pattern print store probe_plan probe_dns probe_web probe_output probe_reading probe_run
BENCH   = decide sasl pam preload
STRESS  = sasl differential pam reload

COMMON_O = $(COMMON:%=$(B)/common/%.o) $(B)/gen/names.o $(B)/gen/addresses.o
SOCKET_O = $(SOCKET:%=$(B)/plugins/socket/%.o)
SASL_O   = $(SASL:%=$(B)/plugins/sasl/%.o) $(SOCKET_O)
STACK_O  = $(STACK:%=$(B)/plugins/pam/%.o)
PRELOAD_O = $(PRELOAD:%=$(B)/plugins/preload/%.o) $(SOCKET_O)
PAM_O    = $(PAM:%=$(B)/plugins/pam/%.o) $(STACK_O)
TOOL_O   = $(TOOL:%=$(B)/tools/%.o) $(STACK_O)
LIB      = $(B)/libafence.a
PLUGIN   = $(B)/sasl2/libauthfence.so
MODULE   = $(B)/pam/pam_authfence.so
GUARD    = $(B)/preload/libauthfence-preload.so
# Each kind of machine has its own guard: the dynamic linker puts the name of its folder for $LIB.
GUARD_PATH = $(subst /lib64/,/$$LIB/,$(subst /lib/$(notdir $(libdir))/,/$$LIB/,$(guarddir)/))$(notdir $(GUARD))
PROGRAM  = $(B)/authfence
UNIT_BIN  = $(UNIT:%=$(B)/tests/test_%) $(B)/tests/inject
BENCH_BIN = $(BENCH:%=$(B)/bench/%)
STRESS_BIN = $(STRESS:%=$(B)/stress/%)
PAGES    = authfence.1 authfence-probe.1 authfence.policy.5 authfence-preload.7 authfence-sasl.7 \
           pam_authfence.8
UNITS    = authfence-probe.service authfence-probe.timer
EXAMPLES = conf/prometheus/authfence.rules.yml conf/environment.d/authfence-preload.conf

.PHONY: all tool-objects deps lab demo check unit bench stress stress-programs fuzz asan lint dist deb install uninstall clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAM) $(PLUGIN) $(MODULE) $(GUARD) ## build the command and the plugins

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

# Built-in tables: data in, C out; a malformed row stops the build.
$(B)/gen/registry: common/registry/generate.c common/af_tables.h common/af_hash.h \
		include/af_address.h include/af_domain.h include/af_registry.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(AF_CPPFLAGS) $(CPPFLAGS) $(AF_CFLAGS) $(CFLAGS) -o $@ $<

$(B)/gen/%.c: common/registry/%.tsv $(B)/gen/registry
	@echo "  GEN     $@"
	$(Q)$(B)/gen/registry $* $< > $@

$(B)/gen/%.o: $(B)/gen/%.c
	@echo "  CC      $@"
	$(Q)$(CC) $(AF_CPPFLAGS) $(CPPFLAGS) $(AF_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(AF_CPPFLAGS) $(CPPFLAGS) $(AF_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(COMMON_O)
	@echo "  AR      $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(PLUGIN): $(SASL_O) plugins/sasl/libauthfence.map
$(MODULE): $(PAM_O) plugins/pam/pam_authfence.map
$(GUARD): $(PRELOAD_O) plugins/preload/libauthfence-preload.map
$(MODULE): GUEST_LIBS = -lpam -lidn2
$(PLUGIN) $(MODULE) $(GUARD): $(LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) $(GUEST_LD) -Wl,--version-script=$(filter %.map,$^) $(LDFLAGS) \
		-o $@ $(filter %.o,$^) $(LIB) $(GUEST_LIBS)

$(B)/tools/run.o: AF_CPPFLAGS += -DAFENCE_GUARD='"$(GUARD_PATH)"'
$(PROGRAM): $(TOOL_O) $(LIB)
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) $(PROGRAM_LD) $(LDFLAGS) -o $@ $^ $(PROGRAM_LIBS)

# A suite is one program: its own file, the harness, and all that is not a main().
TEST_LIBS = $(PROGRAM_LIBS) -lcunit -lpthread -ldl
$(B)/tests/test_%: $(B)/tests/unit/test_%.o $(B)/tests/unit/harness.o $(filter-out %/main.o,$(TOOL_O)) $(LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(TEST_LIBS)

$(B)/tests/test_preload: | $(GUARD) $(B)/tests/client
$(B)/tests/test_cut $(B)/tests/test_guard $(B)/tests/test_stream: $(filter-out %/preload.o $(B)/plugins/preload/hooks_%,$(PRELOAD_O))
$(B)/tests/test_plugin $(B)/bench/sasl: $(B)/tests/unit/mech.o | $(PLUGIN)
$(B)/bench/sasl $(B)/bench/pam: LDFLAGS += -Wl,--as-needed # what a guest loads must not be there before
$(B)/bench/pam: GUEST_LIBS += -lpam
$(B)/tests/test_resolver $(B)/tests/test_probe_dns $(B)/tests/test_probe_run: $(B)/tests/unit/dns_server.o
$(B)/tests/test_probe_web $(B)/tests/test_probe_run: $(B)/tests/unit/web_server.o
$(B)/tests/inject $(B)/tests/client: $(B)/tests/%: $(B)/tests/unit/%.o
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<

$(B)/tests/test_pam $(B)/tests/test_stack: TEST_LIBS += -lpam
$(B)/tests/test_stack: | $(B)/tests/pam_record.so
$(B)/tests/test_pam: | $(MODULE) $(B)/tests/pam_forward.so
$(B)/tests/pam_%.so: $(B)/tests/unit/pam_%.o
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) $(GUEST_LD) $(LDFLAGS) -o $@ $< -lpam

$(B)/bench/%: $(B)/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(GUEST_LIBS) -lsasl2

STRESS_HOST = $(B)/tests/stress/host.o $(B)/tests/unit/mech.o
$(B)/stress/sasl $(B)/stress/differential: $(STRESS_HOST) | $(PLUGIN)
$(B)/stress/pam: | $(MODULE)
$(B)/stress/reload: $(B)/tests/stress/watch.o
$(B)/stress/%: $(B)/tests/stress/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $(filter %.o,$^) $(LIB) $(GUEST_LIBS) \
		-lsasl2 -lpam -lpthread -ldl

deps: ## install compilers, libraries and debootstrap (apt, as root)
	$(Q)packaging/deps.sh

lab: ## make the lab root with real clients and servers (as root)
	$(Q)tests/lab/setup.sh $(B)/lab

demo: ## replay the incident with a real mail client (as root)
	$(Q)packaging/deps.sh --if-root
	$(Q)$(MAKE) all
	$(Q)tests/lab/setup.sh $(B)/lab
	$(Q)tests/lab/demo.sh $(B)

check: ## run all tests; SUITE=name runs one
	$(Q)packaging/deps.sh --if-root
	$(Q)$(MAKE) all $(UNIT_BIN) $(STRESS_BIN)
	$(Q)tests/run.sh $(B) $(SUITE)

unit: all $(UNIT_BIN) ## run the unit tests only
	$(Q)tests/run.sh --unit $(B) $(SUITE)

bench: all $(BENCH_BIN) ## measure, side by side with the peers
	$(Q)tests/bench/run.sh $(B)

stress: stress-programs ## drivers under load, also with sanitizers and valgrind
	$(Q)tests/stress/run.sh $(B)

stress-programs: all $(STRESS_BIN)
tool-objects: $(TOOL_O) $(filter-out %/preload.o $(B)/plugins/preload/hooks_%,$(PRELOAD_O))

asan: ## unit tests under AddressSanitizer and UBSan
	$(Q)$(MAKE) unit B=build/asan CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"

fuzz: ## fuzz the parsers (clang); EACH=seconds
	$(Q)LIBS="$(PROGRAM_LIBS)" tests/fuzz/run.sh $(B)/fuzz $(EACH)

lint: ## static checks and style
	$(Q)tests/lint.sh

dist: ## source archive
	$(Q)packaging/dist.sh $(VERSION) $(B)

deb: ## Debian packages, in build/deb (missing build tools are installed, as root)
	$(Q)packaging/deps.sh --if-root --deb
	$(Q)packaging/deb.sh $(VERSION) $(B)

# What lies where: source:destination.
FILES = $(PLUGIN):$(sasldir)/libauthfence.so $(MODULE):$(pamdir)/pam_authfence.so \
        $(GUARD):$(guarddir)/$(notdir $(GUARD)) conf/completion.bash:$(completiondir)/authfence \
        conf/default.policy:$(vendordir)/policy.d/default.policy \
        conf/tmpfiles.conf:$(prefix)/lib/tmpfiles.d/authfence.conf \
        $(foreach file,$(EXAMPLES),$(file):$(docdir)/examples/$(notdir $(file))) \
        $(foreach file,$(UNITS),conf/systemd/$(file):$(unitdir)/$(file)) \
        $(foreach file,$(PAGES),docs/$(file):$(mandir)/man$(subst .,,$(suffix $(file)))/$(file))

install: all ## install below DESTDIR
	$(INSTALL) -d $(DESTDIR)$(sysconfdir)/authfence/policy.d
	$(INSTALL) -D -m 0755 $(PROGRAM) $(DESTDIR)$(bindir)/authfence
	for file in $(FILES); do \
		$(INSTALL) -D -m 0644 $${file%%:*} $(DESTDIR)$${file#*:} || exit; done
	sed -i 's,/usr/bin/,$(bindir)/,' $(UNITS:%=$(DESTDIR)$(unitdir)/%)

uninstall: ## remove what install put there; policy files stay
	for file in :$(bindir)/authfence $(FILES); do rm -f $(DESTDIR)$${file#*:}; done
	-rmdir $(DESTDIR)$(sysconfdir)/authfence/policy.d $(DESTDIR)$(sysconfdir)/authfence \
		$(DESTDIR)$(guarddir) $(DESTDIR)$(vendordir)/policy.d $(DESTDIR)$(vendordir) \
		$(DESTDIR)$(docdir)/examples $(DESTDIR)$(docdir) 2>/dev/null || true

clean: ## remove what was built; the lab root stays (rm -r build/lab)
	$(Q)find $(B) -mindepth 1 -maxdepth 1 ! -name lab -exec rm -rf {} + 2>/dev/null || true

-include $(foreach room,gen common plugins/* tools tools/* tests/*,$(wildcard $(B)/$(room)/*.d))
