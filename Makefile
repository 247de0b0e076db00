# mspipe. One file, no configure. `make help` lists the targets.
#
# Everything built lies in build/<hash of the flags>/, so that a sanitizer build and a plain one never mix;
# build/current points at the one made last.

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
DESTDIR ?=

ifeq ($(origin CC),default)
CC = gcc
endif
PKG_CONFIG ?= pkg-config
PKGS = libbson-1.0 libzstd libxxhash mseed

OPT ?= -O2 -g
WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wundef
WERROR ?=
SAN ?=
SANFLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# -ffp-contract=off: the same numbers whether or not the processor has fused multiply-add
BASE = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iinclude -Ilib -fPIC -fvisibility=hidden -ffp-contract=off -fstack-protector-strong
DEPS_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
DEPS_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)
ALL_CFLAGS = $(BASE) $(WARN) $(WERROR) $(OPT) $(SANFLAGS) $(DEPS_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS) $(LDFLAGS)
LIBS = $(DEPS_LIBS) -lm

FLAGS_HASH := $(shell printf '%s' '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cksum | cut -d' ' -f1)
B = build/$(FLAGS_HASH)

ROOMS = core signal expr stream format tool
LIB_SRC := $(filter-out lib/tool/main.c,$(foreach r,$(ROOMS),$(sort $(wildcard lib/$(r)/*.c))))
LIB_OBJ = $(LIB_SRC:%.c=$(B)/%.o)
BIN_SRC := $(sort $(wildcard bin/*.c))
BINS = $(BIN_SRC:bin/%.c=$(B)/bin/%)
UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
UNITS = $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
SO = $(B)/lib/libmspipe.so.$(SOVERSION)

.PHONY: all units
all: ## build the library and the commands
all: $(SO) $(B)/lib/libmspipe.so $(B)/libmspipe.a $(BINS)
	@ln -sfn $(FLAGS_HASH) build/current

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(SO): $(LIB_OBJ) lib/libmspipe.map
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-soname,libmspipe.so.$(SOVERSION) -Wl,--version-script=lib/libmspipe.map $(ALL_LDFLAGS) -o $@ $(LIB_OBJ) $(LIBS)
$(B)/lib/libmspipe.so: $(SO)
	ln -sf libmspipe.so.$(SOVERSION) $@
$(B)/libmspipe.a: $(LIB_OBJ)
	rm -f $@
	ar rcs $@ $(LIB_OBJ)

$(B)/bin/%: $(B)/bin/%.o $(B)/lib/tool/main.o $(SO) $(B)/lib/libmspipe.so
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib' -o $@ $< $(B)/lib/tool/main.o -L$(B)/lib -lmspipe $(LIBS)

units: $(UNITS)
$(B)/unit/%: $(B)/tests/unit/%.o $(B)/libmspipe.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(B)/libmspipe.a $(LIBS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.SECONDARY:

.PHONY: check-unit
check-unit: ## run the unit tests
check-unit: units
	@set -e; for t in $(UNITS); do $$t; done

.PHONY: clean
clean: ## remove what was built
	rm -rf build

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\): ## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort -u | while IFS="$$(printf '\t')" read -r t h; do printf '  %-14s %s\n' "$$t" "$$h"; done
