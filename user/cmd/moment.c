// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parsing a TIME: seconds, a date and time as in RFC 3339, or a distance from the end.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "range.h"

#define NSEC_PER_SEC	1000000000ULL
#define NS_DIGITS	9

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", NSEC_PER_SEC },
	{ "m", 60 * NSEC_PER_SEC }, { "h", 3600 * NSEC_PER_SEC }, { "d", 86400 * NSEC_PER_SEC },
};

/* Parses up to nine digits behind a point, into billionths. Further digits are dropped. */
static const char *parse_fraction(const char *pos, uint64_t *billionths)
{
	uint64_t place = NSEC_PER_SEC;

	*billionths = 0;
	if (!isdigit((unsigned char)*pos))
		return NULL;
	for (; isdigit((unsigned char)*pos); pos++) {
		place /= 10;
		*billionths += place * (uint64_t)(*pos - '0');
	}
	return pos;
}

/* Parses digits, and a fraction if there is one. Returns what follows, or NULL. */
static const char *parse_number_and_fraction(const char *pos, uint64_t *whole, uint64_t *billionths)
{
	*whole = *billionths = 0;
	if (!isdigit((unsigned char)*pos))
		return NULL;
	for (; isdigit((unsigned char)*pos); pos++)
		if (__builtin_mul_overflow(*whole, 10, whole) ||
		    __builtin_add_overflow(*whole, (uint64_t)(*pos - '0'), whole))
			return NULL;
	return *pos == '.' ? parse_fraction(pos + 1, billionths) : pos;
}

/* @whole and @billionths of @unit. Returns false if that is more than 2^64 ns. */
static bool to_ns(uint64_t whole, uint64_t billionths, uint64_t unit, uint64_t *ns)
{
	unsigned __int128 sum = (unsigned __int128)whole * unit +
				(unsigned __int128)billionths * unit / NSEC_PER_SEC;

	*ns = (uint64_t)sum;
	return sum < UINT64_MAX;
}

static bool parse_seconds_ns(const char *text, struct moment *moment)
{
	uint64_t whole, billionths;
	const char *end = parse_number_and_fraction(text, &whole, &billionths);

	moment->kind = MOMENT_MONOTONIC;
	/* "1234.5s" is fine, too */
	return end && (!*end || !strcmp(end, "s")) &&
	       to_ns(whole, billionths, NSEC_PER_SEC, &moment->ns);
}

static bool parse_back(const char *text, struct moment *moment)
{
	uint64_t whole, billionths;
	const char *end = parse_number_and_fraction(text, &whole, &billionths);
	size_t i;

	moment->kind = MOMENT_BACK;
	for (i = 0; end && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name))
			return to_ns(whole, billionths, units[i].ns, &moment->ns);
	return false;
}

/* Parses exactly @n digits, from @min to @max. Returns what follows, or NULL. */
static const char *parse_digits(const char *pos, int n, int min, int max, int *value)
{
	if (!pos)
		return NULL;
	for (*value = 0; n--; pos++) {
		if (!isdigit((unsigned char)*pos))
			return NULL;
		*value = *value * 10 + (*pos - '0');
	}
	return *value >= min && *value <= max ? pos : NULL;
}

static const char *expect(const char *pos, const char *one_of)
{
	return pos && *pos && strchr(one_of, *pos) ? pos + 1 : NULL;
}

/* "Z", "+01:00", or nothing: local time. Adds to @seconds what makes it UTC. */
static const char *parse_offset(const char *pos, const struct tm *tm, time_t *seconds)
{
	int hours, minutes, sign = *pos == '-' ? 1 : -1;
	struct tm utc = *tm, local = *tm;

	*seconds = timegm(&utc);
	if (!*pos) {
		local.tm_isdst = -1;
		*seconds = mktime(&local);
		return pos;
	}
	if (*pos == 'Z' || *pos == 'z')
		return pos + 1;
	pos = parse_digits(expect(pos, "+-"), 2, 0, 23, &hours);
	pos = parse_digits(expect(pos, ":"), 2, 0, 59, &minutes);
	if (pos)
		*seconds += sign * (hours * 3600 + minutes * 60);
	return pos;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

static bool parse_date(const char *text, struct moment *moment)
{
	struct tm tm = { 0 };
	uint64_t billionths = 0;
	int year, month;
	time_t seconds;
	const char *pos;

	pos = parse_digits(text, 4, 1970, 2400, &year);
	pos = parse_digits(expect(pos, "-"), 2, 1, 12, &month);
	pos = parse_digits(expect(pos, "-"), 2, 1, pos ? days_of(year, month) : 0, &tm.tm_mday);
	pos = parse_digits(expect(pos, "Tt "), 2, 0, 23, &tm.tm_hour);
	pos = parse_digits(expect(pos, ":"), 2, 0, 59, &tm.tm_min);
	/* 60 is a leap second, which the clock does not count */
	pos = parse_digits(expect(pos, ":"), 2, 0, 60, &tm.tm_sec);
	if (pos && *pos == '.')
		pos = parse_fraction(pos + 1, &billionths);
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	pos = pos ? parse_offset(pos, &tm, &seconds) : NULL;
	moment->kind = MOMENT_WALL;
	return pos && !*pos && seconds >= 0 &&
	       to_ns((uint64_t)seconds, billionths, NSEC_PER_SEC, &moment->ns);
}

bool moment_parse(const char *text, struct moment *moment)
{
	if (*text == '-')
		return parse_back(text + 1, moment);
	return parse_seconds_ns(text, moment) || parse_date(text, moment);
}
