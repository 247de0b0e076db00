/* store/room.h - memory for what holds a bson_t or a bson_iter_t, which want to lie at 128 bytes */
#ifndef MSP_STORE_ROOM_H
#define MSP_STORE_ROOM_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* n zeroed bytes, for free(); NULL if there are none. */
static inline void *msp_room(size_t n)
{
	size_t size = n <= SIZE_MAX - 128 ? (n + 127) / 128 * 128 : 0;
	void *p = size ? aligned_alloc(128, size) : NULL;

	if (p)
		memset(p, 0, size);
	return p;
}

#endif
