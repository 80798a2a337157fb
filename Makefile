# ownkey: one Makefile, nothing generated.  `make help` lists what there is.
# A room (DESIGN 2) becomes build/ROOM.a, all of it but main.c, which the tests
# link; and, if it has a main.c, a program.  Sources are found by wildcard: a
# new file needs no line here.

include config.mk

B := build$(if $(SAN),/san)
T ?= 60

all: programs

# --- rooms and their programs ---

lib_DIRS       := lib
agent_DIRS     := agent agent/vault agent/slot agent/format agent/door \
	agent/copy
token_DIRS     := agent/token
worker_DIRS    := agent/worker
prompt_DIRS    := agent/prompt
cli_DIRS       := cli
age_DIRS       := cli/age
pinentry_DIRS  := cli/pinentry
git_DIRS       := cli/git
secrets_DIRS   := cli/secrets
session_DIRS   := cli/session
ownkey_DIRS    := lib/ownkey
sk_DIRS        := cli/sk
pam_DIRS       := pam
verify_DIRS    := pam/verify
list_DIRS      := pam/list
handoff_DIRS   := pam/handoff
oidc_DIRS      := oidc oidc/web oidc/op oidc/login oidc/page oidc/db \
	oidc/setup oidc/demo
fetch_DIRS     := oidc/fetch
softtoken_DIRS := tests/softtoken
kat_DIRS       := tests/kat

agent_PROG     := ownkey-agent
token_PROG     := ownkey-token
worker_PROG    := ownkey-worker
prompt_PROG    := ownkey-prompt
cli_PROG       := ownkey
age_PROG       := age-plugin-ownkey
pinentry_PROG  := pinentry-ownkey
git_PROG       := git-credential-ownkey
secrets_PROG   := ownkey-secrets
session_PROG   := ownkey-session
verify_PROG    := ownkey-verify
list_PROG      := ownkey-list
handoff_PROG   := ownkey-handoff
oidc_PROG      := ownkey-oidc
fetch_PROG     := ownkey-oidc-fetch
softtoken_PROG := ownkey-softtoken
kat_PROG       := ownkey-kat

agent_LIBS     := $(CRYPTO_LIBS)
token_LIBS     := $(FIDO_LIBS) $(CRYPTO_LIBS)
worker_LIBS    := $(JSON_LIBS) $(CRYPTO_LIBS)
prompt_LIBS    := $(CRYPTO_LIBS)
cli_LIBS       := $(QR_LIBS) $(XML_LIBS) $(CRYPTO_LIBS)
age_LIBS       := $(CRYPTO_LIBS)
pinentry_LIBS  := $(CRYPTO_LIBS)
git_LIBS       := $(CRYPTO_LIBS)
secrets_LIBS   := $(BUS_LIBS) $(CRYPTO_LIBS)
session_LIBS   := $(BUS_LIBS) $(CRYPTO_LIBS)
verify_LIBS    := $(CRYPTO_LIBS)
handoff_LIBS   := $(CRYPTO_LIBS)
oidc_LIBS      := $(HTTP_LIBS) $(SQL_LIBS) $(JSON_LIBS) $(FIDO_LIBS) $(HTML_LIBS) $(CRYPTO_LIBS)
fetch_LIBS     := $(CURL_LIBS) $(HTML_LIBS) $(JSON_LIBS) $(CRYPTO_LIBS)
softtoken_LIBS := $(CRYPTO_LIBS)
kat_LIBS       := $(TEST_LIBS)

# rooms that become a library for others; what it needs of lib
SHARED := ownkey sk pam
ownkey_SO      := libownkey.so.0
ownkey_USES    := buf cbor chan err ops ops_agree ops_ssh ops_tables paths sec sock sock_where \
	text_base text_utf8 wire
sk_SO          := libownkey-sk.so
sk_USES        := buf cbor chan client crypto crypto_aead crypto_curve crypto_hash crypto_kdf \
	crypto_p256 err idcard job log loop paths sec sock sock_peer sock_where spawn succession \
	text_utf8 wire $(basename $(notdir $(wildcard lib/ops*.c)))
sk_LIBS        := $(CRYPTO_LIBS)
pam_SO         := pam_ownkey.so
pam_USES       := buf cbor err job sec ssh_wire sshlogin_type text_base text_utf8 verify wire
pam_LIBS       := $(PAM_LIBS)

# what the tests may call, in the order the linker tries them
ROOMS := softtoken cli git age pinentry secrets session verify list handoff oidc fetch agent \
	token worker prompt $(SHARED) lib
