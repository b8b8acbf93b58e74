/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protocol of writers, generations and the reader, for the Spin checker.
 *
 * A statement or an atomic block is a step. Between two steps any other process
 * may run, including an interrupt on the same CPU. A section under
 * pool.lock is one step; a trylock from NMI may fail at any time, which covers
 * every moment at which the lock can be taken. A hardirq's tail counts as a task.
 *
 * Sizes, by -D: NCPU, NEXP, EVENTS, ROOM, NB.
 * Broken variants, by -D: NO_GRACE_PERIOD, GRACE_PERIOD_FIRST, ONE_BUFFER,
 * NO_REFUSAL, NO_RESERVE, READER_EARLY, NO_LOCK_MARK, NO_BUSY, LATE_BUSY,
 * EARLY_LEAVE. See README.md.
 */
#ifndef NCPU
#define NCPU		2
#endif
#ifndef NEXP
#define NEXP		1
#endif
#ifndef EVENTS
#define EVENTS		4		/* by all contexts together, without nested ones */
#endif
#ifndef ROOM
#define ROOM		2		/* events in a batch */
#endif
#ifndef NB
#define NB		5		/* batches in the pool */
#endif
#define MAX		2		/* room that an event requests; it uses 1 */
#define NGEN		3		/* generations 1, 2, 3: 1 and 3 share slots */
#define NCTX		2		/* task; hardirq (CPU 1) or NMI (CPU 0) */
#ifdef NO_RESERVE
#define RESERVE		1		/* the opening table only */
#else
#define RESERVE		2		/* an opening and a closing table */
#endif

typedef slot_t {			/* struct exptrace_slot */
	byte batch;			/* the generation in its header; 0 is NULL */
	byte pos;			/* in events */
	byte end;
	bit busy;
	byte first;			/* batch->first */
	byte attempted;
	byte recorded;
	byte lost;			/* the sum over all reasons */
}

slot_t slot[2 * NCPU * NCTX * NEXP];
#ifdef ONE_BUFFER
#define SLOT(g, c, x, e)	(((((g) & 1) * NCPU + (c)) * NCTX) * NEXP + (e))
#else
#define SLOT(g, c, x, e)	(((((g) & 1) * NCPU + (c)) * NCTX + (x)) * NEXP + (e))
#endif

byte gen;				/* exptrace.gen */
byte inside;				/* contexts with preemption disabled, one bit each */
byte waiting;				/* those that the grace period waits for */
bool interrupted[NCPU];			/* an interrupt runs, so the task does not */

byte writing[2];			/* exchange.c: numbers instead of pointers */
byte oldest = 1;
byte opened;
bool complete[NGEN + 1];
byte reserved[NGEN + 1];
chan queue[NGEN + 1] = [NB] of { byte };
bool ended;				/* the session has ended */

/*
 * A batch is an anonymous token: it is empty, in a slot, or on a queue, where its
 * number of events represents it. Two owners would add a token.
 */
byte nr_empty = NB;			/* pool.c */
byte nr_reserved;
byte nr_filling;
byte nr_full;

byte ledger[NGEN + 1];			/* recorded, according to the closing table */
byte delivered;				/* events of the oldest generation */

#define CONSERVED	(nr_empty + nr_filling + nr_full == NB)

/* exptrace_pool_get() */
inline get() {
	assert(nr_empty > 0 && CONSERVED);
	nr_empty--;
	nr_filling++
}

/* exptrace_batch_seal(): the bytes up to pos match the counted events. */
#define SEAL(s, pos)	assert(slot[s].recorded - slot[s].first == (pos))

/* The part of exptrace_exchange() that takes a full batch of n events. */
inline hand_over(header, n, g) {
	assert(writing[g & 1] == g);		/* no alias */
	assert(header == g);
	assert(!complete[g] && oldest <= g);	/* nothing follows the end */
	assert(nr_filling > 0 && CONSERVED);
	nr_filling--;
	nr_full++;
	queue[g] ! n
}

/* Does a probe that fires in a writer of the slot find it busy? */
#if defined(NO_BUSY)		/* a flag in the refill only, and a guard */
#define TAKEN(s)	(slot[s].busy || (slot[s].batch && slot[s].pos == slot[s].end))
#elif defined(NO_REFUSAL)
#define TAKEN(s)	false
#else
#define TAKEN(s)	slot[s].busy
#endif

/* Has the slot too little room? The code compares unsigned numbers: end before pos is a lot of room. */
#define SHORT(s)	(slot[s].end >= slot[s].pos && slot[s].end - slot[s].pos < MAX)

/*
 * A probe that fires in the refill of slot s, in the same context, with or without
 * the lock held. It runs to its end before the refill continues.
 */
inline nested(s, g, locked) {
	slot[s].attempted++;
	if
	:: TAKEN(s) -> slot[s].lost++
	:: !TAKEN(s) && !SHORT(s) ->
		slot[s].pos++;			/* writes here; the ledger shows it */
		slot[s].recorded++
	:: !TAKEN(s) && SHORT(s) ->
		!locked;			/* otherwise it waits for itself */
		if
		:: slot[s].batch -> hand_over(slot[s].batch, slot[s].pos, g)
		:: else
		fi;
		slot[s].batch = 0;
		slot[s].lost++
	fi
}

