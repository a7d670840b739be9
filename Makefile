# SPDX-License-Identifier: GPL-2.0
# tcpstates: module, tool, tests. "make help" lists what can be made.

KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local
DESTDIR	?=
export PREFIX DESTDIR

RELEASE	= $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null)
TOP	:= $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
V	?= 0

# No file is called like a target, and parts run in the order they are named.
.PHONY: all module tool clean help install install-module install-tool \
	uninstall style analyze unit check check-all matrix demo shell bench bench-quick
.NOTPARALLEL:

all: module tool

module: $(KDIR)/Makefile
	$(MAKE) -C $(KDIR) M=$(TOP) V=$(V) modules

$(KDIR)/Makefile:
	@echo "make: no kernel headers in $(KDIR)." >&2
	@echo "make: install them (Debian: apt-get install linux-headers-$$(uname -r))," >&2
	@echo "make: or name another kernel's: make KDIR=/usr/src/linux-headers-..." >&2
	@echo "make: without them: 'make tool' builds the tool, 'make demo' needs none." >&2
	@exit 1

tool:
	$(MAKE) -C tools

clean:
	[ ! -e $(KDIR)/Makefile ] || $(MAKE) -C $(KDIR) M=$(TOP) clean
	$(MAKE) -C tools clean
	$(MAKE) -C selftests clean
	$(MAKE) -C selftests/unit clean
	$(MAKE) -C selftests/bench clean
	rm -rf out

install: install-module install-tool

install-module: module
	$(MAKE) -C $(KDIR) M=$(TOP) INSTALL_MOD_DIR=updates modules_install

install-tool: tool
	$(MAKE) -C tools install

uninstall:
	rm -f $(INSTALL_MOD_PATH)/lib/modules/$(RELEASE)/updates/module/tcpstates.ko*
	rm -f $(INSTALL_MOD_PATH)/lib/modules/$(RELEASE)/updates/tcpstates.ko*
	[ -n "$(INSTALL_MOD_PATH)" ] || depmod $(RELEASE)
	$(MAKE) -C tools uninstall

style:
	selftests/style

analyze:
	selftests/analyze

unit:
	$(MAKE) -C selftests/unit run

check:
	selftests/check

check-all:
	selftests/check --all

matrix:
	selftests/vm/deps
	selftests/matrix

bench:
	selftests/vm/deps
	selftests/bench/run

bench-quick:
	selftests/vm/deps
	selftests/bench/run --quick

demo:
	selftests/vm/deps
	selftests/demo

shell:
	selftests/vm/deps
	selftests/vm/run --shell

help:
	@echo 'On the machine where the module is to run:'
	@echo '  make              the module (for KDIR) and the tool'
	@echo '  make install      both; DESTDIR, PREFIX ($(PREFIX)), INSTALL_MOD_PATH'
	@echo '  make uninstall    take them away again'
	@echo '  make module|tool  one of the two'
	@echo '  make clean        remove what was built'
	@echo 'On any Debian 12, as root; nothing is loaded into the running kernel:'
	@echo '  make demo         the module on a real kernel in a guest, with traffic'
	@echo '  make shell        a guest with the module loaded, to try things in'
	@echo '  make check        the tests: static, unit, guests'
	@echo '  make check-all    more of each, on more kernels; takes hours'
	@echo '  make matrix       what works on which kernel, as a table'
	@echo '  make bench        what it costs, in instructions, against others'
	@echo '  make bench-quick  what it costs, against what it is expected to'
	@echo '  make style        checkpatch, shellcheck, codespell'
	@echo '  make analyze      sparse, W=1, -fanalyzer, cppcheck'
	@echo '  make unit         unit tests in user space'
	@echo 'KDIR is $(KDIR)'
