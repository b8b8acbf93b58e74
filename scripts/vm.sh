#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs a command in a throwaway virtual machine that has this machine's files and another kernel.
#
# Usage: vm.sh [OPTION…] -- COMMAND…
#        vm.sh [OPTION…] --shell
#
#   --kernel NAME         6.1 (the default), 6.12, 6.12-rt, newest; see kernel.sh
#   --kernel-image FILE   boot this kernel instead, with the modules in
#   --modules DIR         …/lib/modules/RELEASE; implies --no-module
#   --cpus N              default 2, with --icount 1; "2,maxcpus=240" sets the number of possible CPUs, as hypervisors do
#   --mem M               default 1G
#   --icount              one CPU that counts instructions: 1 instruction = 1 ns
#   --out DIR             the only folder whose changes are kept, default build/out
#   --append 'ARGS'       further kernel arguments
#   --timeout S           default 600, with --shell a day
#   --shell               run a shell on this terminal instead of a command
#   --gdb PORT            let gdb connect to localhost:PORT; the kernel is loaded where its symbols say (nokaslr)
#   --no-module           do not build exptrace.ko
#   --allow-warnings      do not fail because of a warning in the kernel's log
#
# COMMAND sees all files of this machine. Its writes go to memory and are lost afterwards, except in the out folder. It runs as
# root in the top directory of the repository, with EXPTRACE_OUT (the out folder), EXPTRACE_KO (the module for that kernel,
# stripped), EXPTRACE_ICOUNT=1 if instructions are counted, and every EXPTRACE_… variable of the caller. Its output becomes the
# output of this script. The kernel's log is left in the out folder as dmesg.log.
#
# Exit code: COMMAND's (128+n if a signal killed it); or
#   2    the VM could not be started
#   97   the VM ended without a result
#   98   the kernel panicked
#   99   COMMAND succeeded, but the kernel's log has a warning
#   124  timeout
#
# If a VM ends before COMMAND has begun, it is started once more, and its kernel's log is left in dmesg.died.log.
#
# EXPTRACE_ACCEL=tcg|kvm chooses the accelerator; by default, KVM is used where a trial boot works. EXPTRACE_TCG_THREADS=multi
# emulates each CPU in a thread of its own: faster on many CPUs, but sometimes a VM crashes through no fault of the kernel.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Kernel modules that the VM needs to mount its files.
boot_modules=(virtio_pci virtio_console virtio_rng 9p 9pnet_virtio overlay)

# Messages in the kernel's log that are failures.
warnings='\<BUG\>|WARNING:|Oops|Call Trace|possible (circular|recursive)|INFO: |detected( expedited)? stall|KASAN|UBSAN|KCSAN:'
warnings+='|kmemleak: [0-9]|general protection|soft lockup|hard LOCKUP|hung task|blocked for more than'
warnings+='|sleeping function called|scheduling while atomic|Kernel panic|inconsistent lock state|suspicious RCU|ODEBUG'

