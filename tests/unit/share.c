/* Which parts sources belong to: each byte to one, in parts that are even, whatever the sizes. */
#include "noise.h"
#include "unit.h"

#include "mspipe/format.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST 3000
#define OPENING 4096 /* as lib/format/share.c counts it */

static struct msp_error err;
static struct msp_source item[MOST];
static char name[] = "file";
static uint64_t state = 1181783497276652981u;

static struct msp_share *share(size_t n, uint32_t parts)
{
	const struct msp_sources s = { .item = item, .n = n };
	struct msp_share *out = NULL;

	if (msp_sources_share(&s, parts, &out, &err) != MSP_OK)
		exit(1);
	return out;
}

static void set(size_t i, uint64_t size)
{
	memset(&item[i], 0, sizeof item[i]);
	item[i].path = name;
	item[i].size = size;
}

/* How many bytes each part has, looked at in 1000 places of each source. */
static void check_even(size_t n, uint32_t parts)
{
	struct msp_share *s = share(n, parts), *again = share(n, parts);
	uint64_t *load = calloc(parts, sizeof *load), all = 0, most_whole = 0;
	uint32_t line = 1; /* divided sources lie one behind the other */

	if (load == NULL)
		exit(1);
	for (size_t i = 0; i < n; i++) {
		uint32_t part = s[i].first;

		CHECK(s[i].first >= 1 && s[i].first <= s[i].last && s[i].last <= parts && memcmp(&s[i], &again[i], sizeof s[i]) == 0);
		if (s[i].first < s[i].last) {
			CHECK(s[i].first >= line);
			line = s[i].last;
		} else if (item[i].size + OPENING > most_whole) {
			most_whole = item[i].size + OPENING;
		}
		for (uint64_t k = 0; k < 1000; k++) {
			uint32_t next = msp_share_part(&s[i], k * 977, 1000 * 977);

			CHECK(next >= part && next <= s[i].last);
			part = next;
			load[part - 1] += (item[i].size + OPENING) / 1000;
		}
		CHECK(msp_share_part(&s[i], 0, 1) == s[i].first && msp_share_part(&s[i], 7, 7) == s[i].last);
		CHECK(msp_share_part(&s[i], UINT64_MAX - 1, UINT64_MAX) == s[i].last);
		all += item[i].size + OPENING;
	}
	for (uint32_t p = 0; p < parts; p++) {
		uint64_t fair = all / parts + 1;

		/* the last of its sources may be more than is left for it; a thousandth of all is what looking in places may be wrong by */
		CHECKF(load[p] <= fair + most_whole + all / 500, "%zu sources, part %u of %u: %llu bytes, fair are %llu", n, p + 1, parts,
		       (unsigned long long)load[p], (unsigned long long)fair);
	}
	free(load);
	free(s);
	free(again);
}

static void check_sizes(void)
{
	static const size_t count[] = { 1, 2, 3, 10, 100 };
	static const uint32_t parts[] = { 1, 2, 3, 7, 64, 1000 };

	for (int k = 0; k < 6; k++)
		for (size_t c = 0; c < 5; c++)
			for (size_t p = 0; p < 6; p++) {
				for (size_t i = 0; i < count[c]; i++)
					set(i, 1 + (k % 3 == 0 ? 1000000 : k % 3 == 1 ? random_below(&state, 1u << 20) : random_below(&state, 64) < 60 ? random_below(&state, 1u << 14) : random_below(&state, 1u << 30)));
				check_even(count[c], parts[p]);
			}
}

/* Of many equal files each part has as many as another, and so it is of every third of them, and of those of one station. */
static void check_equal(void)
{
	uint32_t all[6] = { 0 }, third[6] = { 0 }, together[6] = { 0 };
	struct msp_share *s;

	for (size_t i = 0; i < MOST; i++)
		set(i, 5000);
	s = share(MOST, 6);
	for (size_t i = 0; i < MOST; i++) {
		CHECK(s[i].first == s[i].last);
		all[s[i].first - 1]++;
		if (i % 3 == 0)
			third[s[i].first - 1]++;
		if (i >= 600 && i < 660)
			together[s[i].first - 1]++;
	}
	for (int p = 0; p < 6; p++)
		CHECKF(all[p] == MOST / 6 && together[p] == 10 && third[p] > 110 && third[p] < 230, "%u %u %u", all[p], together[p], third[p]);
	free(s);
}

/* What has no size; ranges; more parts than memory could hold. */
static void check_odd(void)
{
	struct msp_share *s;

	set(0, 0);
	set(1, 1000);
	set(2, 1000000);
	item[2].offset = 999000;
	set(3, 1000000);
	item[3].offset = 100;
	item[3].end = 1100;
	set(4, 1000);
	item[4].store = true;
	set(5, 0);
	item[5].path = NULL;
	s = share(6, 3);
	CHECK(s[0].first == 0 && s[4].first == 0 && s[5].first == 0);
	CHECK(s[1].first == 1 && s[2].first == 2 && s[3].first == 3 && s[1].size == s[2].size && s[2].size == s[3].size);
	free(s);
	s = share(6, UINT32_MAX);
	CHECK(s[1].first == 1 && s[1].last > s[1].first && s[3].last > s[3].first);
	free(s);
	s = share(0, 5);
	free(s);
	for (size_t i = 0; i < 4; i++)
		set(i, UINT64_MAX / 3);
	CHECK(msp_sources_share(&(struct msp_sources){ .item = item, .n = 4 }, 5, &s, &err) == MSP_FAIL);
}

int main(void)
{
	check_sizes();
	check_equal();
	check_odd();
	return unit_end("share");
}