/*
 * The same for the other experiment. Its slot does not know about our refill, but
 * exptrace_pool_locked_here() does. If the lock is free it is like any refill.
 */
inline nested_other(o, locked) {
	slot[o].attempted++;
	if
	:: TAKEN(o) -> slot[o].lost++
	:: !TAKEN(o) && !SHORT(o) ->
		slot[o].pos++;
		slot[o].recorded++
	:: !TAKEN(o) && SHORT(o) ->
#ifdef NO_LOCK_MARK
		!locked;			/* otherwise it waits for itself */
#endif
		slot[o].lost++
	fi
}

inline maybe_nested(s, o, g, locked) {
	if
	:: true
	:: !did -> did = true; nested(s, g, locked)
#if NEXP > 1
	:: !did -> did = true; nested_other(o, locked)
#endif
	fi
}

/* exptrace_release() */
inline leave() {
	inside = inside & ~me;
	waiting = waiting & ~me;
	if
	:: x == 1 -> interrupted[c] = false
	:: else
	fi;
	s = 0; o = 0; g = 0; b = 0; wpos = 0; tail = false; did = false
}

/* A step of a writer; of a task only if no interrupt runs on its CPU. */
#define RUNS	(x == 1 || !interrupted[c])

byte events = EVENTS;			/* still to come */

/* The interrupt of the last CPU is a hardirq with a tail; those of the others are NMIs. */
#define IS_NMI	(c < NCPU - 1 && x == 1)

/* The slot is busy and the event is lost. Only the tail of an interrupt may find that. */
inline refuse() {
	assert(tail);
	slot[s].lost++;
	leave()
}

/* The event is lost for another reason. */
inline lose() {
	slot[s].lost++;
	slot[s].busy = 0;
	leave()
}

/* Context x of CPU c: probe_*(), writer.h, writer.c. */
proctype writer(byte c; byte x) {
	byte g, s, o, b, wpos, e, me = 1 << (c * NCTX + x);
	bool tail, did;

end:	do
	:: atomic { events > 0 && gen != 0 && !interrupted[c] ->
		/* exptrace_acquire() while recording */
		events--;
		if
		:: x == 1 -> interrupted[c] = true
		:: else
		fi;
		inside = inside | me;
		g = gen;
		if
		:: true
		:: x == 1 && !IS_NMI -> tail = true	/* irq_exit() has left hardirq and wakes ksoftirqd */
		fi;
#if NEXP > 1
		if
		:: true
		:: e = 1
		fi;
#endif
		s = SLOT(g, c, (tail -> 0 : x), e);
		o = SLOT(g, c, (tail -> 0 : x), 1 - e);
		e = 0;
		/* exptrace_begin_as(), exptrace_enter() */
		slot[s].attempted++;
#ifdef LATE_BUSY
		wpos = slot[s].pos;
#endif
#ifndef NO_BUSY
		if
		:: TAKEN(s) -> refuse(); goto next
		:: else
		fi
	   };
	   atomic { RUNS ->
		slot[s].busy = 1;
#endif
#ifndef LATE_BUSY
		/* exptrace_ensure() */
		wpos = slot[s].pos;
#endif
		if
		:: !SHORT(s) -> goto first_bytes
		:: else
		fi;
		/* exptrace_refill() */
		if
		:: !slot[s].batch && nr_empty <= nr_reserved -> lose(); goto next
		:: else
		fi
#ifdef NO_BUSY
	   };
	   atomic { RUNS ->
		if
		:: TAKEN(s) -> refuse(); goto next
		:: else
		fi;
		slot[s].busy = 1;
		slot[s].pos = slot[s].end
#endif
	   };
	   atomic { RUNS ->
		/* exchange(): seal, exptrace_exchange() */
		if
		:: IS_NMI -> lose(); goto next	/* the lock was taken */
		:: true
		fi;
		if
		:: slot[s].batch ->
			SEAL(s, wpos);
			hand_over(slot[s].batch, wpos, g)
		:: else
		fi;
		assert(writing[g & 1] == g);
		maybe_nested(s, o, g, true);
		b = 0;
		if
		:: nr_empty > nr_reserved -> get(); b = g
		:: else
		fi
	   };
	   atomic { RUNS ->
		/* disown(), adopt() */
		maybe_nested(s, o, g, false);
		slot[s].batch = 0;
		slot[s].pos = 0
	   };
	   atomic { RUNS ->
		slot[s].end = 0;
		if
		:: b == 0 -> lose(); goto next
		:: else
		fi;
		slot[s].batch = b;
		slot[s].first = slot[s].recorded;
		slot[s].end = ROOM + 1;
		wpos = slot[s].pos;
#ifdef NO_BUSY
		slot[s].busy = 0;
#endif
first_bytes:	skip
	   };
#ifdef NO_BUSY
	   atomic { RUNS -> slot[s].pos = slot[s].end };
#endif
	   atomic { RUNS ->
		/* the bytes; exptrace_commit() */
		assert(slot[s].batch == g);	/* still ours */
		assert(wpos < ROOM);
		slot[s].pos = wpos + 1
#ifdef EARLY_LEAVE
		; slot[s].busy = 0
#endif
	   };
	   atomic { RUNS ->
		/* exptrace_leave() */
		slot[s].recorded++;
		slot[s].busy = 0;
		leave()
	   };
next:	   skip
	od
}

