// SPDX-License-Identifier: GPL-2.0-only
/* Unloaded code keeps its name, and code loaded at the same address later has its own. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "recording.h"

#define ROUNDS	12

/* No program has a mapping there. */
#define NOWHERE	0x1000

/*
 * The modules kmod/test/first_tenant.c and second_tenant.c differ only in the names of their
 * functions and the sizes they allocate.
 */
static const struct tenant {
	const char *module, *file, *allocate, *prepare;
	uint64_t size;		/* allocated by "allocate" */
	uint64_t init_size;	/* allocated by "prepare", in the init section */
} tenants[] = {
	{ "exptrace_first_tenant", "exptrace_first_tenant.ko", "first_tenant_allocate+", "first_tenant_prepare+",
	  4001, 4009 },
	{ "exptrace_second_tenant", "exptrace_second_tenant.ko", "second_tenant_allocate+", "second_tenant_prepare+",
	  4003, 4011 },
};

/* Load a module that does its work in this thread while it is loaded, and unload it. */
static int load_and_unload(const struct tenant *tenant)
{
	int err = module_load_helper(tenant->file, "");

	if (err)
		return err;
	return syscall(SYS_delete_module, tenant->module, 0) ? -errno : 0;
}

/* The tenants' events and addresses. */
struct findings {
	unsigned int named, unknown, wrong;
	char first[256];			/* the first thing that is wrong */
	uint64_t address[2], init_address[2];	/* by tenant, of the last one */
	bool met, init_met;			/* both were at the same address */
};

static void look_at(struct findings *found, const struct stream_arg *place, const char *want)
{
	if (!place->string)
		found->unknown++;
	else if (!strncmp(place->string, want, strlen(want)))
		found->named++;
	else if (!found->wrong++)
		snprintf(found->first, sizeof(found->first), "%s is called %s", want, place->string);
}

static struct findings look_for_tenants(const struct recording *r)
{
	struct findings found = {};
	size_t i, t;

	for (i = 0; i < r->nr; i++) {
		const struct stream_event *e = r->sorted[i];

		if (e->experiment != 1 || e->type != EXPTRACE_EVENT_KMALLOC || e->pid != getpid())
			continue;
		for (t = 0; t < 2; t++) {
			if (e->arg[1].value == tenants[t].size) {
				look_at(&found, &e->arg[3], tenants[t].allocate);
				found.address[t] = e->arg[3].value;
				found.met |= found.address[t] == found.address[!t];
			} else if (e->arg[1].value == tenants[t].init_size) {
				look_at(&found, &e->arg[3], tenants[t].prepare);
				found.init_address[t] = e->arg[3].value;
				found.init_met |= found.init_address[t] == found.init_address[!t];
			}
		}
	}
	return found;
}

