# carmlbench: `make demo` and `make check` are all a newcomer types.
#
#   make            build/bin/carmlbench and build/bin/carmlbenchd
#   make deps       install the Debian packages that are missing (or print the apt line)
#   make demo       the whole job on the embedded default, in under a minute
#   make check      every test: unit, kernel, parity, system, fault; sanitizers; source gates
#   make check-long every network of ../shared/zoo against Caffe's results, optimised: minutes, and
#                   2 GB for weights in ~/.cache/carmlbench-zoo (CARMLBENCH_CACHE); needs numpy
#   make check-witness  OpenCV, ONNX Runtime, TensorFlow.js and NumPy run what `carmlbench convert`
#                   makes of those networks: minutes, and 600 MB of their packages; skips what it
#                   cannot install
#   make bench      the measurements of tests/bench
#   make layers     docs/SUPPORTED-LAYERS.md anew
#   make install    DESTDIR= PREFIX=/usr/local SYSCONFDIR=/etc UNITDIR=…
#   make SAN=address,undefined …   the same in build-address,undefined
#   V=1 shows the commands; CC, CFLAGS, LDFLAGS of the caller are honoured.

VERSION ?= 0.1.0
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var
UNITDIR ?= /lib/systemd/system
SYSUSERSDIR ?= /usr/lib/sysusers.d
TMPFILESDIR ?= /usr/lib/tmpfiles.d
PYTHON ?= /usr/bin/python3

comma := ,
BUILD ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
Q := $(if $(V),,@)

BUILD_PACKAGES := gcc pkg-config libuv1-dev libcurl4-openssl-dev libjansson-dev libsqlite3-dev \
	libjpeg62-turbo-dev libpng-dev libyaml-dev libssl-dev libdeflate-dev libmicrohttpd-dev sqlite3
TEST_PACKAGES := clang libclang-rt-14-dev libcmocka-dev python3 python3-numpy python3-jsonschema \
	systemd scdoc curl chromium pmccabe clang-format procps git \
	wordnet-base
# A node that came from elsewhere may not go together with Debian's npm.
WITNESS_PACKAGES = python3-numpy python3-opencv python3-onnx \
	$(if $(shell command -v node),,nodejs) $(if $(shell command -v npm),,npm)

LIBRARIES := libuv libcurl jansson sqlite3 libjpeg libpng yaml-0.1 libcrypto libdeflate libmicrohttpd

# These install the libraries themselves, or need none; every other goal says what is missing.
WITHOUT_LIBRARIES := deps build-deps clean demo check check-long check-witness bench
ifneq ($(filter-out $(WITHOUT_LIBRARIES),$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell pkg-config --exists $(LIBRARIES) 2>/dev/null && echo found),found)
$(error Libraries are missing. Run: make deps (or: apt-get install $(BUILD_PACKAGES)))
endif
LIB_CFLAGS := $(shell pkg-config --cflags $(LIBRARIES))
LIB_LDLIBS := $(shell pkg-config --libs $(LIBRARIES))
endif

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
HARDENING := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2 -fstack-clash-protection)
OPTIMIZE ?= -O2
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -I. -I$(BUILD)/gen $(OPTIMIZE) -ffp-contract=off -g $(WARNINGS) $(HARDENING) \
	-DCARMLBENCH_VERSION='"$(VERSION)"' -DCARMLBENCH_SYSCONFDIR='"$(SYSCONFDIR)"' \
	-DCARMLBENCH_DATADIR='"$(PREFIX)/share/carmlbench"' \
	-DCARMLBENCH_STATEDIR='"$(LOCALSTATEDIR)/lib/carmlbench"' \
	$(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) $(LIB_CFLAGS) $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)
LDLIBS := $(LIB_LDLIBS) -lpthread -lm

# The reference kernels and the demo's trainer are plain C that the compiler vectorises.
# Contraction stays off everywhere (ALL_CFLAGS) so that every machine gives the same numbers.
KERNEL_CFLAGS := -O3
KERNEL_SOURCES := engine/kernel/% demo/trainer/%

