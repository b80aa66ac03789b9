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

PACKAGES := libevent_core libgit2 libcurl jansson yaml-0.1 libssl libcrypto sqlite3 smartcols libseccomp
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
# What sanitizers add to the code makes gcc see null pointers that are none.
SANITIZER := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-Wno-null-dereference -Wno-maybe-uninitialized)

WERROR   ?= -Werror
CFLAGS   ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DDOORBELL_VERSION='"$(VERSION)"' -Ilib -I. -include base/banned.h
ALL_CFLAGS = -std=c11 -fPIE $(CFLAGS) $(WARNINGS) $(WERROR) \
	$(if $(SANITIZE),$(SANITIZER),$(HARDENING)) $(PKG_CFLAGS)
ALL_LDFLAGS = $(LDFLAGS) $(if $(SANITIZE),-pie $(SANITIZER),$(LINK_HARDENING)) -pthread

MAIN_LIBS = $(shell pkg-config --libs $(PACKAGES))
HOOK_LIBS = $(shell pkg-config --libs jansson libcrypto)

# A folder of lib or receiver is a room and may have rooms of its own, no deeper.
LIB_SOURCES      := $(wildcard lib/*/*.c lib/*/*/*.c)
RECEIVER_SOURCES := $(wildcard receiver/*.c receiver/*/*.c receiver/*/*/*.c)
LIB_OBJECTS      := $(patsubst %.c,$(BUILD)/%.o,$(LIB_SOURCES))
RECEIVER_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(RECEIVER_SOURCES))
# Files that pages refer to are built into the program, each as an object.
ASSET_OBJECTS    := $(patsubst %,$(BUILD)/%.o,$(wildcard receiver/*/*.css receiver/*/*.js))
RECEIVER_OBJECTS += $(ASSET_OBJECTS)
HOOK_OBJECTS     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard hooks/*.c))
HOOK_PARTS       := $(filter-out $(BUILD)/hooks/p%-receive.o,$(HOOK_OBJECTS))
RECEIVER_PARTS   := $(filter-out $(BUILD)/receiver/main.o,$(RECEIVER_OBJECTS)) $(HOOK_PARTS)
SUPPORT_OBJECTS  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
UNIT_TESTS       := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c))
REPLAY_TESTS     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/replay/*.c))
FUZZ_TARGETS     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHMARKS       := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))
BENCH_HELPERS    := $(BUILD)/tests/bench/load
E2E_HELPERS      := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/e2e/*.c))
HOOKS            := $(patsubst hooks/%.c,$(BUILD)/%,$(wildcard hooks/post-receive.c))

# A source in a place where no rule above looks would be left out in silence.
TEST_SOURCES := $(wildcard $(patsubst %,tests/%/*.c,support unit replay fuzz bench e2e))
ALL_SOURCES  := $(LIB_SOURCES) $(RECEIVER_SOURCES) $(wildcard hooks/*.c) $(TEST_SOURCES)
ORPHANS      := $(filter-out $(ALL_SOURCES),$(shell find lib receiver hooks tests -name '*.c'))
ifneq ($(ORPHANS),)
$(error no rule builds $(ORPHANS): move it, or teach the Makefile its folder)
endif

# "make" alone installs the libraries that are missing too, or stops; the
# targets that a newcomer types first have rules for that (deps-%).
.PHONY: all
all: $(BUILD)/doorbell $(HOOKS)

ifeq ($(shell contrib/dependencies.sh build --check 2>/dev/null || echo missing)$(filter deps-% demo test% bench fuzz lint graph oracle help clean uninstall,$(MAKECMDGOALS)),missing)
$(shell contrib/dependencies.sh build >&2)
ifneq ($(shell pkg-config --exists $(PACKAGES) 2>/dev/null || echo missing),)
$(error libraries are missing)
endif
endif

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@$(if $(filter 1,$(V)),,echo "  CC      $<")
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# receiver/ui/doorbell.css becomes asset_doorbell_css .. asset_doorbell_css_end.  It is compiled with the flags of
# all others, so that the marks of the hardening are in its object, too.
asset = asset_$(subst .,_,$(subst -,_,$(notdir $<)))
$(ASSET_OBJECTS): $(BUILD)/%.o: %
	@mkdir -p $(@D)
	@$(if $(filter 1,$(V)),,echo "  ASSET   $<")
	$(Q)printf '__asm__(".section .rodata\\n.global $(asset)\\n$(asset):\\n.incbin \"$<\"\\n.global $(asset)_end\\n$(asset)_end:\\n.byte 0\\n.previous");\nextern const char $(asset)[];\n' | $(CC) $(ALL_CFLAGS) -x c -c -o $@ -

$(BUILD)/libdoorbell.a: $(LIB_OBJECTS)
	@$(if $(filter 1,$(V)),,echo "  AR      $@")
	$(Q)rm -f $@ && ar rcs $@ $^

define link
@mkdir -p $(@D)
@$(if $(filter 1,$(V)),,echo "  LINK    $@")
$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1)
endef

$(BUILD)/doorbell: $(RECEIVER_OBJECTS) $(HOOK_PARTS) $(BUILD)/libdoorbell.a
	$(call link,$(MAIN_LIBS))

$(BUILD)/post-receive: $(BUILD)/hooks/post-receive.o $(HOOK_PARTS) $(BUILD)/libdoorbell.a
	$(call link,$(HOOK_LIBS))

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(SUPPORT_OBJECTS) $(RECEIVER_PARTS) $(BUILD)/libdoorbell.a
	$(call link,$(MAIN_LIBS))

$(BUILD)/tests/replay/%: $(BUILD)/tests/replay/%.o $(SUPPORT_OBJECTS) $(RECEIVER_PARTS) $(BUILD)/libdoorbell.a
	$(call link,$(MAIN_LIBS))

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(SUPPORT_OBJECTS) $(RECEIVER_PARTS) $(BUILD)/libdoorbell.a
	$(call link,$(MAIN_LIBS))

# A fuzz target is a file with LLVMFuzzerTestOneInput(); here it is linked with
# a main() that runs the files named on the command line: corpora as tests.
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/standalone.o $(HOOK_PARTS) $(BUILD)/libdoorbell.a
	$(call link,$(MAIN_LIBS))

# The calls of the reader's protocol are one file each, with both of its halves.
$(BUILD)/tests/fuzz/fuzz_reader_answer: $(RECEIVER_PARTS)

$(BUILD)/tests/e2e/%: $(BUILD)/tests/e2e/%.o $(SUPPORT_OBJECTS) $(RECEIVER_PARTS) $(BUILD)/libdoorbell.a
	$(call link,$(MAIN_LIBS))

# --- packages -------------------------------------------------------------
# What is missing is installed with apt-get; nothing is done when all is there.

.PHONY: deps-build deps-demo deps-test deps-bench
deps-build deps-demo deps-test deps-bench: deps-%:
	@contrib/dependencies.sh $*

# The tree is built by a make of its own, after pkg-config is surely there, on
# all processors unless -j says otherwise.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
.PHONY: everything
everything: all $(UNIT_TESTS) $(REPLAY_TESTS) $(FUZZ_TARGETS) $(E2E_HELPERS)

# --- tests ----------------------------------------------------------------
# prove runs them all and reads TAP; T=word picks those whose name has it.

T ?=
pick = $(if $(T),$(foreach f,$(1),$(if $(findstring $(T),$(notdir $(f))),$(f))),$(1))
PROVE = BUILD=$(BUILD) $(SANITIZER_OPTIONS) prove --exec '' --timer --failures -j2
SANITIZER_OPTIONS := ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 \
	LSAN_OPTIONS=suppressions=$(CURDIR)/tests/support/leaks.supp:print_suppressions=0 \
	TSAN_OPTIONS=halt_on_error=1

E2E_TESTS  := $(sort $(wildcard tests/e2e/*.py tests/e2e/*.mjs))
LINT_TESTS := tests/lint/lint.py tests/lint/hardening.sh

.PHONY: test test-unit test-replay test-fuzz test-e2e
test: deps-test
	+@$(MAKE) $(PARALLEL) --no-print-directory everything
	@rm -rf $(BUILD)/metrics-seen
	$(PROVE) $(call pick,$(UNIT_TESTS) $(REPLAY_TESTS) tests/fuzz/corpora.sh $(E2E_TESTS) $(LINT_TESTS))
	$(if $(T),,$(PROVE) tests/support/metrics_seen.py)

test-unit: deps-test
	+@$(MAKE) $(PARALLEL) --no-print-directory all $(UNIT_TESTS)
	$(PROVE) $(call pick,$(UNIT_TESTS))

test-replay: deps-test
	+@$(MAKE) $(PARALLEL) --no-print-directory $(REPLAY_TESTS)
	$(PROVE) $(call pick,$(REPLAY_TESTS))

test-fuzz: deps-test
	+@$(MAKE) $(PARALLEL) --no-print-directory $(FUZZ_TARGETS)
	$(PROVE) tests/fuzz/corpora.sh

test-e2e: deps-test
	+@$(MAKE) $(PARALLEL) --no-print-directory all $(E2E_HELPERS)
	$(PROVE) $(call pick,$(E2E_TESTS))

.PHONY: lint
lint: deps-test
	+@$(MAKE) --no-print-directory all
	$(PROVE) $(LINT_TESTS)

# The floors of the house: which folder stands on which.
.PHONY: graph
graph:
	@tests/lint/lint.py --verbose graph

# Fuzzing with clang's libFuzzer, TIME seconds for each target; T=word picks.
TIME ?= 60
FUZZ_CFLAGS = -std=c11 -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all $(PKG_CFLAGS)
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

$(BUILD)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(patsubst %.c,$(BUILD)/fuzz/%.o,$(filter-out hooks/p%-receive.c,$(LIB_SOURCES) $(wildcard hooks/*.c)))
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(MAIN_LIBS)

$(BUILD)/fuzz/fuzz_reader_answer: $(patsubst %.c,$(BUILD)/fuzz/%.o,$(filter-out receiver/main.c,$(RECEIVER_SOURCES)))

# Objects between a source and its program are kept.
.SECONDARY:

.PHONY: fuzz
fuzz: deps-test
	+@$(MAKE) $(PARALLEL) --no-print-directory $(patsubst %,$(BUILD)/fuzz/fuzz_%,$(call pick,$(FUZZ_NAMES)))
	@for name in $(call pick,$(FUZZ_NAMES)); do \
		mkdir -p $(BUILD)/fuzz/found/$$name; \
		echo "== $$name"; \
		$(BUILD)/fuzz/fuzz_$$name -max_total_time=$(TIME) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/found/$$name tests/fuzz/corpus/$$name \
			>$(BUILD)/fuzz/$$name.log 2>&1 || { tail -n 60 $(BUILD)/fuzz/$$name.log; exit 1; }; \
		tail -n 7 $(BUILD)/fuzz/$$name.log; \
	done

.PHONY: bench
bench: deps-bench
	+@$(MAKE) $(PARALLEL) --no-print-directory all $(BENCHMARKS)
	@for b in $(call pick,$(sort $(filter-out $(BENCH_HELPERS),$(BENCHMARKS)) $(wildcard tests/bench/*.py))); do \
		echo; echo "== $$b"; BUILD=$(BUILD) $$b || exit 1; \
	done

# Compare what the engine says with what the renderers do, on any repository.
REPO ?=
.PHONY: oracle
oracle: deps-test
	+@$(MAKE) $(PARALLEL) --no-print-directory everything
	@test -n "$(REPO)" || { echo "usage: make oracle REPO=DIRECTORY [PUSHES=N]" >&2; exit 64; }
	BUILD=$(BUILD) tests/support/oracle.py "$(REPO)" $(if $(PUSHES),--pushes $(PUSHES))

# --- demo -----------------------------------------------------------------

KEEP ?=
.PHONY: demo
demo: deps-demo
	@test -x $(BUILD)/doorbell || echo "First the build: about a minute on two processors. The demo then takes some seconds."
	+@$(MAKE) $(PARALLEL) --no-print-directory all
	@KEEP=$(KEEP) BUILD=$(BUILD) contrib/examples/demo.py

# --- install --------------------------------------------------------------

MAN1 = $(wildcard contrib/man/*.1)
MAN5 = $(wildcard contrib/man/*.5)
MAN7 = $(wildcard contrib/man/*.7)

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/doorbell
	install -m 755 $(BUILD)/doorbell $(DESTDIR)$(PREFIX)/bin/doorbell
	install -m 755 $(BUILD)/post-receive $(DESTDIR)$(PREFIX)/libexec/doorbell/post-receive
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 $(MAN1) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(MAN5) $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 $(MAN7) $(DESTDIR)$(PREFIX)/share/man/man7
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 644 contrib/completions/doorbell.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/doorbell
	install -m 644 contrib/completions/doorbell.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_doorbell
	install -m 644 contrib/completions/doorbell.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/doorbell.fish
	install -d $(DESTDIR)$(PREFIX)/share/doorbell/examples
	install -m 644 contrib/examples/doorbell.yaml $(DESTDIR)$(PREFIX)/share/doorbell/examples
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|g' contrib/systemd/doorbell.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/doorbell.service
	install -m 644 contrib/systemd/doorbell.socket $(DESTDIR)$(PREFIX)/lib/systemd/system/

.PHONY: uninstall
uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/libexec/doorbell $(DESTDIR)$(PREFIX)/share/doorbell
	rm -f $(DESTDIR)$(PREFIX)/bin/doorbell $(DESTDIR)$(PREFIX)/lib/systemd/system/doorbell.service \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/doorbell.socket \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/doorbell \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_doorbell \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/doorbell.fish \
		$(patsubst contrib/man/%,$(DESTDIR)$(PREFIX)/share/man/man1/%,$(MAN1)) \
		$(patsubst contrib/man/%,$(DESTDIR)$(PREFIX)/share/man/man5/%,$(MAN5)) \
		$(patsubst contrib/man/%,$(DESTDIR)$(PREFIX)/share/man/man7/%,$(MAN7))

.PHONY: clean
clean:
	rm -rf build

.PHONY: help
help:
	@echo 'make demo       see it work: a repository, real pushes, what they trigger (KEEP=1: leave it running)'
	@echo 'make test       all tests; T=word picks; SANITIZE=address,undefined or thread'
	@echo 'make            build doorbell and its hook'
	@echo 'make install    PREFIX=/usr/local DESTDIR='
	@echo 'make bench      benchmarks; make fuzz: TIME=60 seconds for each parser'
	@echo 'make lint       the house rules; make graph: which folder stands on which'
	@echo 'make oracle     REPO=DIR: the engine against the renderers'

# After all targets, so that no dependency file makes a rule of its own the first.
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
