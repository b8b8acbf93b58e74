// SPDX-License-Identifier: GPL-2.0-only
/*
 * Block I/O: requests issued to the driver and completed by it.
 */
#include <linux/blktrace_api.h>
#include <trace/events/block.h>

#include "probe.h"

#ifdef CONFIG_BLOCK

static __always_inline void put_request(struct exptrace_writer *w, const struct request *rq,
					unsigned int bytes)
{
	char rwbs[RWBS_LEN];

	blk_fill_rwbs(rwbs, rq->cmd_flags);
	exptrace_number(w, rq->q->disk ? disk_devt(rq->q->disk) : 0);
	exptrace_string(w, rwbs, strnlen(rwbs, sizeof(rwbs)));
	exptrace_number(w, blk_rq_trace_sector((struct request *)rq));
	exptrace_number(w, bytes);
}

static notrace void probe_block_rq_issue(void *data, struct request *rq)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_BLOCK_RQ_ISSUE,
				     exptrace_max(4, RWBS_LEN)))
		return;
	put_request(&w, rq, blk_rq_bytes(rq));
	exptrace_end(&w);
}

static notrace void probe_block_rq_complete(void *data, struct request *rq, blk_status_t error,
					    unsigned int bytes)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_BLOCK_RQ_COMPLETE,
				     exptrace_max(5, RWBS_LEN)))
		return;
	put_request(&w, rq, bytes);
	exptrace_signed(&w, blk_status_to_errno(error));
	exptrace_end(&w);
}

#define PROBES(X)						\
	X(block_rq_issue)					\
	X(block_rq_complete)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_probe probes[] = {
	PROBES(EXPTRACE_PROBE)
};
#else
static const struct exptrace_probe probes[] = {
	{ "block_rq_issue", "block_rq_issue", NULL },
	{ "block_rq_complete", "block_rq_complete", NULL },
};
#endif

const struct exptrace_probes exptrace_block_probes = EXPTRACE_PROBES(probes);