sources = $(wildcard $(addsuffix /*.c,$(1)))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

COMMON := $(call sources,common common/image common/page)
STORE := $(call sources,common/store)
MODEL := $(call sources,model model/format $(wildcard model/format/*) model/import)
ENGINE := $(call sources,engine engine/ops engine/kernel engine/kernel/ref)
DAEMON := $(filter-out daemon/main.c,$(call sources,daemon daemon/backends))
CLI := $(filter-out cli/main.c,$(call sources,cli cli/report))
FIXTURES := $(wildcard tests/lib/*_fixture.c)
TESTLIB := $(filter-out %_main.c $(FIXTURES),$(call sources,tests/lib))
UNIT_TESTS := $(call sources,tests/unit tests/unit/* tests/unit/*/* tests/unit/*/*/* tests/kernel tests/parity)
BENCHES := $(call sources,tests/bench)
TEST_PROGRAMS := $(call sources,tests/system tests/fault tests/fuzz)
SERVERS := $(wildcard tests/lib/*_main.c)
DEMO_PROGRAMS := $(call sources,demo)
LAYERS := $(call sources,docs/layers)
EMBED := common/embed.sh

libs := $(addprefix $(BUILD)/lib/lib,common.a store.a model.a engine.a daemon.a cli.a test.a fixture.a)
daemon_libs := $(addprefix $(BUILD)/lib/lib,daemon.a engine.a model.a store.a common.a)
cli_libs := $(addprefix $(BUILD)/lib/lib,cli.a engine.a model.a store.a common.a)
test_libs := $(addprefix $(BUILD)/lib/lib,test.a daemon.a cli.a engine.a model.a store.a common.a)

programs := $(BUILD)/bin/carmlbench $(BUILD)/bin/carmlbenchd
unit_programs := $(patsubst %.c,$(BUILD)/%,$(UNIT_TESTS))
extra_programs := $(patsubst tests/lib/%_main.c,$(BUILD)/tests/lib/%,$(SERVERS)) \
	$(patsubst %.c,$(BUILD)/%,$(BENCHES) $(DEMO_PROGRAMS) $(TEST_PROGRAMS)) $(BUILD)/docs/layers

.PHONY: all deps build-deps tests demo check check-long check-witness check-quick bench install clean gates docs layers
.SUFFIXES:
.SECONDARY:

all: $(programs)

tests: $(programs) $(unit_programs) $(extra_programs)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(if $(V),,echo "  CC    $<")
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter $(KERNEL_SOURCES),$<),$(KERNEL_CFLAGS)) -MMD -MP -c -o $@ $<

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# SQL and the parts of pages become string constants; see common/text_file.h.
sql_files = $(sort $(wildcard sql/$(1)/*.sql))
embed = @mkdir -p $(@D); sh $< $(1) > $@.tmp && mv $@.tmp $@
$(BUILD)/gen/sql_embedded.c: $(EMBED) $(wildcard sql/*/*.sql)
	$(call embed,common/store/sql.h sql_migrations $(call sql_files,migrations) \
		-- sql_statements $(call sql_files,statements) -- sql_views $(call sql_files,views))
$(BUILD)/gen/page_embedded.c: $(EMBED) common/page/style.css
	$(call embed,common/page/page.h page_files common/page/style.css)
live_files := $(addprefix daemon/page/live.,html css js)
$(BUILD)/gen/live_embedded.c: $(EMBED) $(live_files)
	$(call embed,daemon/live.h live_files $(live_files))
$(BUILD)/gen/figures_embedded.c: $(EMBED) $(wildcard sql/figures/*.sql)
	$(call embed,cli/report/html_page.h sql_figures $(call sql_files,figures))

$(BUILD)/lib/libcommon.a: $(call objects,$(COMMON)) $(BUILD)/obj/gen/page_embedded.o
$(BUILD)/lib/libstore.a: $(call objects,$(STORE)) $(BUILD)/obj/gen/sql_embedded.o
$(BUILD)/lib/libmodel.a: $(call objects,$(MODEL))
$(BUILD)/lib/libengine.a: $(call objects,$(ENGINE))
$(BUILD)/lib/libdaemon.a: $(call objects,$(DAEMON)) $(BUILD)/obj/gen/live_embedded.o
$(BUILD)/lib/libcli.a: $(call objects,$(CLI)) $(BUILD)/obj/gen/figures_embedded.o
$(BUILD)/lib/libtest.a: $(call objects,$(TESTLIB))
# Fixtures call cmocka, which `make demo` must not need.
$(BUILD)/lib/libfixture.a: $(call objects,$(FIXTURES))
$(libs):
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

link = @mkdir -p $(@D); $(if $(V),,echo "  LINK  $@";) $(CC) $(ALL_LDFLAGS) -o $@ $(1) $(LDLIBS)

$(BUILD)/bin/carmlbench: $(BUILD)/obj/cli/main.o $(cli_libs)
	$(call link,$^)
$(BUILD)/bin/carmlbenchd: $(BUILD)/obj/daemon/main.o $(daemon_libs)
	$(call link,$^)
# Listed, because tests/lib/X.c may stand beside X_main.c and the rule below would fit too.
$(patsubst tests/lib/%_main.c,$(BUILD)/tests/lib/%,$(SERVERS)): \
	$(BUILD)/tests/lib/%: $(BUILD)/obj/tests/lib/%_main.o $(test_libs)
	$(call link,$^)
$(foreach part,unit kernel parity bench system fault fuzz,$(BUILD)/tests/$(part)/%): LDLIBS += -lcmocka
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/lib/libfixture.a $(test_libs)
	$(call link,$^)
$(BUILD)/demo/train: $(call objects,$(call sources,demo/trainer))
$(BUILD)/demo/%: $(BUILD)/obj/demo/%.o $(test_libs)
	$(call link,$(filter %.o,$^) $(filter %.a,$^))

$(BUILD)/docs/layers: $(call objects,$(LAYERS)) $(BUILD)/lib/libmodel.a $(BUILD)/lib/libcommon.a
	$(call link,$^)

-include $(patsubst %.o,%.d,$(wildcard $(BUILD)/obj/*/*.o $(BUILD)/obj/*/*/*.o $(BUILD)/obj/*/*/*/*.o $(BUILD)/obj/*/*/*/*/*.o $(BUILD)/obj/*/*/*/*/*/*.o))