parse() {
	kernel=6.1 image='' moddir='' cpus='' mem=1G icount='' out=$top/build/out append='' timeout='' shell='' gdb='' module=y
	allow_warnings=${EXPTRACE_ALLOW_WARNINGS:-} command=()
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel | --kernel-image | --modules | --cpus | --mem | --out | --append | --timeout | --gdb)
			[ $# -gt 1 ] || die "$1 needs a value" ;;
		esac
		case $1 in
		--kernel) kernel=$2; shift ;;
		--kernel-image) image=$2; shift ;;
		--modules) moddir=$2; shift ;;
		--cpus) cpus=$2; shift ;;
		--mem) mem=$2; shift ;;
		--out) out=$2; shift ;;
		--append) append+=" $2"; shift ;;
		--timeout) timeout=$2; shift ;;
		--gdb) gdb=$2 append+=" nokaslr"; shift ;;
		--shell) { : </dev/tty; } 2>/dev/null || die "--shell needs a terminal"; shell=y ;;
		--icount) icount=y ;;
		--no-module) module='' ;;
		--allow-warnings) allow_warnings=y ;;
		-h | --help) usage; exit 0 ;;
		--) shift; command=("$@"); break ;;
		*) die "unknown option '$1' (see --help)" ;;
		esac
		shift
	done
	[ -z "$shell" ] || command=(sh -c 'exec setsid -c bash -i <>/dev/ttyS1 >&0 2>&0')
	[ -n "$timeout" ] || timeout=$([ -n "$shell" ] && echo 86400 || echo 600)
	[ ${#command[@]} -gt 0 ] || die "no command: vm.sh [OPTION…] -- COMMAND…"
	[ -n "$cpus" ] || cpus=$([ -n "$icount" ] && echo 1 || echo 2)
}

# Set KREL, KIMAGE, KMODDIR and ko.
find_kernel() {
	if [ -n "$image$moddir" ]; then
		if ! [ -f "$image" ] || ! [ -d "$moddir" ]; then
			die "--kernel-image FILE and --modules DIR belong together"
		fi
		KIMAGE=$(realpath "$image") KMODDIR=$(realpath "$moddir")
		KREL=$(basename "$KMODDIR") kernel=$KREL module=''
	else
		local env
		env=$("$top/scripts/kernel.sh" "$kernel")
		eval "$env"
	fi
	ko=${EXPTRACE_KO:-}
	[ -n "$module" ] || return 0
	ko=$("$top/scripts/build-module.sh" "$kernel") || die "no module to test"
	ko=${ko%/*}/stripped/${ko##*/}
}

# Build the part of the initramfs that depends only on the kernel, in the cache, and set initramfs.
make_initramfs() {
	local key tmp
	key=$(stat -c '%n %s %Y' "$KMODDIR/modules.dep" /bin/busybox | cksum | cut -d ' ' -f 1)
	initramfs=$cache/vm/$KREL-$key.cpio
	[ ! -f "$initramfs" ] || return 0
	mkdir -p "$cache/vm" "$tmpdir/initramfs"/{bin,modules}
	cp /bin/busybox "$tmpdir/initramfs/bin/"
	ln -s busybox "$tmpdir/initramfs/bin/sh"
	copy_modules "$tmpdir/initramfs/modules"
	tmp=$(mktemp "$cache/vm/.new-XXXXXX")
	(cd "$tmpdir/initramfs" && find . | cpio --quiet -R 0:0 -o -H newc) >"$tmp"
	mv "$tmp" "$initramfs"
}

# Copy boot_modules and their dependencies to $1, uncompressed, with a file that says in which order to load them.
copy_modules() {
	local name file root=${KMODDIR%/lib/modules/*}
	for name in "${boot_modules[@]}"; do
		/sbin/modprobe -d "$root" -S "$KREL" --show-depends "$name" || die "kernel $KREL has no module $name"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$tmpdir/order"
	while read -r file; do
		name=$(basename "$file")
		case $name in
		*.xz) xz -dc "$file" >"$1/${name%.xz}" ;;
		*.zst) zstd -qdc "$file" >"$1/${name%.zst}" ;;
		*) cp "$file" "$1/" ;;
		esac
		name=${name%.xz}
		echo "${name%.zst}" >>"$1/order"
	done <"$tmpdir/order"
	touch "$1/order"
}

# Append this run's files to the initramfs: the kernel unpacks concatenated archives.
make_initrd() {
	local dir=$tmpdir/run
	mkdir -p "$dir/exptrace"
	install -m 755 "$top/scripts/vm-init.sh" "$dir/init"
	settings >"$dir/exptrace/settings"
	(cd "$dir" && find . | cpio --quiet -R 0:0 -o -H newc) >"$tmpdir/run.cpio"
	cat "$initramfs" "$tmpdir/run.cpio" >"$tmpdir/initrd"
}

# The settings of vm-init.sh, as shell code.
settings() {
	local environment name
	environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "HOME=$HOME" TERM=dumb LANG=C.UTF-8)
	for name in "${!EXPTRACE_@}"; do
		environment+=("$name=${!name}")
	done
	environment+=("EXPTRACE_CACHE=$cache" "EXPTRACE_OUT=$out" "EXPTRACE_KO=$ko" "EXPTRACE_VM=$kernel")
	[ -z "$icount" ] || environment+=("EXPTRACE_ICOUNT=1")
	printf '%s=%s\n' workdir "${top@Q}" kmoddir "${KMODDIR@Q}" krel "${KREL@Q}" out "${out@Q}"
	# With its path, because busybox would run its own env.
	echo "run() { /usr/bin/env -i ${environment[*]@Q} ${command[*]@Q}; }"
}

# Set bootable to the file that QEMU boots. Under TCG, unpacking the kernel takes 4 s, so there QEMU gets an unpacked kernel if
# that has a PVH entry (a note of type 18).
choose_image() {
	local magic unpack offset key tmp
	bootable=$KIMAGE
	[ "${accel[1]}" != kvm ] || return 0
	key=$(stat -c '%n %s %Y' "$KIMAGE" | cksum | cut -d ' ' -f 1)
	local vmlinux=$cache/vm/$KREL-$key.vmlinux
	if [ ! -f "$vmlinux" ]; then
		tmp=$(mktemp "$cache/vm/.new-XXXXXX")
		while read -r magic unpack; do
			# shellcheck disable=SC2013 # split into words
			for offset in $(LC_ALL=C grep -aboP "$magic" "$KIMAGE" | cut -d : -f 1); do
				tail -c "+$((offset + 1))" "$KIMAGE" | $unpack >"$tmp" 2>/dev/null || :
				! readelf -nW "$tmp" 2>/dev/null | grep -q '(0x00000012)' || break 2
				: >"$tmp"
			done
		done <<-'END'
			\xfd7zXZ\x00 xz -dc
			\x28\xb5\x2f\xfd zstd -dcq
			\x1f\x8b\x08 gzip -dc
		END
		mv "$tmp" "$vmlinux"
	fi
	# An empty file remembers that there is no such entry.
	[ ! -s "$vmlinux" ] || bootable=$vmlinux
}

# Print kvm if this kernel boots under it, else tcg. On some hosts a stock kernel hangs under /dev/kvm, so try once and cache
# the result.
probe_accel() {
	local answer
	answer=$cache/accel/$(uname -r)-$KREL
	if ! [ -w /dev/kvm ]; then
		echo tcg
		return
	fi
	if [ ! -f "$answer" ]; then
		mkdir -p "$cache/accel"
		note "trying whether $KREL boots under KVM"
		if EXPTRACE_ACCEL=kvm "$0" --kernel-image "$KIMAGE" --modules "$KMODDIR" --no-module --allow-warnings \
			--timeout 20 --out "$tmpdir/probe" -- true >/dev/null 2>&1; then
			echo kvm >"$answer"
		else
			echo tcg >"$answer"
		fi
	fi
	cat "$answer"
}

# One thread emulates all CPUs in turn. With a thread for each, a CPU sometimes executes code that another CPU is patching, and
# switching a tracepoint or static key ends in "Oops: int3".
tcg_threads() { [ "${cpus%%,*}" -gt 1 ] && echo "${EXPTRACE_TCG_THREADS:-single}" || echo multi; }

# Newer kernels accept possible CPUs beyond those present only from a hypervisor that they know. Without the hypervisor bit in
# CPUID, they detect VMware by its serial number and an I/O port that QEMU has, too.
tcg_cpu() { [[ $cpus == *,maxcpus=* ]] && echo -cpu max,-hypervisor -smbios type=1,serial=VMware- || echo -cpu max; }

choose_accel() {
	if [ -n "$icount" ]; then
		[ "$cpus" = 1 ] || die "--icount counts the instructions of one CPU: use --cpus 1"
		accel=(-accel tcg -icount shift=0 -cpu max)
		return
	fi
	# shellcheck disable=SC2207 # split into words
	case ${EXPTRACE_ACCEL:-$(probe_accel)} in
	kvm) accel=(-accel kvm -cpu host) ;;
	tcg) accel=(-accel "tcg,thread=$(tcg_threads)" $(tcg_cpu)) ;;
	*) die "EXPTRACE_ACCEL is tcg or kvm" ;;
	esac
}

start_qemu() {
	local qemu_words
	qemu_words=$("$top/scripts/qemu.sh")
	eval "$qemu_words"
	local share=security_model=none args name
	# Under multi-threaded TCG, too, the TSC is the host's, hence reliable. "panic=-1" and -no-reboot end the VM after a panic.
	args="console=ttyS0 panic=-1 oops=panic tsc=reliable"
	# With these, an NMI ends a hanging VM and dumps all CPUs and tasks. With KVM, perf may cause such NMIs.
	# no_timer_check: on a busy machine, ten ticks of an emulated timer may come too late for the kernel's check of the timer.
	# rcu_cpu_stall_timeout: an emulated CPU may have to wait for seconds, too; RCU would take that for a stall after 21.
	[ "${accel[1]}" = kvm ] ||
		args+=" unknown_nmi_panic panic_print=0x41 no_timer_check rcupdate.rcu_cpu_stall_timeout=60"
	args+=" $append"
	rm -f "$tmpdir"/monitor.*
	mkfifo "$tmpdir/monitor.in" "$tmpdir/monitor.out"
	# shellcheck disable=SC2054 # the commas are QEMU's
	local qemu=("${QEMU[@]}" -nodefaults -no-user-config -display none -no-reboot -machine q35 "${accel[@]}"
		-smp "$cpus" -m "$mem" -kernel "$bootable" -initrd "$tmpdir/initrd" -append "$args"
		-fsdev "local,id=root,path=/,$share,readonly=on,multidevs=remap"
		-device virtio-9p-pci,fsdev=root,mount_tag=root
		-fsdev "local,id=out,path=${out//,/,,},$share"
		-device virtio-9p-pci,fsdev=out,mount_tag=out
		-object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng
		-chardev "pipe,id=monitor,path=$tmpdir/monitor" -mon chardev=monitor
		-chardev "file,id=console,path=$tmpdir/console" -serial chardev:console
		-device virtio-serial-pci)
	# Files, not pipes: the guest's driver spins while the host does not accept its output.
	: >"$tmpdir/console"
	for name in stdout stderr ctl; do
		: >"$tmpdir/$name"
		qemu+=(-chardev "file,id=$name,path=$tmpdir/$name" -device "virtserialport,chardev=$name,name=$name")
	done
	[ -z "$gdb" ] || qemu+=(-gdb "tcp:127.0.0.1:$gdb")
	local terminal_in=/dev/null terminal_out=$tmpdir/qemu.log
	if [ -n "$shell" ]; then
		qemu+=(-chardev "stdio,id=shell,signal=off" -serial chardev:shell)
		terminal_in=/dev/tty terminal_out=/dev/tty
	fi
	"${qemu[@]}" <"$terminal_in" >>"$terminal_out" 2>>"$tmpdir/qemu.log" &
	qemu_pid=$!
}

# Show the command's output as it comes; return when the VM has ended or timed out.
follow() {
	tail -s 0.05 -c +1 -f --pid="$qemu_pid" "$tmpdir/stderr" >&2 &
	err_pid=$!
	timeout "$timeout" tail -s 0.05 -c +1 -f --pid="$qemu_pid" "$tmpdir/stdout" &
	out_pid=$!
	follow_rc=0
	wait "$out_pid" || follow_rc=$?
	if [ "$follow_rc" -eq 124 ] && kill -0 "$qemu_pid" 2>/dev/null; then
		echo nmi >"$tmpdir/monitor.in"
		timeout 15 tail -s 0.1 -f --pid="$qemu_pid" /dev/null || :
	fi
	kill "$qemu_pid" 2>/dev/null || :
	wait "$err_pid" || :
}

# QEMU or its firmware sometimes gives up before the command has begun. This is no result: try once more.
run_vm() {
	start_qemu
	follow
	if [ "$follow_rc" -ne 124 ] && ! grep -q '^started' "$tmpdir/ctl"; then
		tr -d '\r' <"$tmpdir/console" >"$out/dmesg.died.log"
		note "the VM died before the command began ($out/dmesg.died.log), trying once more"
		cat "$tmpdir/qemu.log" >&2
		start_qemu
		follow
	fi
}

# shellcheck disable=SC2317 # called by trap
clean_up() {
	local pid
	for pid in ${qemu_pid:-} ${err_pid:-} ${out_pid:-}; do
		kill "$pid" 2>/dev/null || :
	done
	wait
	rm -rf "$tmpdir"
}

# Print the kernel's log without harmless matches: names of kernel arguments; how long an NMI took, which depends on the host;
# and allocation failures between the two lines that the test "faults" writes. Also without a known bug of 6.12: it does not
# always stop its deadline server for fair tasks in time when a CPU goes offline. Debian's 6.12.95 warns about it with no module
# loaded, too, at the 88th offlining beside a few busy processes; from then on its count of tasks is wrong.
without_harmless() {
	awk -v release="$KREL" '
		release ~ /^6\.12\./ && /WARNING: .* at kernel\/sched\/deadline\.c:/ { server = report = 1; next }
		server && /WARNING: .* sched_cpu_dying\+/ { report = 1; next }
		/[Cc]ommand line/ || /INFO: NMI handler .* took too long to run/ { next }
		/exptrace-faults: failed allocations are wanted$/ { wanted = 1 }
		/exptrace-faults: failed allocations are not wanted any more/ { wanted = report = 0 }
		wanted && /page allocation failure|vmalloc error|vmap allocation/ { report = 1 }
		report && /Call Trace:/ { next }
		/<\/TASK>/ { report = 0 }
		{ print }
		END { if (server) print "vm.sh: overlooked: a warning of the kernel'\''s deadline server (" FILENAME ")" >"/dev/stderr" }' "$1"
}

# Show each warning in the kernel's log with the lines around it; true if there is one.
show_warnings() {
	without_harmless "$out/dmesg.log" >"$tmpdir/log"
	grep -q -E "$warnings" "$tmpdir/log" || return 1
	note "warnings in the kernel's log ($out/dmesg.log):"
	grep -E -B 3 -A 30 "$warnings" "$tmpdir/log" | sed -n 1,200p >&2
}

# After a suspend, a VM reports by its console only: write the report to descriptor 3, the exit code to stdout.
report_from_console() {
	sed -n '/^vm-init: report$/,/^vm-init: exit /{ /^vm-init: /!p }' "$out/dmesg.log" >&3
	sed -n 's/^vm-init: exit //p' "$out/dmesg.log"
}

# Determine the exit code, and exit.
conclude() {
	local code=''
	tr -d '\r' <"$tmpdir/console" >"$out/dmesg.log"
	code=$(sed -n 's/^exit //p' "$tmpdir/ctl")
	if [ -z "$code" ]; then
		exec 3>&1
		code=$(report_from_console)
	fi
	if [ -z "$code" ]; then
		if [ "$follow_rc" -eq 124 ]; then
			code=124
			note "timeout: no result after $timeout s; $out/dmesg.log ends with a dump of all tasks"
		elif grep -q 'Kernel panic' "$out/dmesg.log"; then
			code=98
			note "the kernel panicked"
		else
			code=97
			note "the VM ended without a result"
			cat "$tmpdir/qemu.log" >&2
		fi
		[ "$code" -ne 97 ] || tail -n 20 "$out/dmesg.log" >&2
	fi
	if [ -z "$allow_warnings" ] && show_warnings && [ "$code" -eq 0 ]; then
		code=99
	fi
	exit "$code"
}

parse "$@"
tmpdir=$(mktemp -d "${TMPDIR:-/tmp}/exptrace-vm-XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$out"
out=$(realpath "$out")
find_kernel
make_initramfs
make_initrd
choose_accel
choose_image
run_vm
conclude
