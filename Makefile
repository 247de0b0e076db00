# mspipe. One file, no configure. `make help` lists the targets.
#
# Everything built lies in build/<hash of the flags>/, so that a sanitizer build and a plain one never mix;
# build/current points at the one made last. Sources, commands, pages and tests are found by wildcard: a new file
# needs no line here.

VERSION := $(shell sed -n 's/^.define MSP_VERSION "\(.*\)"/\1/p' include/mspipe/core.h)
SOVERSION = 0

# GNU directory variables
prefix ?= /usr/local
ifdef PREFIX
prefix := $(PREFIX)
endif
exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
libdir ?= $(exec_prefix)/lib
includedir ?= $(prefix)/include
datarootdir ?= $(prefix)/share
mandir ?= $(datarootdir)/man
docdir ?= $(datarootdir)/doc/mspipe
pkgconfigdir ?= $(libdir)/pkgconfig
bashcompdir ?= $(datarootdir)/bash-completion/completions
zshcompdir ?= $(datarootdir)/zsh/site-functions
fishcompdir ?= $(datarootdir)/fish/vendor_completions.d
DESTDIR ?=
INSTALL ?= install

ifeq ($(origin CC),default)
CC = gcc
endif
FUZZ_CC ?= clang
OBJCOPY ?= objcopy
PKG_CONFIG ?= pkg-config
PKGS = libbson-1.0 libzstd libxxhash libpcre2-8 mseed
# for libmspipe-store only, and for its module that is loaded for mongodb://
STORE_PKGS = sqlite3
MONGO_PKGS = libmongoc-1.0
# for libmspipe-xml only, which only msimport loads
XML_PKGS = libxml-2.0

OPT ?= -O2 -g
WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wundef
WERROR ?=
SAN ?=
SANFLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# -ffp-contract=off: the same numbers whether or not the processor has fused multiply-add
BASE = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iinclude -Ilib -fPIC -fvisibility=hidden -ffp-contract=off -fstack-protector-strong
# Other people's headers are not ours to warn about.
DEPS_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null))
DEPS_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)
STORE_LIBS := $(shell $(PKG_CONFIG) --libs $(STORE_PKGS) 2>/dev/null)
MONGO_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(MONGO_PKGS) 2>/dev/null))
MONGO_LIBS := $(shell $(PKG_CONFIG) --libs $(MONGO_PKGS) 2>/dev/null)
XML_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(XML_PKGS) 2>/dev/null))
XML_LIBS := $(shell $(PKG_CONFIG) --libs $(XML_PKGS) 2>/dev/null)
ALL_CFLAGS = $(BASE) $(WARN) $(WERROR) $(OPT) $(SANFLAGS) $(DEPS_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS) $(LDFLAGS)
LIBS = $(DEPS_LIBS) -lm

ifneq ($(filter-out help clean lint dist uninstall,$(or $(MAKECMDGOALS),all)),)
ifneq ($(and $(strip $(DEPS_LIBS)),$(strip $(STORE_LIBS)),$(strip $(MONGO_LIBS)),$(strip $(XML_LIBS))),)
else
$(error mspipe needs pkg-config and the development files of $(PKGS) $(STORE_PKGS) $(MONGO_PKGS) $(XML_PKGS); on Debian and Ubuntu: apt-get install pkg-config libbson-dev libzstd-dev libxxhash-dev libpcre2-dev libmseed-dev libsqlite3-dev libmongoc-dev libxml2-dev)
endif
endif

# Commands find the library beside them, in the build tree and where they are installed, without ldconfig.
LIBDIR_FROM_BIN := $(shell realpath -ms --relative-to='$(bindir)' '$(libdir)')
RPATH = -Wl,-rpath,'$$ORIGIN/../lib'$(if $(filter-out ../lib,$(LIBDIR_FROM_BIN)),:'$$ORIGIN/$(LIBDIR_FROM_BIN)')

