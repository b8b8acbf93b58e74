# SPDX-License-Identifier: GPL-2.0-only
# exptrace: targets for users and developers.
#
#   make                 the module and the tools, in build/
#   make KDIR=DIR        the module for the kernel whose build directory DIR is
#   make KERNEL=NAME     the module for Debian's 6.1, 6.12, 6.12-rt or newest kernel
#   make run             record a few seconds of a real workload and show the trace
#   make check           all tests, in throwaway VMs
#   make check-quick     after each change: lint, unit tests, some selftests on one kernel; below 4 minutes
#   make check-debug     the tests on kernels with checks of their own: one with KASAN, lockdep, ..., one with KCSAN
#   make check-long      an hour of storms, loading and unloading, and random calls
#   make fuzz            fuzz the tools until interrupted, or for FUZZ_SECONDS (clang's libFuzzer)
#   make bench           exptrace beside ftrace, perf, LTTng, BPF and sysdig, in VMs that count instructions (an hour)
#   make lint            checkpatch --strict, sparse, shellcheck
#   make install         tools, library and headers, into PREFIX (/usr/local) below DESTDIR; make uninstall
#   make clean
#
# The module is built for the running kernel if its headers are installed, else for Debian's 6.1.
HOST_BUILD := $(wildcard /lib/modules/$(shell uname -r)/build/Makefile)
KERNEL ?= $(if $(KDIR),$(abspath $(KDIR)),$(if $(HOST_BUILD),host,6.1))

MAKEFLAGS += --no-print-directory

all: module user

module:
	@scripts/deps.sh build
	@scripts/build-module.sh $(KERNEL)

user:
	@scripts/deps.sh user
	@$(MAKE) -f user/Makefile

run: deps user
	@scripts/run.sh

check: deps
	@scripts/check.sh

check-quick: deps
	@scripts/check.sh --quick

check-debug: deps
	@KERNELS= OTHER_KERNELS= DEBUG_KERNELS="$${DEBUG_KERNELS:-debug kcsan}" scripts/check.sh

check-long: deps
	@scripts/check.sh --long

fuzz: deps
	@scripts/fuzz.sh

bench: deps
	@scripts/bench.sh

lint: deps
	@scripts/lint.sh

# Install the Debian packages for building and testing; quick if they are installed. Building needs fewer.
deps:
	@scripts/deps.sh

# PREFIX, prefix, bindir, ... and DESTDIR, in the environment or as arguments, are passed on unchanged;
# relative paths are relative to this directory.
install: user
	@$(MAKE) -f user/Makefile install

uninstall:
	@$(MAKE) -f user/Makefile uninstall

clean:
	@rm -rf build

.PHONY: all module user run check check-quick check-debug check-long fuzz bench lint deps install uninstall clean
