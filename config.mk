# What differs from one machine to another: compilers, packages, flags, paths.
# CPPFLAGS, CFLAGS and LDFLAGS of the environment come first; ours are appended.

PREFIX     ?= /usr/local
# not every shell expands the ~ in `make PREFIX=~/.local`
override PREFIX := $(patsubst ~/%,$(HOME)/%,$(PREFIX))
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/ownkey
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
UNITDIR    ?= $(PREFIX)/share/systemd/user

PKG_CONFIG ?= pkg-config
FUZZ_CC    ?= clang
CLANG_FORMAT ?= clang-format
IS_CLANG   := $(findstring clang,$(shell $(CC) --version 2>/dev/null))

VERSION    := $(shell sed -n '1s/^ownkey \([^ ]*\).*/\1/p' NEWS)

pkg         = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)
CRYPTO_LIBS := $(call pkg,libsodium) $(call pkg,libcrypto) $(call pkg,libutf8proc)
QR_LIBS    := $(call pkg,libqrencode)
XML_LIBS   := $(call pkg,expat)
BUS_LIBS   := $(call pkg,libsystemd)
PAM_LIBS   := -lpam
HTTP_LIBS  := $(call pkg,libmicrohttpd)
SQL_LIBS   := $(call pkg,sqlite3)
CURL_LIBS  := $(call pkg,libcurl)
HTML_LIBS  := $(call pkg,gumbo)
# all that only the provider needs
WEB_LIBS   = $(HTTP_LIBS) $(SQL_LIBS) $(CURL_LIBS) $(HTML_LIBS)
JSON_LIBS  := $(call pkg,jansson)
FIDO_LIBS  := $(call pkg,libfido2)
TEST_LIBS  := $(call pkg,cmocka) $(JSON_LIBS) $(call pkg,libcbor) $(FIDO_LIBS) \
	$(QR_LIBS) $(XML_LIBS) $(BUS_LIBS) $(PAM_LIBS) $(WEB_LIBS) $(CRYPTO_LIBS)
ifeq ($(and $(CRYPTO_LIBS),$(FIDO_LIBS),$(QR_LIBS),$(XML_LIBS),$(BUS_LIBS),$(JSON_LIBS),\
	$(HTTP_LIBS),$(SQL_LIBS),$(CURL_LIBS),$(HTML_LIBS)),)
$(warning libraries are missing: `make deps` installs them)
endif

WARN := -Wall -Wextra -Werror -pedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wvla -Walloca -Wformat=2 \
	-Wimplicit-fallthrough -Wnull-dereference -Wconversion -Wsign-conversion \
	-Wundef -Wredundant-decls -Wpointer-arith -Wdate-time
WARN_GCC := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wbidi-chars \
	-Wformat-signedness -Wcast-align=strict -Wtrampolines
WARN_FRAME := -Wframe-larger-than=8192

DEFS := -I. -D_GNU_SOURCE -DOWNKEY_VERSION='"$(VERSION)"' \
	-DOWNKEY_LIBEXECDIR='"$(LIBEXECDIR)"'
LANGUAGE := -std=c17 -g -fno-common -fno-strict-aliasing -fPIE \
	-fno-delete-null-pointer-checks -ffile-prefix-map=$(CURDIR)=.
HARDEN := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	-fstack-clash-protection $(if $(filter x86_64 i686,$(shell uname -m)),-fcf-protection=full)
HARDEN_GCC := -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr
SANITIZE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -DOWNKEY_SAN=1

ALL_CPPFLAGS := $(CPPFLAGS) $(DEFS) -MMD -MP
# clang warns of members that an initializer leaves out, which C says are zero
WARN_CLANG := -Wno-missing-field-initializers
ALL_CFLAGS := $(CFLAGS) $(LANGUAGE) $(WARN) $(if $(IS_CLANG),$(WARN_CLANG),$(WARN_GCC))
ALL_LDFLAGS := $(LDFLAGS) -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
ifdef SAN
ALL_CFLAGS += $(SANITIZE)
ALL_LDFLAGS += -fsanitize=address,undefined
else
ALL_CFLAGS += $(HARDEN) $(if $(IS_CLANG),,$(HARDEN_GCC)) $(WARN_FRAME)
endif
FUZZ_CFLAGS := $(LANGUAGE) $(WARN) $(WARN_CLANG) $(SANITIZE) -fsanitize=fuzzer-no-link
# tests may have large frames and functions that only the harness names
TEST_CFLAGS := -Wno-frame-larger-than -Wno-missing-prototypes
