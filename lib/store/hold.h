/* store/hold.h - work on a store that is not complete: documents of `msp_saves`, and who holds them
 *
 * Such a document has _id, began and beat (epoch seconds by the store's clock), stage, host, pid, kernel (which machine's processes pid is a
 * number of), holder, and what the work itself adds.
 * * Who works changes his document now and then, at least every MSP_HOLD_BEAT_S while he does anything or waits for input: beat is his sign of
 *   life. On another host there is no other. What was silent for MSP_HOLD_DEAD_S is dead.
 * * Nobody acts on that silently: he first puts his own holder into the document, if it is as he saw it. Every change that the old one makes
 *   asks for his; so he who was stopped for an hour, and goes on, learns that he was declared dead, and what he put may be gone.
 * * What is done on the strength of having held the document is done at once: in a file it is one transaction. A server has none here; there
 *   what took long is looked at once more afterwards (msp_hold_late()). */
#ifndef MSP_STORE_HOLD_H
#define MSP_STORE_HOLD_H

#include "mspipe/store.h"

#define MSP_SAVES "msp_saves"
#define MSP_HOLD_BEAT_S 30
#define MSP_HOLD_DEAD_S 300

struct msp_hold {
	struct msp_store *store;
	bson_oid_t id, holder;
	bool shared;  /* others may do the same work, and end it: a document that is gone is no loss */
	bool lost;    /* it is somebody else's, or gone */
	double ahead; /* the store's clock less this machine's, s */
	double asked; /* when that was looked at, by this machine's */
	double heard; /* when the document was changed last, by this machine's: before it was asked for */
};

/* Puts a document, with these keys besides; id and shared are the caller's to set before. What had this id is replaced. */
int msp_hold_begin(struct msp_hold *h, struct msp_store *s, const bson_t *keys, struct msp_error *err) MSP_CHECKED;
/* Sets keys, and beat. set (may be NULL) is destroyed. MSP_FAIL with lost: it was declared dead. */
int msp_hold_set(struct msp_hold *h, bson_t *set, struct msp_error *err) MSP_CHECKED;
/* The sign of life, if it is time for one. */
int msp_hold_beat(struct msp_hold *h, struct msp_error *err) MSP_CHECKED;
/* Before what must not be done by somebody who was declared dead: asks, if it has not done so lately. */
int msp_hold_sure(struct msp_hold *h, struct msp_error *err) MSP_CHECKED;
/* So much time has passed since the document was last changed that somebody may have declared it dead. */
bool msp_hold_late(const struct msp_hold *h);
/* Sets the stage as the last thing; of no interest whether it can. */
void msp_hold_leave(struct msp_hold *h, const char *stage);
/* Removes the document, if it is still held. */
int msp_hold_end(struct msp_hold *h, struct msp_error *err) MSP_CHECKED;

enum msp_hold_state {
	MSP_HOLD_LEFT,   /* its process is over, or said that it has failed */
	MSP_HOLD_LIVES,
	MSP_HOLD_SILENT, /* elsewhere, and nothing was heard of it for too long */
};
/* now: by the store's clock. */
enum msp_hold_state msp_hold_state(const bson_t *doc, double now);
/* Whether its process can be looked for on this machine: what is elsewhere is known by its beat only. */
bool msp_hold_here(const bson_t *doc);
/* Takes a document over that is not alive, if it is still as doc: the stage becomes this, *taken says whether. */
int msp_hold_take(struct msp_hold *h, struct msp_store *s, const bson_t *doc, const char *stage, bool *taken, struct msp_error *err) MSP_CHECKED;
/* Removes a document that is not alive, if it is still as doc. */
int msp_hold_forget(struct msp_store *s, const bson_t *doc, struct msp_error *err) MSP_CHECKED;

const char *msp_hold_text(const bson_t *doc, const char *key);   /* "" where there is none */
double msp_hold_number(const bson_t *doc, const char *key); /* 0 where there is none */

#endif
