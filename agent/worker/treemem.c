/* treemem.c - blocks are never given back one by one: a piece is small, and soon gone. */
#include "agent/worker/treemem.h"

#include <jansson.h>

#define ALIGN 16

static struct sec room;
static json_malloc_t malloc_before;
static json_free_t free_before;

static void
give_nothing_back(void *p)
{
	(void)p;
}

enum err
treemem_init(size_t size)
{
	enum err e;

	if ((e = sec_init(&room, size)) != ERR_OK)
		return e;
	json_get_alloc_funcs(&malloc_before, &free_before);
	json_set_alloc_funcs(treemem_take, give_nothing_back);
	return ERR_OK;
}

void
treemem_done(void)
{
	if (room.p == NULL)
		return;
	json_set_alloc_funcs(malloc_before, free_before);
	sec_done(&room);
}

void *
treemem_take(size_t n)
{
	size_t at = room.len;

	if (n > room.cap - at || (n + ALIGN - 1) / ALIGN * ALIGN > room.cap - at)
		return NULL;
	room.len += (n + ALIGN - 1) / ALIGN * ALIGN;
	return room.p + at;
}

void
treemem_reset(void)
{
	sec_zero(room.p, room.len);
	room.len = 0;
}
