// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pieces of a stream that is copied, not decoded: header, batches and end marks.
 */
#include <errno.h>

#include "api.h"
#include "batch.h"
#include "error.h"
#include "header.h"
#include "trace.h"

API int exptrace_header_version(const void *bytes, size_t size)
{
	int version = size < EXPTRACE_HEADER_SIZE ? -1 : header_version(bytes);

	if (version < 0)
		return error_refused(-EBADMSG, "not the header of a trace", NULL, 0);
	if (!header_is_known(version))
		return error_refused(-EPROTONOSUPPORT, "a trace in an unsupported version",
				     NULL, 0);
	return version;
}

/* Parses the batch or mark at @bytes. Returns its size; 0: incomplete; -EBADMSG. */
static int piece_parse(struct exptrace_batch *batch, const uint8_t *bytes, size_t size)
{
	int ret;

	*batch = (struct exptrace_batch) { .kind = EXPTRACE_BATCH_END };
	if (size && *bytes == EXPTRACE_WIRE_END_OF_GENERATION)
		return 1;
	ret = batch_parse(batch, bytes, bytes + size);
	return ret > 0 ? (int)batch->size : ret;
}

API int exptrace_piece(const void *bytes, size_t size, enum exptrace_batch_kind *kind,
		       uint64_t *generation)
{
	struct exptrace_batch batch;
	int ret = piece_parse(&batch, bytes, size);

	if (ret < 0)
		return error_refused(ret, "neither a batch nor the end of a generation", NULL, 0);
	if (ret && kind)
		*kind = batch.kind;
	if (ret && generation)
		*generation = batch.generation;
	return ret;
}

API uint64_t exptrace_piece_lost(const void *bytes, size_t size)
{
	struct ledger ledger = { 0 };
	struct exptrace_batch batch;
	struct table table;
	uint64_t lost = 0;
	size_t i, j;

	if (piece_parse(&batch, bytes, size) <= 0 || batch.kind != EXPTRACE_BATCH_LEDGER)
		return 0;
	table = (struct table) { .pos = batch.data + 1, .end = batch.data + batch.length };
	ledger_read(&ledger, &table, 0);
	for (i = 0; i < ledger.nentries; i++)
		for (j = 0; j < ledger.entries[i].nlosses; j++)
			lost += ledger.entries[i].losses[j].count;
	ledger_uninit(&ledger);
	return lost;
}