/*
 * A table, written by an unbound writer: one step, because no other process can see
 * its batch in between.
 */
inline table(g) {
	atomic {
		assert(writing[g & 1] == g);
		if
		:: reserved[g] -> reserved[g]--; nr_reserved--
		:: else
		fi;
		assert(nr_empty > nr_reserved);		/* must not fail */
		get();
		hand_over(g, 0, g)
	}
}

/* exptrace_generation_open(), then write_beginning() */
inline open_generation(g) {
	atomic {
		ok = (nr_empty - nr_reserved >= RESERVE);
		if
		:: ok ->
			nr_reserved = nr_reserved + RESERVE;
			reserved[g] = RESERVE;
			assert(writing[g & 1] == 0);
			writing[g & 1] = g;
			opened = g
		:: else
		fi
	}
	if
	:: ok -> table(g)
	:: else
	fi
}

inline grace_period() {
	waiting = inside;
	waiting == 0
}

/* exptrace_publish_generation(), then wait_for_writers() */
inline publish(g) {
#ifdef GRACE_PERIOD_FIRST
	grace_period();
#endif
	gen = g;
#if !defined(NO_GRACE_PERIOD) && !defined(GRACE_PERIOD_FIRST)
	grace_period()
#endif
}

/* exptrace_flush_slot(), then settle() */
inline close_slot(i, g) {
	if
	:: slot[i].batch && slot[i].pos == 0 ->
		nr_filling--;			/* it is empty: give it back */
		nr_empty++
	:: slot[i].batch && slot[i].pos ->
		SEAL(i, slot[i].pos);
		hand_over(slot[i].batch, slot[i].pos, g)
	:: else
	fi;
	slot[i].batch = 0;
	slot[i].pos = 0;
	slot[i].end = 0;
	slot[i].first = 0;
	assert(!slot[i].busy);
	assert(slot[i].attempted == slot[i].recorded + slot[i].lost);
	ledger[g] = ledger[g] + slot[i].recorded;
	slot[i].attempted = 0;
	slot[i].recorded = 0;
	slot[i].lost = 0
}

/* exptrace_close_generation(): the slots of one CPU are a step */
inline close_generation(g) {
	i = (g & 1) * NCPU * NCTX * NEXP;
	do
	:: atomic { i < ((g & 1) + 1) * NCPU * NCTX * NEXP ->
		do
		:: close_slot(i, g); i++;
		   if
		   :: i % (NCTX * NEXP) == 0 -> break
		   :: else
		   fi
		od
	   }
	:: else -> i = 0; break
	od;
	table(g);
	atomic {		/* exptrace_generation_complete() */
		assert(writing[g & 1] == g);
		writing[g & 1] = 0;
		complete[g] = true;
		nr_reserved = nr_reserved - reserved[g];
		reserved[g] = 0
	}
}

/* exptrace_start(), two times exptrace_advance(), exptrace_stop() */
proctype control() {
	byte i, now = 1, tries = 2;
	bool ok;

	open_generation(1);
	assert(ok);
	gen = 1;
	do
	:: tries == 0 -> break
	:: tries > 0 ->
		tries--;
		open_generation(now + 1);
		if
		:: ok ->
			publish(now + 1);
			close_generation(now);
			now++
		:: else		/* -ENOBUFS: the current one continues */
		fi
	od;
	publish(0);
	close_generation(now);
	ended = true
}

/*
 * exptrace_take(), deliver_item(), exptrace_give() are one step: to all other
 * processes, a batch that is being read is the same as a full one.
 */
proctype reader() {
	byte n;

	do
	:: atomic { oldest <= opened && nempty(queue[oldest]) ->
		queue[oldest] ? n;
		assert(nr_full > 0 && CONSERVED);
		nr_full--;
		nr_empty++;
		delivered = delivered + n;
		n = 0
	   }
#ifdef READER_EARLY
	:: atomic { oldest < opened && empty(queue[oldest]) ->
#else
	:: atomic { oldest <= opened && empty(queue[oldest]) && complete[oldest] ->
#endif
		/* the end marker goes out, exptrace_end_generation() */
		assert(delivered == ledger[oldest]);
		delivered = 0;
		ledger[oldest] = 0;
		oldest++
	   }
	:: oldest > opened && ended -> break
	od;
	/* exptrace_pool_is_idle() */
	assert(nr_empty == NB && nr_reserved == 0)
}

init {
	byte c;

	atomic {
		run control();
		run reader();
		c = 0;
		do
		:: c < NCPU -> run writer(c, 0); run writer(c, 1); c++
		:: else -> break
		od
	}
}