FLAGS_HASH := $(shell printf '%s' '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBDIR_FROM_BIN)' | cksum | cut -d' ' -f1)
B = build/$(FLAGS_HASH)

ROOMS = core signal expr stream format tool
LIB_SRC := $(filter-out lib/tool/main.c lib/format/xml%.c,$(foreach r,$(ROOMS),$(sort $(wildcard lib/$(r)/*.c))))
LIB_OBJ = $(LIB_SRC:%.c=$(B)/obj/%.o)
HEADERS := $(sort $(wildcard include/mspipe/*.h))
BIN_SRC := $(sort $(wildcard bin/*.c))
# Commands without a suffix are shell scripts, and go beside the others as they are.
SCRIPTS := $(notdir $(filter-out %.c,$(sort $(wildcard bin/*))))
TOOLS = $(BIN_SRC:bin/%.c=%) $(SCRIPTS)
BINS = $(TOOLS:%=$(B)/bin/%)
UNITS = $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/*.c)))
FUZZ = $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
# Programs of the tests and the benchmark that need the library. Those of tests/torture do not, and are built by their tests.
HELPERS = $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/stream/*.c tests/accuracy/*.c) $(filter-out tests/bench/mongo%,$(wildcard tests/bench/*.c))))
MONGO_HELPERS = $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/bench/mongo*.c)))
STORE_HELPERS = $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/store/*.c))) $(MONGO_HELPERS)
SO = $(B)/lib/libmspipe.so.$(SOVERSION)
STORE_SRC := $(filter-out lib/store/mongo%.c,$(sort $(wildcard lib/store/*.c)))
STORE_OBJ = $(STORE_SRC:%.c=$(B)/obj/%.o)
MONGO_OBJ = $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard lib/store/mongo*.c)))
STORE_SO = $(B)/lib/libmspipe-store.so.$(SOVERSION)
MONGO_SO = $(B)/lib/libmspipe-mongo.so
XML_OBJ = $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard lib/format/xml*.c)))
XML_SO = $(B)/lib/libmspipe-xml.so
LINKS = $(B)/lib/libmspipe.so $(B)/lib/libmspipe-store.so
ARCHIVES = $(B)/libmspipe-xml.a $(B)/libmspipe-store.a $(B)/libmspipe.a

.PHONY: all units helpers
all: ## build the library and the commands
all: $(SO) $(STORE_SO) $(MONGO_SO) $(XML_SO) $(LINKS) $(B)/lib/libmspipe.a $(BINS)
	@ln -sfn $(FLAGS_HASH) build/current

# Loops over samples gain from what -O2 leaves out (the byte shuffle is three times as fast).
$(B)/obj/lib/stream/encode.o $(B)/obj/lib/core/samples.o $(B)/obj/lib/signal/exactsum.o $(B)/obj/lib/store/wfsamples.o: ALL_CFLAGS += $(if $(SAN),,-O3)
$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(SO): $(LIB_OBJ) lib/libmspipe.map
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-soname,libmspipe.so.$(SOVERSION) -Wl,--version-script=lib/libmspipe.map $(ALL_LDFLAGS) -o $@ $(LIB_OBJ) $(LIBS)
# The store stands on libmspipe, and finds it beside itself.
$(STORE_SO): $(STORE_OBJ) $(SO) $(B)/lib/libmspipe.so lib/libmspipe-store.map
	$(CC) -shared -Wl,-soname,libmspipe-store.so.$(SOVERSION) -Wl,--version-script=lib/libmspipe-store.map $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN' \
		-o $@ $(STORE_OBJ) -L$(B)/lib -lmspipe $(STORE_LIBS) $(LIBS)
$(MONGO_OBJ): ALL_CFLAGS += $(MONGO_CFLAGS)
$(MONGO_SO): $(MONGO_OBJ) $(STORE_SO) $(B)/lib/libmspipe-store.so lib/libmspipe-store.map
	$(CC) -shared -Wl,--version-script=lib/libmspipe-store.map $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN' \
		-o $@ $(MONGO_OBJ) -L$(B)/lib -lmspipe-store -lmspipe $(MONGO_LIBS) $(LIBS)
$(XML_OBJ): ALL_CFLAGS += $(XML_CFLAGS)
$(XML_SO): $(XML_OBJ) $(SO) $(B)/lib/libmspipe.so lib/libmspipe-store.map
	$(CC) -shared -Wl,-soname,libmspipe-xml.so -Wl,--version-script=lib/libmspipe-store.map $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN' \
		-o $@ $(XML_OBJ) -L$(B)/lib -lmspipe $(XML_LIBS) $(LIBS)
$(LINKS): %.so: %.so.$(SOVERSION)
	ln -sf $(@F).$(SOVERSION) $@
# Two archives: with all names, for the tests; with the public names only, to be installed.
$(B)/libmspipe.a: $(LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $(LIB_OBJ)
$(B)/libmspipe-store.a: $(STORE_OBJ)
	rm -f $@
	$(AR) rcs $@ $(STORE_OBJ)
$(B)/libmspipe-xml.a: $(XML_OBJ)
	rm -f $@
	$(AR) rcs $@ $(XML_OBJ)
$(B)/lib/libmspipe.a: $(LIB_OBJ)
	@mkdir -p $(@D)
	rm -f $@
	$(LD) -r -o $(B)/obj/mspipe.o $(LIB_OBJ)
	$(OBJCOPY) --localize-hidden $(B)/obj/mspipe.o
	$(AR) rcs $@ $(B)/obj/mspipe.o

$(SCRIPTS:%=$(B)/bin/%): $(B)/bin/%: bin/%
	@mkdir -p $(@D)
	cp $< $@.new && chmod 755 $@.new && mv $@.new $@
# A command that uses no store is not linked to its library (--as-needed), and only msimport to that for XML.
$(B)/bin/%: $(B)/obj/bin/%.o $(B)/obj/lib/tool/main.o $(SO) $(STORE_SO) $(XML_SO) $(LINKS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $(RPATH) -o $@ $< $(B)/obj/lib/tool/main.o -L$(B)/lib -lmspipe-xml -lmspipe-store -lmspipe $(LIBS)

# Unit tests, corpus replays and helpers see the library's inside: they link the archive.
units: $(UNITS)
helpers: $(HELPERS) $(STORE_HELPERS)
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(ARCHIVES) $(STORE_LIBS) $(XML_LIBS) $(LIBS)
$(HELPERS): $(B)/%: $(B)/obj/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(ARCHIVES) $(STORE_LIBS) $(XML_LIBS) $(LIBS)
# These are about the library as it is installed.
$(STORE_HELPERS): $(B)/%: $(B)/obj/%.o $(STORE_SO) $(MONGO_SO) $(LINKS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN/../../lib' -o $@ $< -L$(B)/lib -lmspipe-store -lmspipe $(HELPER_LIBS) $(LIBS)
$(MONGO_HELPERS): HELPER_LIBS = $(MONGO_LIBS)
$(MONGO_HELPERS:$(B)/%=$(B)/obj/%.o): ALL_CFLAGS += $(MONGO_CFLAGS)
$(B)/replay/%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/replay/main.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(B)/obj/tests/fuzz/replay/main.o $(ARCHIVES) $(STORE_LIBS) $(XML_LIBS) $(LIBS)
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) -fsanitize=fuzzer $(ALL_LDFLAGS) -o $@ $< $(ARCHIVES) $(STORE_LIBS) $(XML_LIBS) $(LIBS)
# A target declares no prototype for LLVMFuzzerTestOneInput: libFuzzer has no header for it.
$(B)/obj/tests/fuzz/%.o: WARN += -Wno-missing-prototypes

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.SECONDARY:

# ---- tests ----------------------------------------------------------------

REPLAYS = $(foreach f,$(FUZZ),$(B)/replay/$(f):tests/fuzz/corpus/$(f))
BATS_CLI := $(sort $(wildcard tests/cli/*.bats))
BATS_LONG := $(sort $(wildcard tests/torture/*.bats))
BATS_REST := $(sort $(filter-out $(BATS_CLI) $(BATS_LONG),$(wildcard tests/*.bats tests/*/*.bats)))
JOBS ?= $(shell nproc)
TESTS = MSP_BIN='$(CURDIR)/$(B)/bin' MSP_BUILD='$(CURDIR)/$(B)' MSP_SAN='$(SAN)' CC='$(CC)' tests/run -j $(JOBS)

.PHONY: build-tests check check-fast check-unit check-san check-torture check-fresh
build-tests: ## build all that the tests need
build-tests: all units helpers $(FUZZ:%=$(B)/replay/%)
check: ## run all tests but the longest sizes; ends with "N passed, N failed"
check: build-tests
	@$(TESTS) $(BATS_LONG) $(BATS_REST) $(UNITS) $(REPLAYS) $(BATS_CLI)
check-fast: ## run the unit tests and the tests of the command line
check-fast: all units
	@$(TESTS) $(UNITS) $(BATS_CLI)
check-unit: ## run the unit tests
check-unit: units
	@$(TESTS) $(UNITS)
check-san: ## run unit tests, corpora, accuracy and command line: meant for SAN=address,undefined
check-san: build-tests
	@$(TESTS) $(UNITS) $(REPLAYS) $(wildcard tests/accuracy/*.bats tests/stream/*.bats tests/store/*.bats) $(BATS_CLI)
check-torture: ## run the fault tests at full size (hours on a small machine)
check-torture: all units helpers
	@MSP_TORTURE=full BATS_TEST_TIMEOUT=14400 $(TESTS) -t 43200 $(BATS_LONG)
check-fresh: ## run both quickstart commands in a bare Debian root (needs root and debootstrap)
	@tests/fresh

.PHONY: bench fuzz fuzz-run lint
bench: ## measure, side by side with what else is there
bench: all helpers
	@MSP_BIN='$(CURDIR)/$(B)/bin' MSP_BUILD='$(CURDIR)/$(B)' tests/bench/run
FUZZ_SECONDS ?= 60
fuzz: ## run every fuzz target for FUZZ_SECONDS (60) by clang's libFuzzer
	@$(MAKE) --no-print-directory CC='$(FUZZ_CC)' OPT='-O1 -g' SAN=address,undefined CFLAGS=-fsanitize=fuzzer-no-link fuzz-run
fuzz-run: $(FUZZ:%=$(B)/fuzz/%)
	@tests/fuzz/run -j $(JOBS) $(B)/fuzz $(FUZZ_SECONDS) $(FUZZ)
lint: ## check pages, scripts, banned functions and the order of the rooms
	@tests/lint

# ---- install --------------------------------------------------------------

COMPLETIONS = $(foreach t,$(TOOLS),$(B)/completions/bash/$(t) $(B)/completions/zsh/_$(t) $(B)/completions/fish/$(t).fish)
.PHONY: completions install uninstall installcheck dist
completions: $(COMPLETIONS)
$(B)/completions/bash/%: $(B)/bin/% contrib/completions/generate
	@mkdir -p $(@D)
	sh contrib/completions/generate bash $< >$@.new && mv $@.new $@
$(B)/completions/zsh/_%: $(B)/bin/% contrib/completions/generate
	@mkdir -p $(@D)
	sh contrib/completions/generate zsh $< >$@.new && mv $@.new $@
$(B)/completions/fish/%.fish: $(B)/bin/% contrib/completions/generate
	@mkdir -p $(@D)
	sh contrib/completions/generate fish $< >$@.new && mv $@.new $@

DOCS = README.md LICENSE CHANGELOG.md CONTRIBUTING.md
D = $(DESTDIR)
install: ## install under PREFIX (/usr/local) and DESTDIR
install: all completions
	$(INSTALL) -d '$(D)$(bindir)' '$(D)$(libdir)' '$(D)$(pkgconfigdir)' '$(D)$(includedir)/mspipe' '$(D)$(docdir)' \
		'$(D)$(bashcompdir)' '$(D)$(zshcompdir)' '$(D)$(fishcompdir)'
	$(INSTALL) -m 755 $(BINS) '$(D)$(bindir)'
	$(INSTALL) -m 644 $(SO) $(STORE_SO) $(MONGO_SO) $(XML_SO) $(B)/lib/libmspipe.a '$(D)$(libdir)'
	for l in libmspipe libmspipe-store; do ln -sf $$l.so.$(SOVERSION) "$(D)$(libdir)/$$l.so"; done
	set -e; for p in mspipe mspipe-store; do \
		sed -e 's|@prefix@|$(prefix)|' -e 's|@libdir@|$(libdir)|' -e 's|@includedir@|$(includedir)|' -e 's|@VERSION@|$(VERSION)|' \
			lib/$$p.pc.in >$(B)/$$p.pc; done
	$(INSTALL) -m 644 $(B)/mspipe.pc $(B)/mspipe-store.pc '$(D)$(pkgconfigdir)'
	$(INSTALL) -m 644 $(HEADERS) '$(D)$(includedir)/mspipe'
	$(INSTALL) -m 644 $(DOCS) '$(D)$(docdir)'
	$(INSTALL) -m 644 $(B)/completions/bash/* '$(D)$(bashcompdir)'
	$(INSTALL) -m 644 $(B)/completions/zsh/* '$(D)$(zshcompdir)'
	$(INSTALL) -m 644 $(B)/completions/fish/* '$(D)$(fishcompdir)'
	set -e; for p in man/*.[1-8]; do s='$(D)$(mandir)'/man$${p##*.}; $(INSTALL) -d "$$s"; $(INSTALL) -m 644 "$$p" "$$s"; done
uninstall: ## remove what install put there
	rm -f $(TOOLS:%='$(D)$(bindir)/%') '$(D)$(libdir)'/libmspipe.so '$(D)$(libdir)'/libmspipe.so.$(SOVERSION) '$(D)$(libdir)'/libmspipe.a \
		'$(D)$(libdir)'/libmspipe-store.so '$(D)$(libdir)'/libmspipe-store.so.$(SOVERSION) '$(D)$(libdir)'/libmspipe-mongo.so \
		'$(D)$(libdir)'/libmspipe-xml.so \
		'$(D)$(pkgconfigdir)'/mspipe.pc '$(D)$(pkgconfigdir)'/mspipe-store.pc $(HEADERS:include/%='$(D)$(includedir)/%') $(DOCS:%='$(D)$(docdir)/%') \
		$(TOOLS:%='$(D)$(bashcompdir)/%') $(TOOLS:%='$(D)$(zshcompdir)/_%') $(TOOLS:%='$(D)$(fishcompdir)/%.fish')
	for p in man/*.[1-8]; do rm -f '$(D)$(mandir)'/man$${p##*.}/$${p##*/}; done
	rmdir '$(D)$(includedir)/mspipe' '$(D)$(docdir)' 2>/dev/null || true
installcheck: ## run the main job, and build a program, from the installed tree
	sh tests/installcheck '$(DESTDIR)' '$(bindir)' '$(pkgconfigdir)' '$(mandir)'
dist: ## make build/mspipe-VERSION.tar.gz of the last commit; the same bytes every time
	@sh tests/dist $(VERSION)

.PHONY: clean help
clean: ## remove what was built
	rm -rf build
help: ## list the targets
	@sed -n 's/^\([a-z-]*\): ## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort -u | while IFS="$$(printf '\t')" read -r t h; do printf '  %-14s %s\n' "$$t" "$$h"; done
	@echo; echo 'Variables: PREFIX DESTDIR CC OPT CFLAGS LDFLAGS WERROR=-Werror SAN=address,undefined JOBS FUZZ_SECONDS'