TEST_F(module, unloaded_code_keeps_its_names)
{
	struct findings found;
	struct recording r = {};

	ASSERT_EQ(0, record_only(self->control, "kmalloc", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_EQ(0, load_and_unload(&tenants[0]));
	STOP_AND_DECODE(&r);
	ASSERT_EQ(1, r.stream.nr_generations);
	found = look_for_tenants(&r);
	EXPECT_EQ(2, found.named);
	EXPECT_EQ(0, found.unknown);
	EXPECT_EQ(0, found.wrong) {
		TH_LOG("%s", found.first);
	}
	recording_free(&r);
}

/*
 * Within one generation. Code that is no longer loaded may be unknown, but must not have the name
 * of other code.
 */
TEST_F(module, code_at_a_reused_address_has_its_own_name)
{
	struct findings found;
	struct recording r = {};
	int i;

	ASSERT_EQ(0, record_only(self->control, "kmalloc", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	for (i = 0; i < ROUNDS; i++)
		ASSERT_EQ(0, load_and_unload(&tenants[i % 2]));
	/* The last module stays loaded, so that its symbols exist at the end. */
	ASSERT_EQ(0, module_load_helper(tenants[i % 2].file, ""));
	STOP_AND_DECODE(&r);
	ASSERT_EQ(0, syscall(SYS_delete_module, tenants[i % 2].module, 0));
	ASSERT_EQ(1, r.stream.nr_generations);
	found = look_for_tenants(&r);
	EXPECT_EQ(0, found.wrong) {
		TH_LOG("%s", found.first);
	}
	EXPECT_EQ(2 * (ROUNDS + 1), found.named);
	EXPECT_EQ(0, found.unknown);
	TH_LOG("functions met: %s; init sections met: %s", found.met ? "yes" : "no", found.init_met ? "yes" : "no");
	recording_free(&r);
	if (!found.met && !found.init_met)
		SKIP(return, "this kernel never loaded one where the other had been");
}

/* Likewise for its frames in stacks. */
TEST_F(module, stacks_of_unloaded_code_keep_its_names)
{
	struct recording r = {};
	size_t i, t, n = 0;
	int round;

	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, event_set_flags(self->control, "kmalloc", EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK));
	ASSERT_EQ(0, recording_start(self->control));
	for (round = 0; round < ROUNDS; round++)
		ASSERT_EQ(0, load_and_unload(&tenants[round % 2]));
	STOP_AND_DECODE(&r);
	ASSERT_EQ(1, r.stream.nr_generations);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment != 1 || e->type != EXPTRACE_EVENT_KMALLOC || e->pid != getpid())
			continue;
		for (t = 0; t < 2; t++) {
			const char *want = tenants[t].init_size == e->arg[1].value ? tenants[t].prepare :
									       tenants[t].allocate;

			if (e->arg[1].value != tenants[t].size && e->arg[1].value != tenants[t].init_size)
				continue;
			n++;
			ASSERT_NE(NULL, e->frames);
			EXPECT_NE(NULL, strstr(e->frames, want)) {
				TH_LOG("no %s in\n%s", want, e->frames);
			}
			EXPECT_EQ(NULL, strstr(e->frames, t ? "first_tenant" : "second_tenant")) {
				TH_LOG("in %s:\n%s", want, e->frames);
			}
		}
	}
	EXPECT_EQ(2 * ROUNDS, n);
	recording_free(&r);
}

/*
 * Load a BPF program that faults when this process makes a system call, by reading where nothing is
 * mapped; or -errno. Its name in stacks is bpf_prog_TAG_exptrace.
 */
static int start_program(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_pid_tgid },
		{ .code = BPF_ALU64 | BPF_RSH | BPF_K, .dst_reg = 0, .imm = 32 },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 0, .off = 5, .imm = getpid() },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = NOWHERE },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_user },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT, .insns = (uintptr_t)insns,
		.insn_cnt = sizeof(insns) / sizeof(insns[0]), .license = (uintptr_t)"GPL", .prog_name = "exptrace",
	};
	union bpf_attr attach = { .raw_tracepoint.name = (uintptr_t)"sys_enter" };
	int program = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load)), link;

	if (program < 0)
		return -errno;
	attach.raw_tracepoint.prog_fd = program;
	link = syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attach, sizeof(attach));
	link = link < 0 ? -errno : link;
	close(program);
	return link;
}

/* Count the stacks of this process's faults there, and those that name the program. */
static void count_programs(const struct recording *r, size_t *through, size_t *named)
{
	size_t at = 0;
	const struct stream_event *e;

	*through = 0;
	*named = 0;
	while ((e = next_of(r, EXPTRACE_EVENT_PAGE_FAULT_KERNEL, getpid(), &at))) {
		if (e->arg[0].value != NOWHERE)
			continue;
		*through += e->frames && strstr(e->frames, "bpf_probe_read_user");
		*named += e->frames && strstr(e->frames, "bpf_prog_") && strstr(e->frames, "_exptrace+");
	}
}

static int record_faults(int fd)
{
	return record_only(fd, NULL) ?: event_set_flags(fd, "page_fault_kernel", EXPTRACE_EVENT_F_ENABLED |
							  EXPTRACE_EVENT_F_STACK);
}

TEST_F(module, programs_that_stay_loaded_are_named)
{
	struct recording r = {};
	size_t through, named;
	int program;

	program = start_program();
	if (program < 0)
		SKIP(return, "no BPF program can be loaded: %s", strerror(-program));
	ASSERT_EQ(0, record_faults(self->control));
	ASSERT_EQ(0, recording_start(self->control));
	getppid();
	STOP_AND_DECODE(&r);
	close(program);
	count_programs(&r, &through, &named);
	EXPECT_LT(0, through);
	EXPECT_EQ(through, named);
	recording_free(&r);
}

/*
 * Another program could have been at its address before. From the next generation on it is named.
 */
TEST_F(module, programs_loaded_meanwhile_are_not_named)
{
	size_t through[2], named[2];
	struct recording r[2] = {};
	int program, i;

	ASSERT_EQ(0, record_faults(self->control));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, recording_start(self->control));
		program = start_program();
		if (program < 0)
			SKIP(return, "no BPF program can be loaded: %s", strerror(-program));
		if (i)
			ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &(struct exptrace_advance){}));
		getppid();
		STOP_AND_DECODE(&r[i]);
		close(program);
		count_programs(&r[i], &through[i], &named[i]);
		EXPECT_LT(0, through[i]);
		recording_free(&r[i]);
	}
	EXPECT_EQ(0, named[0]);
	EXPECT_LT(0, named[1]);
	EXPECT_LT(named[1], through[1]);
}

TEST_HARNESS_MAIN
