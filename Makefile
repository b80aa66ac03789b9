# doorbell: see README.md.  "make help" lists the targets.

VERSION  := 0.1.0
PREFIX   ?= /usr/local
DESTDIR  ?=
SANITIZE ?=
V        ?= 0
CC       ?= cc

Q := $(if $(filter 1,$(V)),,@)

# Each set of sanitizers has its own tree of objects.
comma := ,
BUILD := build$(if $(SANITIZE),/$(subst $(comma),+,$(SANITIZE)))

PACKAGES := libevent_core libgit2 libcurl jansson yaml-0.1 libssl libcrypto sqlite3 smartcols
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))

WARNINGS := -Wall -Wextra -Wpedantic -Wformat=2 -Werror=format-security -Wconversion \
	-Wimplicit-fallthrough -Wtrampolines -Wbidi-chars=any -Wvla -Walloca -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wcast-qual \
	-Wpointer-arith -Wwrite-strings -Wundef -Wnull-dereference -Warith-conversion -Wswitch-enum
HARDENING := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero \
	-fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing \
	-fexceptions -fzero-call-used-regs=used-gpr -mharden-sls=all
LINK_HARDENING := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,-z,nodlopen,-z,defs \
	-Wl,--as-needed,--no-copy-dt-needed-entries
SANITIZER := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)

WERROR   ?= -Werror
CFLAGS   ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DDOORBELL_VERSION='"$(VERSION)"' -Ilib -I. -include base/banned.h
ALL_CFLAGS = -std=c11 -fPIE $(CFLAGS) $(WARNINGS) $(WERROR) \
	$(if $(SANITIZE),$(SANITIZER),$(HARDENING)) $(PKG_CFLAGS)
ALL_LDFLAGS = $(LDFLAGS) $(if $(SANITIZE),-pie $(SANITIZER),$(LINK_HARDENING)) -pthread

LIB_LIBS  = $(shell pkg-config --libs libgit2 jansson yaml-0.1 libcrypto sqlite3)
MAIN_LIBS = $(shell pkg-config --libs $(PACKAGES))
HOOK_LIBS = $(shell pkg-config --libs jansson libcrypto)

LIB_OBJECTS      := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*/*.c))
RECEIVER_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard receiver/*.c receiver/*/*.c))
HOOK_OBJECTS     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard hooks/*.c))
RECEIVER_PARTS   := $(filter-out $(BUILD)/receiver/main.o,$(RECEIVER_OBJECTS))
SUPPORT_OBJECTS  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
UNIT_TESTS       := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c))
REPLAY_TESTS     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/replay/*.c))
FUZZ_TARGETS     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
E2E_HELPERS      := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/e2e/*.c))
BENCHMARKS       := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))
HOOKS            := $(patsubst hooks/%.c,$(BUILD)/%,$(wildcard hooks/post-receive.c))

.PHONY: all
all: $(BUILD)/doorbell $(HOOKS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@$(if $(filter 1,$(V)),,echo "  CC      $<")
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libdoorbell.a: $(LIB_OBJECTS)
	@$(if $(filter 1,$(V)),,echo "  AR      $@")
	$(Q)rm -f $@ && ar rcs $@ $^

define link
@mkdir -p $(@D)
@$(if $(filter 1,$(V)),,echo "  LINK    $@")
$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1)
endef

$(BUILD)/doorbell: $(RECEIVER_OBJECTS) $(BUILD)/libdoorbell.a
	$(call link,$(MAIN_LIBS))

$(BUILD)/post-receive: $(HOOK_OBJECTS) $(BUILD)/libdoorbell.a
	$(call link,$(HOOK_LIBS))

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(SUPPORT_OBJECTS) $(RECEIVER_PARTS) $(BUILD)/libdoorbell.a
	$(call link,$(MAIN_LIBS))

$(BUILD)/tests/replay/%: $(BUILD)/tests/replay/%.o $(SUPPORT_OBJECTS) $(RECEIVER_PARTS) $(BUILD)/libdoorbell.a
	$(call link,$(MAIN_LIBS))

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(SUPPORT_OBJECTS) $(RECEIVER_PARTS) $(BUILD)/libdoorbell.a
	$(call link,$(MAIN_LIBS))

# Helpers that end-to-end scripts talk to.
$(BUILD)/tests/e2e/%: $(BUILD)/tests/e2e/%.o $(BUILD)/libdoorbell.a
	$(call link,$(LIB_LIBS))

# A fuzz target is a file with LLVMFuzzerTestOneInput(); here it is linked with
# a main() that runs the files named on the command line: corpora as tests.
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/standalone.o $(BUILD)/libdoorbell.a
	$(call link,$(LIB_LIBS))

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