ARCHIVES = -Wl,--start-group $(ROOMS:%=$(1)/%.a) -Wl,--end-group

sources = $(wildcard $(addsuffix /*.c,$($(1)_DIRS)))
objects = $(patsubst %.c,$(2)/%.o,$(call sources,$(1)))
archived = $(filter-out $(2)/$(firstword $($(1)_DIRS))/main.o,$(call objects,$(1),$(2)))

# a room's directories are prerequisites too: they change when a file goes
define room
$(1)_OBJ := $(call objects,$(1),$(B))
OBJ += $$($(1)_OBJ)
$(B)/$(1).a: $(call archived,$(1),$(B)) $(wildcard $($(1)_DIRS))
$(B)/fuzz/obj/$(1).a: $(call archived,$(1),$(B)/fuzz/obj)
endef

define program
$(1)_BIN := $(if $(wildcard $(firstword $($(1)_DIRS))/main.c),$(B)/$($(1)_PROG))
$(B)/$($(1)_PROG): $$($(1)_OBJ) $(B)/lib.a
	$$(call say,LD,$$@)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) \
		$$(KAT_ARCHIVES) $(B)/lib.a $$($(1)_LIBS)
endef

$(foreach r,$(ROOMS) kat,$(eval $(call room,$(r))))
$(foreach r,$(filter-out lib list $(SHARED),$(ROOMS)) kat,$(eval $(call program,$(r))))
$(B)/ownkey-kat: KAT_ARCHIVES = $(call ARCHIVES,$(B))
$(B)/ownkey-kat: $(ROOMS:%=$(B)/%.a)

# position independent, without sanitizers (programs of others load it), and no more than it uses
PIC_CFLAGS := $(filter-out $(SANITIZE),$(ALL_CFLAGS)) $(if $(SAN),$(HARDEN)) -fPIC \
	-ffunction-sections -fdata-sections
define shared
$(1)_LIB := $(B)/$($(1)_SO)
$(1)_PIC := $(call objects,$(1),$(B)/pic) $($(1)_USES:%=$(B)/pic/lib/%.o)
$(B)/$($(1)_SO): $$($(1)_PIC) $($(1)_DIRS)/$(firstword $(subst .so, ,$($(1)_SO))).map
	$$(call say,SO,$$@)$$(CC) $$(PIC_CFLAGS) $$(filter-out -pie -fsanitize=%,$$(ALL_LDFLAGS)) \
		-shared -Wl,-soname,$($(1)_SO) -Wl,--version-script=$$(filter %.map,$$^) \
		-Wl,-z,defs -Wl,--gc-sections -o $$@ $$(filter %.o,$$^) $($(1)_LIBS)
endef
$(foreach r,$(SHARED),$(eval $(call shared,$(r))))
LIBRARIES := $(foreach r,$(SHARED),$($(r)_LIB))

# no more than it uses, here too, and no loader: logins wait for it to start
list_USES := buf cbor chan drop err hid job lister log loop sandbox sandbox_landlock \
	sandbox_seccomp sec sock text_base text_utf8 wire
list_PIC := $(call objects,list,$(B)/pic) $(list_USES:%=$(B)/pic/lib/%.o)
list_BIN := $(B)/$(list_PROG)
$(list_BIN): $(list_PIC)
	$(call say,LD,$@)$(CC) $(PIC_CFLAGS) $(filter-out -pie -fsanitize=%,$(ALL_LDFLAGS)) \
		-static-pie -Wl,--gc-sections -o $@ $(filter %.o,$^)

# the module as tests load it: its helpers are those of the build tree
PAM_TESTED := $(B)/tests/pam_ownkey.so
PAM_TESTED_PIC := $(filter-out %/pam/where.o,$(pam_PIC)) $(B)/pic/tests/pam/where.o
$(B)/pic/tests/pam/where.o: private ALL_CPPFLAGS += -DOWNKEY_BUILD='"$(abspath $(B))"'
$(PAM_TESTED): $(PAM_TESTED_PIC) pam/pam_ownkey.map
	$(call say,SO,$@)$(CC) $(PIC_CFLAGS) $(filter-out -pie -fsanitize=%,$(ALL_LDFLAGS)) \
		-shared -Wl,--version-script=$(filter %.map,$^) -Wl,-z,defs -Wl,--gc-sections \
		-o $@ $(filter %.o,$^) $(pam_LIBS)

INSTALLED := $(foreach r,cli git age pinentry secrets session verify list handoff oidc fetch \
	agent token worker prompt,$($(r)_BIN))
programs: $(INSTALLED) $(LIBRARIES) $(softtoken_BIN) $(ROOMS:%=$(B)/%.a)

# --- test programs: one per file ---

each = $(patsubst tests/$(1)/%.c,$(B)/$(2)/%$(3),$(wildcard tests/$(1)/$(4)*.c))
UNIT    := $(call each,unit,tests/unit,,test_)
REPLAY  := $(call each,fuzz,tests/replay,,fuzz_)
FUZZ    := $(call each,fuzz,fuzz,,fuzz_)
PRELOAD := $(call each,preload,tests/preload,.so,)
BENCH   := $(call each,bench,bench,,)
FAULT   := $(call each,fault,fault,,)
INTEROP := $(call each,interop,interop,,)
DOCS    := $(call each,docs,docs,,)

TEST_OBJ := $(foreach s,$(wildcard tests/*/*.c),$(s:%.c=$(B)/%.o))
link_test = $(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LDFLAGS_$(@F)) -o $@ \
	$(filter %.o,$^) $(call ARCHIVES,$(B)) $(LIBS_$(@F)) $(TEST_LIBS)

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(ROOMS:%=$(B)/%.a)
	$(link_test)
