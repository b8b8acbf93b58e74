/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a JSON object.
 *
 * @key is all text before the value, with its comma or brace: ",\"pid\":". Thus the text before a
 * value is one copy, and nothing has to remember whether a member is the first.
 */
#ifndef EXPTRACE_JSON_H
#define EXPTRACE_JSON_H

#include "output.h"


/* "0x...": a string, for addresses and flags. A JSON number is exact up to 2^53 only. */
void json_hex(struct output *output, uint64_t value);

/* Begins a key whose name is not constant: ",\"NAME" */
void json_key(struct output *output, const char *name);

/*
 * A string with its quotes. UTF-8 stays as it is, except for characters that control a terminal:
 * \uNNNN. A byte that is not part of UTF-8 becomes U+FFFD and its two hexadecimal digits, and so do
 * the bytes of U+FFFD itself: the original bytes can be recovered.
 */
void json_bytes(struct output *output, const char *bytes, size_t n);

static inline void json_number(struct output *output, const char *key, uint64_t value)
{
	output_text(output, key);
	output_number(output, value, 0, ' ');
}

/* Writes nothing if @text is NULL. */
static inline void json_string(struct output *output, const char *key, const char *text)
{
	if (!text)
		return;
	output_text(output, key);
	json_bytes(output, text, strlen(text));
}

#endif /* EXPTRACE_JSON_H */