deps:
	$(Q)sh .ci/deps $(BUILD_PACKAGES) $(TEST_PACKAGES)

build-deps:
	$(Q)sh .ci/deps $(BUILD_PACKAGES)

# One job for each CPU unless the caller says otherwise.
PARALLEL = $(if $(findstring j,$(MAKEFLAGS)),,-j$(shell nproc))

# A second make, because the package list decides what pkg-config can answer.
demo: build-deps
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) tests-free-demo

.PHONY: tests-free-demo
tests-free-demo: $(programs) $(BUILD)/demo/draw $(BUILD)/tests/lib/webserver
	$(Q)BUILD=$(BUILD) sh demo/demo.sh

check: deps
	$(Q)tests/run

check-long: deps
	$(Q)PYTHON=$(PYTHON) tests/run --only parity

# One package at a time: what cannot be had costs only the witnesses that need it.
check-witness: build-deps
	$(Q)for package in $(WITNESS_PACKAGES); do sh .ci/deps $$package || true; done
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) all
	$(Q)BUILD=$(BUILD) PYTHON=$(PYTHON) $(PYTHON) tests/witness/run.py

bench: deps
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) tests
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/bench/run.py

# ---- documentation and installation ---------------------------------------------------------------

manuals := $(addprefix $(BUILD)/man/,carmlbench.1 carmlbenchd.8 carmlbench.yml.5)

docs: $(manuals)

# docs/SUPPORTED-LAYERS.md, from the tables and writers of the program.
layers: $(BUILD)/docs/layers
	$(Q)$< > $(BUILD)/layers.md && mv $(BUILD)/layers.md docs/SUPPORTED-LAYERS.md

$(BUILD)/man/carmlbench.yml.5.scd: docs/carmlbench.yml.5.head.scd $(BUILD)/bin/carmlbenchd
	@mkdir -p $(@D)
	$(Q){ cat $< && $(BUILD)/bin/carmlbenchd --print-manual; } > $@.tmp && mv $@.tmp $@
$(BUILD)/man/%.scd: docs/%.scd
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(BUILD)/man/%: $(BUILD)/man/%.scd
	$(Q)scdoc < $< > $@.tmp && mv $@.tmp $@

share := $(DESTDIR)$(PREFIX)/share

# The unit names the folders of this installation. An existing configuration is left alone.
install: $(programs) $(if $(shell command -v scdoc),docs)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(share)/carmlbench/models \
		$(share)/carmlbench/labels $(DESTDIR)$(SYSCONFDIR)/carmlbench/models $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(TMPFILESDIR)
	install -m 755 $(BUILD)/bin/carmlbench $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(BUILD)/bin/carmlbenchd $(DESTDIR)$(PREFIX)/sbin/
	install -m 644 config/models/* $(share)/carmlbench/models/
	install -m 644 config/labels/* $(share)/carmlbench/labels/
	install -D -m 644 LICENSE $(share)/doc/carmlbench/copyright
	test -e $(DESTDIR)$(SYSCONFDIR)/carmlbench/carmlbench.yml || \
		install -m 644 config/carmlbench.yml $(DESTDIR)$(SYSCONFDIR)/carmlbench/
	sed -e 's|/usr/sbin/|$(PREFIX)/sbin/|; s|=/etc/carmlbench|=$(SYSCONFDIR)/carmlbench|' \
		systemd/carmlbenchd.service > $(DESTDIR)$(UNITDIR)/carmlbenchd.service
	install -m 644 systemd/carmlbench.sysusers $(DESTDIR)$(SYSUSERSDIR)/carmlbench.conf
	install -m 644 systemd/carmlbench.tmpfiles $(DESTDIR)$(TMPFILESDIR)/carmlbench.conf
	for page in $(notdir $(wildcard $(manuals))); do \
		section=$${page##*.}; \
		install -D -m 644 $(BUILD)/man/$$page $(share)/man/man$$section/$$page || exit 1; \
	done

clean:
	rm -rf build build-*