$(BENCH) $(FAULT) $(INTEROP) $(DOCS): $(B)/%: $(B)/tests/%.o $(ROOMS:%=$(B)/%.a)
	@mkdir -p $(@D)
	$(link_test)
$(B)/tests/replay/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $(ROOMS:%=$(B)/%.a)
	@mkdir -p $(@D)
	$(link_test)
$(B)/tests/preload/%.so: tests/preload/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,SO,$@)$(CC) $(DEFS) $(LANGUAGE) $(WARN) $(TEST_CFLAGS) -O2 -fPIC -shared -o $@ $<

# what only one test needs; the last of `make deps-interop`.  test_qr looks at a child that ends
LDFLAGS_test_qr = -Wl,--wrap=_exit
PAM_WRAPPED := malloc calloc realloc strdup free mmap munmap mlock madvise socketpair socket \
	connect getsockopt fstat read recv __recv_chk send poll gethostname open fcntl clone \
	getpwnam_r verify_check
LDFLAGS_test_pam_faults = $(PAM_WRAPPED:%=-Wl,--wrap=%)
LIBS_test_age_testkit = $(call pkg,zlib)
LIBS_omemo = $(call pkg,libomemo-c)

check-programs: programs $(PAM_TESTED) $(UNIT) $(REPLAY) $(PRELOAD) $(DOCS) $(kat_BIN)

# --- rules ---

# a room, not a program: make would link pam/verify.c into it
pam/verify pam/handoff pam/list $(filter-out oidc,$(oidc_DIRS)) $(fetch_DIRS): ;

say = $(if $(V),,@echo "  $(1)	$(2:$(B)/%=%)"; )

# rebuild all when a flag, the compiler or the version changes
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS))' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/tests/%.o: private ALL_CFLAGS += $(TEST_CFLAGS)

