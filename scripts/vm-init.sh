#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The VM's init, run by busybox: mounts the host's files, runs the command, forwards its output and exit code.
#
# vm.sh puts this file into the initramfs as /init, with /modules (kernel modules, and the file "order" that says in which
# order to load them) and /exptrace/settings: kmoddir, krel, out, workdir, and "run", a function that runs the command. Only
# busybox is used, from memory: starting a program from the host's files costs a tenth of a second under TCG.
# shellcheck disable=SC2154,SC3043,SC3045 # "settings" sets some variables; busybox has local and ulimit

here=/run/exptrace

fail() {
	echo "vm-init: $*" >/dev/console
	poweroff -f
}

load_modules() {
	while read -r module; do
		insmod "/modules/$module" || fail "cannot load $module"
	done </modules/order
}

# Options of all 9p mounts. The host's files do not change meanwhile, so everything may be cached; files in the out folder are
# only mapped and written.
p9=trans=virtio,version=9p2000.L,msize=512000

mount_root() {
	mkdir -p /lower /rw /new
	mount -t 9p -o "ro,$p9,cache=loose" root /lower || fail "cannot mount the host's files"
	mount -t tmpfs -o mode=755,size=75% tmpfs /rw
	mkdir /rw/upper /rw/work
	mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work overlay /new ||
		fail "cannot mount the overlay"
}

mount_rest() {
	case "$workdir $kmoddir " in
	/tmp/* | *" /tmp/"*) ;; # a new /tmp would hide these
	*) mount -t tmpfs -o mode=1777 tmpfs /tmp ;;
	esac
	mkdir -p /dev/shm /dev/pts "/lib/modules/$krel" "$out"
	mount -t tmpfs -o mode=1777 tmpfs /dev/shm
	mount -t devpts devpts /dev/pts
	mount --bind "$kmoddir" "/lib/modules/$krel"
	mount -t 9p -o "$p9,cache=mmap" out "$out" || fail "cannot mount the out folder"
	# A debug kernel may lack some of these.
	{
		mount -t debugfs debugfs /sys/kernel/debug
		mount -t tracefs tracefs /sys/kernel/tracing
		mount -t bpf bpf /sys/fs/bpf
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
	} 2>/dev/null
}

set_up() {
	ln -sf /proc/self/fd /dev/fd
	ln -sf fd/0 /dev/stdin
	ln -sf fd/1 /dev/stdout
	ln -sf fd/2 /dev/stderr
	hostname exptrace-vm
	ip link set lo up
	ulimit -l unlimited
	ulimit -c 0
}

# Set port to the device of the virtio port named $1; wait for it, as it appears shortly after the driver.
find_port() {
	local dir name
	while :; do
		for dir in /sys/class/virtio-ports/*; do
			port=/dev/${dir##*/}
			read -r name <"$dir/name" && [ "$name" = "$1" ] && [ -c "$port" ] && return
		done 2>/dev/null
		usleep 20000
	done
}

# Kill all processes but this one and the two that forward output, so that nobody holds the pipes open.
kill_rest() {
	local pid
	for pid in /proc/[0-9]*; do
		pid=${pid#/proc/}
		case $pid in 1 | "$stdout_pid" | "$stderr_pid") continue ;; esac
		kill -9 "$pid"
	done 2>/dev/null
}

# The command writes to pipes because only one process can open a port.
start_output() {
	mkfifo "$here/$1"
	find_port "$1"
	cat "$here/$1" >"$port" &
}

# A command that suspended the machine has left its report in memory: 9p does not survive a suspend, and a port not always.
# Whatever uses them then hangs, power-off too, but not a reset. stty waits until the console has written everything.
report_by_console() {
	{
		echo "vm-init: report"
		cat $here/report
		echo "vm-init: exit $code"
	} >/dev/console
	stty sane </dev/console
	echo b >/proc/sysrq-trigger
}

first_stage() {
	/bin/busybox --install -s /bin
	mkdir -p /proc /sys /dev
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs devtmpfs /dev
	load_modules
	mount_root
	mount -t tmpfs -o mode=755 tmpfs /new/run
	mv /exptrace /new$here
	cp /init /bin/busybox /new$here/
	for dir in proc sys dev; do
		mkdir -p "/new/$dir"
		mount --move "/$dir" "/new/$dir"
	done
	exec switch_root /new $here/busybox sh $here/init second
}

second_stage() {
	mkdir $here/bin
	$here/busybox --install -s $here/bin
	PATH=$here/bin
	# shellcheck disable=SC1091
	. $here/settings
	mount_rest
	set_up
	start_output stdout
	stdout_pid=$!
	start_output stderr
	stderr_pid=$!

	cd "$workdir" || fail "no directory $workdir"
	find_port ctl
	echo started >"$port"
	run </dev/null >$here/stdout 2>$here/stderr
	code=$?
	cd /
	[ ! -e $here/report ] || report_by_console
	kill_rest
	wait "$stdout_pid" "$stderr_pid"
	umount "$out"
	find_port ctl
	echo "exit $code" >"$port"
	poweroff -f
}

if [ "${1:-}" = second ]; then
	second_stage
else
	first_stage
fi
