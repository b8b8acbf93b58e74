// SPDX-License-Identifier: GPL-2.0-only
/*
 * Histograms: quantiles, extremes, sums.
 */
#include "../cmd/histogram.h"
#include "tap.h"

#define HOUR_NS	3600000000000ULL

static void test_histogram(void)
{
	struct histogram h = { 0 }, other = { 0 };
	unsigned int wrong = 0;
	uint64_t i;

	for (i = 1; i <= 100000; i++)
		histogram_add(&h, i * 1000, i, 7);
	for (i = 1; i <= 100; i++) {
		double want = (double)i * 1e6, got = (double)histogram_quantile(&h, (unsigned int)i);

		wrong += got < want * 0.93 || got > want * 1.07;
	}
	is(wrong, 0, "quantiles are correct to 7 %%");
	ok(h.max == 100000000 && h.max_at == 100000 && h.max_cpu == 7 && h.min == 1000,
	   "the maximum and the minimum are exact");
	histogram_add(&h, UINT64_MAX, 1, 2);
	histogram_add(&h, 0, 1, 2);
	ok(h.count == 100002 && h.max == UINT64_MAX && h.min == 0 &&
	   histogram_quantile(&h, 0) == 0,
	   "any value fits");
	histogram_uninit(&h);
	h = (struct histogram) { 0 };
	ok(histogram_quantile(&h, 50) == 0, "an empty histogram has no quantile");
	histogram_add(&h, 5 * HOUR_NS, 1, 2);
	histogram_add(&h, 6 * HOUR_NS, 1, 2);
	ok(histogram_quantile(&h, 50) > 4.6 * HOUR_NS && histogram_quantile(&h, 50) < 5.4 * HOUR_NS,
	   "quantiles of hours are correct");
	histogram_uninit(&h);
	h = (struct histogram) { 0 };
	for (i = 20; i < 30; i++)
		histogram_add(&h, 38 - i, i, 7);
	is(h.n, 2 * HISTOGRAM_SUB, "a histogram has buckets only where it has values");
	histogram_add(&other, 1000, 5, 3);
	histogram_add(&other, 2, 6, 3);
	histogram_merge(&h, &other);
	ok(h.count == 12 && h.sum == 135 + 1002 && h.min == 2 && h.max == 1000 && h.max_at == 5 &&
	   h.max_cpu == 3 && histogram_quantile(&h, 1) == 2,
	   "histograms can be merged");
	histogram_uninit(&other);
	other = (struct histogram) { 0 };
	histogram_add(&other, 1000, 4, 2);
	histogram_merge(&h, &other);
	ok(h.count == 13 && h.max_at == 4 && h.max_cpu == 2,
	   "the earlier of two equal maxima is kept");
	histogram_uninit(&other);
	histogram_uninit(&h);
}

int main(void)
{
	test_histogram();
	return tap_end();
}