$(B)/pic/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,PIC,$@)$(CC) $(ALL_CPPFLAGS) $(PIC_CFLAGS) -c -o $@ $<

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# compiled in whole
$(B)/oidc/page/fixed.o: $(wildcard oidc/page/*.css oidc/page/*.js)
$(B)/oidc/setup/recipe.o: $(wildcard oidc/setup/*.txt)

$(B)/%.a:
	@mkdir -p $(@D)
	$(call say,AR,$@)rm -f $@ && ar crsD $@ $(filter %.o,$^)

# the fuzz tree: everything again, by clang and instrumented
$(B)/fuzz/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,FUZZCC,$@)$(FUZZ_CC) $(DEFS) -MMD -MP $(FUZZ_CFLAGS) $(TEST_CFLAGS) -c -o $@ $<

$(B)/fuzz/fuzz_%: $(B)/fuzz/obj/tests/fuzz/fuzz_%.o $(ROOMS:%=$(B)/fuzz/obj/%.a)
	$(call say,FUZZLD,$@)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -pie -o $@ $< \
		$(call ARCHIVES,$(B)/fuzz/obj) $(JSON_LIBS) $(CRYPTO_LIBS) $(FIDO_LIBS) \
		$(QR_LIBS) $(XML_LIBS) $(BUS_LIBS) $(PAM_LIBS) $(WEB_LIBS)

-include $(patsubst %.o,%.d,$(OBJ) $(TEST_OBJ) $(foreach r,$(SHARED),$($(r)_PIC)))
-include $(shell find $(B)/fuzz/obj -name '*.d' 2>/dev/null)

# --- what a person asks for ---

# packages first; then make again, which finds the libraries that were missing
check: deps
	@$(MAKE) --no-print-directory -j$(JOBS) check-programs
	@B=$(B) tests/run -j $(JOBS) lint unit replay e2e
JOBS ?= 2

demo: deps-demo
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@contrib/demo.sh

interop: deps-interop
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(INTEROP) $(PRELOAD)
	@B=$(B) tests/run interop

fault: programs $(FAULT) $(PRELOAD)
	@B=$(B) tests/fault/run.sh

# the second tree is for callgrind
bench: programs $(PAM_TESTED) $(BENCH) $(B)/interop/age
	@$(MAKE) -s programs B=$(B)/valgrind CPPFLAGS='$(CPPFLAGS) -DOWNKEY_VALGRIND'
	@B=$(B) tests/bench/run.sh

kat: $(kat_BIN)
	@$(B)/ownkey-kat $(or $(FILE),$(error usage: make kat FILE=x.json))

fuzz: $(FUZZ)
	@B=$(B) tests/fuzz/run.sh $(T) $(FUZZ)

deps:
	@contrib/deps.sh check
deps-demo:
	@contrib/deps.sh check demo
deps-interop:
	@contrib/deps.sh check demo interop

fresh:
	@contrib/fresh.sh

# every warning is a failure: gcc's analyzer, clang's, cppcheck
SHIPPED_ROOMS = lib agent token worker prompt cli git age pinentry secrets session verify handoff \
	oidc fetch softtoken $(SHARED)
SHIPPED = $(foreach r,$(SHIPPED_ROOMS),$(call sources,$(r)))
analyze: $(SHIPPED:%.c=$(B)/analyze/%.gcc) $(SHIPPED:%.c=$(B)/analyze/%.clang)
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
		--enable=warning,portability --suppress=missingInclude -I. $(SHIPPED)
$(B)/analyze/%.gcc: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,GCC,$*.c)gcc $(DEFS) $(LANGUAGE) $(WARN) -O1 -fanalyzer -c -o $@ $<
$(B)/analyze/%.clang: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CLANG,$*.c)clang $(DEFS) $(LANGUAGE) -Werror --analyze -Xclang \
		-analyzer-werror -Xclang -analyzer-config \
		-Xclang deadcode.DeadStores:WarnForDeadNestedAssignments=false -o $@ $<

format:
	git ls-files -co --exclude-standard '*.[ch]' | xargs $(CLANG_FORMAT) -i

lint: programs $(DOCS)
	@B=$(B) tests/run lint

install: programs
	@B=$(B) BINDIR=$(DESTDIR)$(BINDIR) LIBEXECDIR=$(DESTDIR)$(LIBEXECDIR) \
		MANDIR=$(DESTDIR)$(MANDIR) UNITDIR=$(DESTDIR)$(UNITDIR) \
		SHARE=$(DESTDIR)$(PREFIX)/share LIBDIR=$(DESTDIR)$(LIBDIR) \
		INCLUDEDIR=$(DESTDIR)$(INCLUDEDIR) PREFIX=$(PREFIX) RUNS_FROM=$(BINDIR) \
		LINKED_FROM=$(LIBDIR) INCLUDED_FROM=$(INCLUDEDIR) VERSION=$(VERSION) \
		contrib/install.sh install
uninstall:
	@B=$(B) BINDIR=$(DESTDIR)$(BINDIR) LIBEXECDIR=$(DESTDIR)$(LIBEXECDIR) \
		MANDIR=$(DESTDIR)$(MANDIR) UNITDIR=$(DESTDIR)$(UNITDIR) \
		SHARE=$(DESTDIR)$(PREFIX)/share LIBDIR=$(DESTDIR)$(LIBDIR) \
		INCLUDEDIR=$(DESTDIR)$(INCLUDEDIR) PREFIX=$(PREFIX) RUNS_FROM=$(BINDIR) \
		LINKED_FROM=$(LIBDIR) INCLUDED_FROM=$(INCLUDEDIR) VERSION=$(VERSION) \
		contrib/install.sh uninstall

clean:
	rm -rf build

help:
	@echo 'build    all (default)   install   uninstall   clean   [SAN=1] [V=1] [CC=clang]'
	@echo 'see      demo'
	@echo 'test     check   lint   kat FILE=x.json   fuzz T=seconds   fault   interop   fresh'
	@echo 'look     analyze   bench   format'
	@echo 'packages deps   deps-demo   deps-interop'

.PHONY: all programs check check-programs demo interop fault bench kat fuzz deps \
	deps-demo deps-interop fresh analyze format lint install uninstall clean help FORCE
.SECONDARY:
.DELETE_ON_ERROR:
