# SPDX-License-Identifier: GPL-2.0-only
# exptrace: what a user and a developer want to do, by name.
#
#   make                 the module and the tools, in build/
#   make KDIR=DIR        the module for the kernel whose build directory DIR is
#   make KERNEL=NAME     the module for Debian's 6.1, 6.12, 6.12-rt or newest kernel
#   make run             record a few seconds of a real workload, show what was recorded
#   make check           all tests, in throwaway VMs
#   make check-debug     the tests on kernels that watch themselves: one with KASAN, lockdep, ..., one with KCSAN
#   make check-long      an hour of storms, of loading and unloading, of random calls
#   make bench           exptrace beside ftrace, perf, LTTng, BPF and sysdig, in VMs that count instructions (an hour)
#   make lint            checkpatch --strict, sparse, shellcheck
#   make install         tools, library and headers (PREFIX, DESTDIR)
#   make clean
#
# The module is built for the running kernel if its headers are installed, else for Debian's 6.1.
HOST_BUILD := $(wildcard /lib/modules/$(shell uname -r)/build/Makefile)
KERNEL ?= $(if $(KDIR),$(abspath $(KDIR)),$(if $(HOST_BUILD),host,6.1))

PREFIX ?= /usr/local

MAKEFLAGS += --no-print-directory

all: module user

module: deps
	@scripts/build-module.sh $(KERNEL)

user: deps
	@$(MAKE) -C user

run: deps user
	@scripts/run.sh

check: deps
	@scripts/check.sh

check-debug: deps
	@KERNELS= OTHER_KERNELS= DEBUG_KERNELS="$${DEBUG_KERNELS:-debug kcsan}" scripts/check.sh

check-long: deps
	@scripts/check.sh --long

bench: deps
	@scripts/bench.sh

lint: deps
	@scripts/lint.sh

# The packages that building and testing need, on Debian; quick when they are there.
deps:
	@scripts/deps.sh

install: user
	@$(MAKE) -C user install PREFIX=$(PREFIX)

clean:
	@rm -rf build

.PHONY: all module user run check check-debug check-long bench lint deps install clean
